import { type Desk, letIn } from "#testing/lab/desk.ts";
import { type LabHost, startHost } from "#testing/lab/start-host.ts";
import { makeRetainedKey, watchLogins } from "./watch-logins.ts";

/** The file that most faults are about; root has one as well, which lets Latchkey in. */
export const FILE = "/home/deploy/.ssh/authorized_keys";

type Wish = {
  names?: readonly string[];
  /** More of each host, before its sshd; its files of `deploy` become that account's own afterwards. */
  prepare?: string;
  sshdOptions?: readonly string[];
  /** Leave sshd's penalties for hasty clients as they are by default. */
  keepPenalties?: boolean;
  /** Of the sshd that somebody logs in to. */
  port?: number;
  /** Done in each host before anybody logs in. */
  begin?: (host: LabHost) => Promise<unknown>;
  /** Whose files the retained key is in. */
  account?: string;
} & Pick<Parameters<typeof watchLogins>[1], "reloads" | "from">;

export type ProbedHosts = Awaited<ReturnType<typeof startProbedHosts>>;

/**
 * Hosts whose root and `deploy` the desk's own key opens, and somebody who logs in to each of them by a key in the same
 * file that nobody changes, over and over: whoever rotates the desk's key beside it, and whatever fails meanwhile, may
 * lock nobody out.
 */
export async function startProbedHosts(
  desk: Desk,
  { names = ["web"], account = "deploy", port = 22, sshdOptions = [], ...wish }: Wish = {},
) {
  await using stack = new AsyncDisposableStack();
  const { line: retained, keyFile } = await makeRetainedKey(desk.home);
  const prepare = `${letIn(desk.publicKey)}\n${letIn(desk.publicKey, "deploy")}
    echo '${retained}' >> ${FILE}
    retained='${retained}' desk='${desk.publicKey}'
    ${wish.prepare ?? ""}
    chown -R deploy:deploy /home/deploy/.ssh`;
  const { keepPenalties = false, reloads = false, from } = wish;
  const hosts: LabHost[] = [];
  for (const name of names) {
    const host = stack.use(await startHost({ name, prepare, sshdOptions, keepPenalties }));
    await wish.begin?.(host);
    hosts.push(host);
  }
  const [first, ...others] = hosts;
  if (!first) throw new Error("no host was asked for");
  const places = hosts.map(({ address }) => ({ address, port }));
  const watched = stack.use(
    await watchLogins(places, { keyFile, account, reloads, ...(from ? { from } : {}) }),
  );
  const owned = stack.move();
  return {
    hosts: [first, ...others] as const,
    retained,
    fault: watched.fault,
    readKeys: (host: LabHost) => host.run(`cat /root/.ssh/authorized_keys ${FILE}`),
    listStrays: (host: LabHost) => host.run("find /home /root /etc -name '*latchkey*'"),
    expectNobodyLockedOut: watched.expectNobodyLockedOut,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
