import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { type Desk, letIn } from "#testing/lab/desk.ts";
import { type Prober, startProber } from "#testing/lab/prober.ts";
import { type LabHost, startHost } from "#testing/lab/start-host.ts";

const run = promisify(execFile);

/** The file that most faults are about; root has one as well, which lets Latchkey in. */
export const FILE = "/home/deploy/.ssh/authorized_keys";

/** All logins that are begun at once, so that there are five a second and more however many hosts there are. */
const EVERY_MS = 150;

type Wish = {
  names?: readonly string[];
  /** More of each host, before its sshd; its files of `deploy` become that account's own afterwards. */
  prepare?: string;
  sshdOptions?: readonly string[];
  /** Of the sshd that somebody logs in to. */
  port?: number;
  /** Done in each host before anybody logs in. */
  begin?: (host: LabHost) => Promise<unknown>;
  /** sshd reads its configuration anew meanwhile: it listens to nobody for a moment then, and has locked nobody out. */
  reloads?: boolean;
  /** Whose files the retained key is in. */
  account?: string;
};

type Owns = NonNullable<Parameters<typeof startProber>[0]["owns"]>;
export type ProbedHosts = Awaited<ReturnType<typeof startProbedHosts>>;

/**
 * Hosts whose root and `deploy` the desk's own key opens, and somebody who logs in to each of them by a key in the same
 * file that nobody changes, over and over: whoever rotates the desk's key beside it, and whatever fails meanwhile, may
 * lock nobody out.
 */
export async function startProbedHosts(
  desk: Desk,
  { names = ["web"], account = "deploy", port = 22, ...wish }: Wish = {},
) {
  await using stack = new AsyncDisposableStack();
  const keyFile = join(desk.home, "retained");
  await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "retained", "-f", keyFile]);
  const retained = (await readFile(`${keyFile}.pub`, "utf8")).trim();
  const prepare = `${letIn(desk.publicKey)}\n${letIn(desk.publicKey, "deploy")}
    echo '${retained}' >> ${FILE}
    retained='${retained}' desk='${desk.publicKey}'
    ${wish.prepare ?? ""}
    chown -R deploy:deploy /home/deploy/.ssh`;
  const hosts: LabHost[] = [];
  const probers: Prober[] = [];
  for (const name of names) {
    const host = stack.use(await startHost({ name, prepare, sshdOptions: wish.sshdOptions ?? [] }));
    await wish.begin?.(host);
    hosts.push(host);
  }
  const fault = createFault();
  const owns: Owns = (login) =>
    fault.owns(login) || (wish.reloads === true && login.message.includes("ECONNREFUSED"));
  const login = { port, user: account, keyFile, owns, everyMs: EVERY_MS * hosts.length };
  for (const { address } of hosts) probers.push(stack.use(await startProber({ ...login, address })));
  const [first, ...others] = hosts;
  if (!first) throw new Error("no host was asked for");
  const owned = stack.move();
  return {
    hosts: [first, ...others] as const,
    retained,
    /** Of the moments in which the fault alone keeps everybody out. */
    fault,
    readKeys: (host: LabHost) => host.run(`cat /root/.ssh/authorized_keys ${FILE}`),
    listStrays: (host: LabHost) => host.run("find /home /root /etc -name '*latchkey*'"),
    /** Nobody was kept out but by the fault itself. A sentence for the table. */
    expectNobodyLockedOut: () => judge(probers),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** While it is on, no login counts; before and after it, each does. */
function createFault() {
  const spans: { begun: number; ended: number }[] = [];
  return {
    begins: (): void => {
      spans.push({ begun: performance.now(), ended: Number.POSITIVE_INFINITY });
    },
    ends: (): void => {
      const last = spans.at(-1);
      if (last) last.ended = Math.min(last.ended, performance.now());
    },
    owns: (login: { begun: number; ended: number }): boolean =>
      spans.some(({ begun, ended }) => login.begun <= ended && login.ended >= begun),
  };
}

async function judge(probers: readonly Prober[]): Promise<string> {
  const before = probers.map((prober) => prober.logins());
  const failures = () => probers.flatMap((prober) => prober.failures);
  // Each host has taken somebody in since all of this was over.
  while (failures().length === 0 && probers.some((prober, index) => prober.logins() === before[index]))
    await pause(20);
  if (failures().length > 0)
    throw new Error(`somebody was locked out ${failures().length} times: ${failures().join("; ")}`);
  const sum = (of: (prober: Prober) => number) => probers.reduce((total, prober) => total + of(prober), 0);
  const owned = sum((prober) => prober.owned());
  const rate = sum((prober) => prober.perSecond()).toFixed(1);
  const own = owned > 0 ? `, ${owned} more while the fault itself kept everybody out` : "";
  return `${sum((prober) => prober.logins())} logins with a retained key (${rate}/s), 0 failed${own}`;
}
