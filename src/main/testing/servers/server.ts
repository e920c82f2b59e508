import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { chmod, chown, copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Protocol } from "#shared/model/hosts/target.ts";
import { takeAddress } from "#testing/lab/start-host.ts";

/** `folder` is the server's own: absolute, and there. `isPlain`: it is set up without TLS. */
export type ServerRequest = { folder: string; certificatePath: string; keyPath: string; isPlain?: boolean };

export type ServedAt = { protocol: Protocol; port: number };

/** A real server, with a configuration of its own; it is gone with this value, or with this process. */
export type StartedServer = AsyncDisposable & {
  /** An address of loopback that nobody else has: each server is on the usual ports there. */
  address: string;
  /** As this machine sees it. */
  pid: number;
  /** Where the server begins to read its configuration. */
  configPath: string;
  /** Copies of what was wished, as this server wants them owned and moded; the configuration names these. */
  certificatePath: string;
  keyPath: string;
  endpoints: readonly ServedAt[];
  /** Has it read its configuration and files anew. What runs already may be served by the old ones a while longer. */
  reload(): Promise<void>;
};

/** And what it has written last of what goes on. */
export type TalkingServer = StartedServer & {
  said(): string;
  /** Ends it and begins it anew, by the same command at the same address: `pid` is another one then. */
  restart(): Promise<void>;
};

/** What a server is made of, once its address and its files are known. */
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
  /** These lines of a configuration, unless the server is set up without TLS. */
  ifTls: (lines: string) => string;
};

/** `owner`: the user and group that the key must belong to. */
type Options = { name: string; owner?: { uid: number; gid: number } };

/**
 * Starts a server by what `prepare` has written for it, and answers when it takes connections on all its ports. Its
 * complaints are in the error where it does not start.
 */
export async function startServer(
  wish: ServerRequest,
  { name, owner }: Options,
  prepare: (prepared: Prepared) => Promise<Plan>,
): Promise<TalkingServer> {
  const { address, release } = await takeAddress();
  const folder = join(wish.folder, name);
  // Servers give up being root before they read what is in it.
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
 * A process namespace, whose first process stays what it is: whoever gives up being root is no longer told of the death
 * of his parent, but nobody outlives the first process.
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

/** Behind unshare and the shell. */
const findServer = (child: ChildProcess): number => childOf(findFirst(child) ?? 0);

/** The first process of the namespace, which outlives all others there; null where it has ended. */
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
 * With it all sockets are given back, those of ports that nobody is told of among them. The first process of a namespace is
 * dead when all others are gone; whoever has to take note of that may do so much later.
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

/** Nothing that it has written is wanted any more. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill("SIGKILL");
  await exit;
}

type Listening = { address: string; ports: readonly number[] };

/** Read all the while: a pipe that is full would stop it. */
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

/** Asked of the kernel, for a connection may be a fault to a server. */
export function isListening(address: string, ports: readonly number[]): boolean {
  const table = readListening("/proc/net/tcp");
  return ports.every((port) => table.includes(toSocketLine(address, port)));
}

/** `socket`: the number by which processes have it open. Of IPv6 those at every address and at loopback. */
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
 * The sockets that listen come first in the table: to have all that follow them, those of closed connections among them, takes the
 * kernel some hundreds of times as long.
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

/** As /proc/net/tcp has a socket that listens: address and port in hexadecimal, the address backwards. */
function toSocketLine(address: string, port: number): string {
  const hex = Buffer.from(address.split(".").map(Number).reverse()).toString("hex").toUpperCase();
  return `${hex}:${port.toString(16).toUpperCase().padStart(4, "0")} 00000000:0000 0A`;
}

type UserIds = { uid: number; gid: number };

const known = new Map<string, UserIds>();

/** The numbers of a user that a package of a server has made. */
export function findUser(name: string): UserIds {
  const idOf = (flag: string) => Number(execFileSync("id", [flag, name], { encoding: "utf8" }));
  const ids = known.get(name) ?? { uid: idOf("-u"), gid: idOf("-g") };
  known.set(name, ids);
  return ids;
}
