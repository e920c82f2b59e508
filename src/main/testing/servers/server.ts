import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { chmod, chown, copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Protocol } from "#shared/model/hosts/target.ts";
import { takeAddress } from "#testing/lab/start-host.ts";

/** `folder` is for this server alone: an absolute path of an existing folder. `isPlain`: it is set up without TLS. */
export type ServerRequest = { folder: string; certificatePath: string; keyPath: string; isPlain?: boolean };

export type ServedAt = { protocol: Protocol; port: number };

/** A real server, with a configuration of its own; it ends with this value, or with this process. */
export type StartedServer = AsyncDisposable & {
  /** A loopback address that no other server has: each server is on its usual ports there. */
  address: string;
  /** Its process id, as this machine sees it. */
  pid: number;
  /** The file in which the server's configuration begins. */
  configPath: string;
  /** Copies of the given files, with the owner and mode that this server demands; the configuration names these. */
  certificatePath: string;
  keyPath: string;
  endpoints: readonly ServedAt[];
  /**
   * Makes it reload its configuration and files. Connections and processes that exist may use the old ones a while
   * longer.
   */
  reload(): Promise<void>;
};

/** A server with the last lines of its log. */
export type TalkingServer = StartedServer & {
  said(): string;
  /** Ends it and starts it again, by the same command at the same address: `pid` changes. */
  restart(): Promise<void>;
};

/** What a server consists of, once its address and its files are known. */
type Plan = {
  configPath: string;
  command: readonly [string, ...string[]];
  env?: NodeJS.ProcessEnv;
  endpoints: readonly [ServedAt, ...ServedAt[]];
  reload?: NodeJS.Signals;
};

type Prepared = {
  folder: string;
  address: string;
  certificatePath: string;
  keyPath: string;
  /** These lines of a configuration; empty if the server is set up without TLS. */
  ifTls: (lines: string) => string;
};

/** `owner`: the user and group that the key must belong to. */
type Options = { name: string; owner?: { uid: number; gid: number } };

/**
 * Starts a server from what `prepare` has written for it, and waits until it accepts connections on all its ports. If
 * it does not start, the error has its messages.
 */
export async function startServer(
  wish: ServerRequest,
  { name, owner }: Options,
  prepare: (prepared: Prepared) => Promise<Plan>,
): Promise<TalkingServer> {
  const { address, release } = await takeAddress();
  const folder = join(wish.folder, name);
  // Servers drop root's rights before they read what is in it.
  await chmod(wish.folder, 0o755);
  await mkdir(folder, { recursive: true });
  const files = { certificatePath: join(folder, "server.pem"), keyPath: join(folder, "server.key") };
  await copyFile(wish.certificatePath, files.certificatePath);
  await copyFile(wish.keyPath, files.keyPath);
  await chmod(files.keyPath, 0o600);
  if (owner) for (const path of [folder, ...Object.values(files)]) await chown(path, owner.uid, owner.gid);

  const {
    configPath,
    command,
    env,
    endpoints,
    reload = "SIGHUP",
  } = await prepare({
    folder,
    address,
    ...files,
    ifTls: (lines) => (wish.isPlain ? "" : lines),
  });
  const listening = { address, ports: endpoints.map(({ port }) => port) };
  const launch = async (): Promise<Launched> => {
    const child = spawn("setpriv", [...ALONE, ...command], {
      stdio: ["ignore", "pipe", "pipe"],
      ...(env && { env }),
    });
    const said = keepOutput(child);
    const halt = async () => {
      const first = findFirst(child);
      await end(child);
      await untilGone(first);
    };
    try {
      await untilListening(child, listening, () => `${name} did not start on ${address}: ${said()}`);
    } catch (error) {
      await halt();
      throw error;
    }
    return { pid: findServer(child), said, halt };
  };
  let running = await launch().catch((error: unknown) => {
    release();
    throw error;
  });
  return {
    address,
    configPath,
    endpoints,
    ...files,
    get pid() {
      return running.pid;
    },
    said: () => running.said(),
    reload: async () => void process.kill(running.pid, reload),
    async restart() {
      await running.halt();
      running = await launch();
    },
    async [Symbol.asyncDispose]() {
      await running.halt();
      release();
    },
  };
}

type Launched = { pid: number; said: () => string; halt: () => Promise<void> };

/**
 * A process namespace whose first process keeps its user: the kernel stops signalling a parent's death to a process
 * that drops root's rights, but no process outlives the first one of its namespace.
 */
