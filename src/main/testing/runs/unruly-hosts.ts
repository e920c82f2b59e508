import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { createApp } from "#app";
import { type Desk, letIn } from "#testing/lab/desk.ts";
import { type LabHost, startHost } from "#testing/lab/start-host.ts";
import { listen } from "#testing/servers.ts";
import { makeRetainedKey, watchLogins } from "./watch-hosts.ts";

/** The file that most faults are about; root has one as well, which lets Latchkey in. */
export const FILE = "/home/deploy/.ssh/authorized_keys";

type Request = {
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
 * A way to a host's sshd that can be cut while others reach it by theirs. `reset`: all connections that stand are, and new
 * ones pass. `drop`: nothing passes any more, and nobody is told; new connections are taken, and hear nothing.
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
    /** What has hung is reset, and new connections pass. */
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
 * What happens the first time that the journal is written while the file is another one than the step before met. `shiftMs`: how
 * far Latchkey's own clock is off.
 */
type Meddling = {
  host: LabHost;
  path: string;
  steps: readonly (() => void)[];
  shiftMs?: () => number;
};

/**
 * The desk's Latchkey, with something else that happens in between: whenever it is about to write what it has done, one more
 * of the steps is taken if the file has changed since the last. So nothing depends on how fast anything is.
 */
export function openMeddled(
  { databasePath, home }: Desk,
  { host, path, steps, shiftMs = () => 0 }: Meddling,
) {
  // What is not there yet is as what is empty.
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

/** As `run` of a host, while everything else of this process stands still. */
export function runAtOnce({ pid }: LabHost, script: string): void {
  execFileSync("nsenter", ["-t", String(pid), "-m", "-n", "-p", "-u", "-r", "-w", "sh", "-euc", script]);
}
