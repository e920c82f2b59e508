import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { createApp } from "#app";
import { type Desk, letIn } from "#testing/lab/desk.ts";
import { type LabHost, startHost } from "#testing/lab/start-host.ts";
import { listen } from "#testing/servers.ts";
import { makeRetainedKey, watchLogins } from "./watch-hosts.ts";

/** The file that most faults are about; root has one as well, by which Latchkey logs in. */
export const FILE = "/home/deploy/.ssh/authorized_keys";

type Request = {
  names?: readonly string[];
  /** Further preparation of each host, before its sshd; files of `deploy` become that account's own afterwards. */
  prepare?: string;
  sshdOptions?: readonly string[];
  /** Keep sshd's default penalties for hasty clients. */
  keepPenalties?: boolean;
  /** Of the sshd that the prober logs in to. */
  port?: number;
  /** Runs in each host before any login. */
  begin?: (host: LabHost) => Promise<unknown>;
  /** The account whose files contain the retained key. */
  account?: string;
} & Pick<Parameters<typeof watchLogins>[1], "reloads" | "from">;

export type ProbedHosts = Awaited<ReturnType<typeof startProbedHosts>>;

/**
 * Hosts whose root and `deploy` the desk's own key can log in to. A prober logs in to each of them, over and over, by a
 * key in the same file that nobody changes: whatever fails while the desk's key beside it is rotated, nobody may be
 * locked out.
 */
export async function startProbedHosts(
  desk: Desk,
  { names = ["web"], account = "deploy", port = 22, sshdOptions = [], ...request }: Request = {},
) {
  await using stack = new AsyncDisposableStack();
  const { line: retained, keyFile } = await makeRetainedKey(desk.home);
  const prepare = `${letIn(desk.publicKey)}\n${letIn(desk.publicKey, "deploy")}
    echo '${retained}' >> ${FILE}
    retained='${retained}' desk='${desk.publicKey}'
    ${request.prepare ?? ""}
    chown -R deploy:deploy /home/deploy/.ssh`;
  const { keepPenalties = false, reloads = false, from } = request;
  const hosts: LabHost[] = [];
  for (const name of names) {
    const host = stack.use(await startHost({ name, prepare, sshdOptions, keepPenalties }));
    await request.begin?.(host);
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

/**
 * A route to a host's sshd that can be cut while others use their own. `reset`: resets all open connections, and new
 * ones work. `drop`: nothing gets through any more, without an error; new connections are accepted, and get no answer.
 */
export async function startWay({ address, port = 22 }: { address: string; port?: number }) {
  const open = new Set<Socket>();
  let isDropping = false;
  const server = await listen(
    createServer((client) => {
      open.add(client);
      client.on("close", () => open.delete(client)).on("error", () => undefined);
      if (isDropping) return void client.pause();
      const there = connect(port, address);
      open.add(there);
      there.on("close", () => open.delete(there)).on("error", () => client.resetAndDestroy());
      client.pipe(there).pipe(client);
    }),
  );
  const reset = (): void => {
    for (const socket of open) socket.resetAndDestroy();
  };
  return {
    address: server.endpoint.host,
    port: server.endpoint.port,
    reset,
    drop(): void {
      isDropping = true;
      for (const socket of open) socket.unpipe().pause();
    },
    /** Resets connections that have hung; new ones work. */
    restore(): void {
      isDropping = false;
      reset();
    },
    async [Symbol.asyncDispose]() {
      reset();
      await server[Symbol.asyncDispose]();
    },
  };
}

/**
 * What happens at the first write to the journal after each change of the file. `shiftMs`: how far Latchkey's own clock
 * is off.
 */
type Meddling = {
  host: LabHost;
  path: string;
  steps: readonly (() => void)[];
  shiftMs?: () => number;
};

/**
 * The desk's Latchkey, with other events in between: whenever it is about to write what it has done, the next of the
 * steps runs if the file has changed since the last one. So nothing depends on how fast anything is.
 */
export function openMeddled(
  { databasePath, home }: Desk,
  { host, path, steps, shiftMs = () => 0 }: Meddling,
) {
  // A missing file counts as an empty one.
  const read = () => (existsSync(`${host.root}${path}`) ? readFileSync(`${host.root}${path}`, "latin1") : "");
  let before = read();
  let taken = 0;
  const now = (): Date => {
    const text = read();
    if (text !== before) {
      before = text;
      steps[taken++]?.();
    }
    return new Date(Date.now() + shiftMs());
  };
  const workstation = { user: "root", home, agentSocket: null };
  return createApp({ databasePath, workstation, now, log: () => undefined });
}

/** Like `run` of a host, while everything else in this process stands still. */
export function runAtOnce({ pid }: LabHost, script: string): void {
  execFileSync("nsenter", ["-t", String(pid), "-m", "-n", "-p", "-u", "-r", "-w", "sh", "-euc", script]);
}