const ALONE = [
  "--pdeathsig",
  "KILL",
  "unshare",
  "--pid",
  "--fork",
  "--kill-child",
  "sh",
  "-c",
  'ulimit -n 4096; "$@" & wait $!',
  "sh",
];

/** Below unshare and the shell. */
const findServer = (child: ChildProcess): number => childOf(findFirst(child) ?? 0);

/** The first process of the namespace, which outlives all others there; null if it has ended. */
function findFirst({ pid = 0 }: ChildProcess): number | null {
  try {
    return childOf(pid) || null;
  } catch {
    return null;
  }
}

const childOf = (pid: number): number =>
  Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ")[0]);

/**
 * Its end releases all sockets, including ports that no caller knows of. The first process of a namespace is dead once
 * all others are gone; its parent may reap it much later.
 */
async function untilGone(pid: number | null): Promise<void> {
  while (pid !== null && !isDead(pid)) await pause(2);
}

function isDead(pid: number): boolean {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    return ["Z", "X"].includes(text.charAt(text.lastIndexOf(")") + 2));
  } catch {
    return true;
  }
}

/** Its output is no longer needed. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill("SIGKILL");
  await exit;
}

type Listening = { address: string; ports: readonly number[] };

/** It is read all the time: a full pipe would stop the server. */
function keepOutput(child: ChildProcess): () => string {
  let said = "";
  const keep = (piece: Buffer) => {
    said = `${said}${piece}`.slice(-MOST_KEPT);
  };
  child.stdout?.on("data", keep);
  child.stderr?.on("data", keep);
  return () => said;
}

const MOST_KEPT = 64_000;

async function untilListening(
  child: ChildProcess,
  { address, ports }: Listening,
  formatEnded: () => string,
): Promise<void> {
  while (!isListening(address, ports)) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(formatEnded());
    await pause(5);
  }
}

const PIECE = 4_096;

/** The kernel is asked, because a connection may count as an error at the server. */
export function isListening(address: string, ports: readonly number[]): boolean {
  const table = readListening("/proc/net/tcp");
  return ports.every((port) => table.includes(toSocketLine(address, port)));
}

/** `socket`: the number by which processes have it open. Of IPv6, only those at every address and at loopback. */
type ListeningSocket = { address: string; port: number; socket: string };

export function listListening(): ListeningSocket[] {
  return ["/proc/net/tcp", "/proc/net/tcp6"].flatMap((path) =>
    readListening(path)
      .split("\n")
      .flatMap((line) => {
        const [, own = "", , state, , , , , , socket = ""] = line.trim().split(/\s+/);
        const [hex = "", port = ""] = own.split(":");
        const address = ADDRESSES[hex] ?? (hex.length === 8 ? toIpv4(hex) : null);
        return state === "0A" && address !== null
          ? [{ address, port: Number.parseInt(port, 16), socket }]
          : [];
      }),
  );
}

const ADDRESSES: { [hex: string]: string } = {
  "00000000000000000000000000000000": "::",
  "00000000000000000000000001000000": "::1",
};

const toIpv4 = (hex: string): string => [...Buffer.from(hex, "hex")].reverse().join(".");

/**
 * Listening sockets come first in the table: reading what follows, such as closed connections, takes the kernel some
 * hundreds of times as long.
 */
function readListening(path: string): string {
  const table = openSync(path, "r");
  try {
    const piece = Buffer.alloc(PIECE);
    let read = "";
    for (let isOver = false; !isOver; ) {
      const text = piece.toString("latin1", 0, readSync(table, piece));
      read += text;
      isOver = text === "" || text.split("\n").some((line) => /^ *\d+: \S+ \S+ (?!0A)[\dA-F]{2} /.test(line));
    }
    return read;
  } finally {
    closeSync(table);
  }
}

/** The form of a listening socket in /proc/net/tcp: address and port in hexadecimal, the address backwards. */
function toSocketLine(address: string, port: number): string {
  const hex = Buffer.from(address.split(".").map(Number).reverse()).toString("hex").toUpperCase();
  return `${hex}:${port.toString(16).toUpperCase().padStart(4, "0")} 00000000:0000 0A`;
}

type UserIds = { uid: number; gid: number };

const known = new Map<string, UserIds>();

/** The user and group ids of a user that a server's package has created. */
export function findUser(name: string): UserIds {
  const idOf = (flag: string) => Number(execFileSync("id", [flag, name], { encoding: "utf8" }));
  const ids = known.get(name) ?? { uid: idOf("-u"), gid: idOf("-g") };
  known.set(name, ids);
  return ids;
}
