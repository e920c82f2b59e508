import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { createORPCClient } from "@orpc/client";
import { RPCLink } from "@orpc/client/message-port";
import { contract, type LatchkeyClient } from "#shared/contract/index.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import { type DatabaseHeld, Refusal } from "#shared/model/refusal.ts";
import { createFrames, createPort, FRAME, type Frames } from "./frames.ts";
import {
  HANDSHAKE_MOST_BYTES,
  HANDSHAKE_MS,
  type Met,
  type Program,
  THIS_PROGRAM,
  verifyOwner,
} from "./handshake.ts";
import { nameFilesFromHere } from "./name-files.ts";
import { codeOf, openSocketFolder, type SocketFolder } from "./socket-folder.ts";

/** The process that holds the database, and does this command's work. */
export type Owner = Disposable & {
  client: LatchkeyClient;
  warnings: readonly string[];
  pid: number;
  /** Of the database. */
  path: string;
  /** An address at which it serves its screens, once; null if it serves none. */
  openPage(): Promise<string | null>;
  /** Resolves once nothing more can be asked of it, to why. */
  lost: Promise<Refusal>;
};

export type ReachOptions = {
  program?: Program;
  /** How long it may keep silent in the handshake, and how often it is asked for a sign of life afterwards. */
  handshakeMs?: number;
  pingMs?: number;
};

const PING_MS = 5_000;
/** After so many pings without any answer it counts as hung. A suspended computer suspends these, too. */
const MOST_SILENT_PINGS = 6;

/**
 * Connects to the process that holds a database. Null if it does not listen: it begins or ends just now, or it is a
 * command that takes no time. Refused with the reason if nothing may be sent to it.
 */
export async function reachOwner(held: DatabaseHeld, options: ReachOptions = {}): Promise<Owner | null> {
  const folder = openSocketFolder(held.path);
  if (!folder) return null;
  try {
    return await reachBy(folder, held, options);
  } catch (error) {
    // It has just removed its folder.
    if (codeOf(error) === "ENOENT") return null;
    throw error;
  } finally {
    folder.close();
  }
}

async function reachBy(
  folder: SocketFolder,
  held: DatabaseHeld,
  options: ReachOptions,
): Promise<Owner | null> {
  const { program = THIS_PROGRAM, handshakeMs: withinMs = HANDSHAKE_MS, pingMs = PING_MS } = options;
  const socket = await connectTo(folder.socketPath);
  if (!socket) return null;
  const frames = createFrames(socket, HANDSHAKE_MOST_BYTES);
  const met = await verifyOwner(frames, readShared(folder, socket), { program, withinMs });
  if (met.kind === "verified")
    return serveClient(socket, frames, { held, pingMs, pid: met.pid, warnings: met.ready.warnings });
  socket.destroy();
  // It ends just now: whoever has the database next is asked next.
  if (met.kind === "no-answer" && met.why === "hung-up") return null;
  throw new Refusal("locked", formatNotReached(met, { held, path: folder.path, program }));
}

/**
 * Read once somebody listens: the secret is whole before its socket is there, and is not the one of a process that had the
 * folder before.
 */
function readShared(folder: SocketFolder, socket: Socket): { secret: Buffer; identity: string } {
  try {
    return { secret: folder.readSecret(), identity: folder.readIdentity() };
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** Null if nobody listens at the socket, such as at one that a killed process has left. */
async function connectTo(path: string): Promise<Socket | null> {
  const socket = connect(path);
  try {
    await once(socket, "connect");
    return socket;
  } catch (error) {
    socket.destroy();
    const code = codeOf(error);
    if (code === "ECONNREFUSED" || code === "ENOENT" || code === "ECONNRESET") return null;
    throw error;
  }
}

type About = { held: DatabaseHeld; path: string; program: Program };

function formatNotReached(met: Exclude<Met, { kind: "verified" }>, { held, path, program }: About): string {
  const who = `${held.path} is held by ${held.by}`;
  switch (met.kind) {
    case "other-program": {
      const { version } = met.program;
      const what =
        version === program.version ? `another build of Latchkey ${version}` : `Latchkey ${version}`;
      return `${who}, which is ${what} and cannot do the work of this one (${program.version}); close it, or use the same one here`;
    }
    case "not-verified":
      return `${who}, and whoever listens at ${path} has not verified that it holds this database; nothing was sent there: close that process`;
    case "no-answer":
      return met.why === "silent"
        ? `${who}, which does not answer; nothing was changed: wait, or end that process`
        : `${who}, which answers as no Latchkey of this version does; nothing was changed: close that process`;
    default:
      return assertNever(met);
  }
}

type Served = { held: DatabaseHeld; pingMs: number; pid: number; warnings: readonly string[] };

/** The contract over a verified connection. A call that is never answered ends with the connection, or the silence. */
function serveClient(socket: Socket, frames: Frames, { held, pingMs, pid, warnings }: Served): Owner {
  const { port, receive, close } = createPort(frames);
  let lost: Refusal | null = null;
  let silentPings = 0;
  const losing = Promise.withResolvers<Refusal>();
  const called = new Set<string>();
  const pages: ((address: string | null) => void)[] = [];
  const pinging = setInterval(ping, pingMs).unref();

  // Each part of a long reply is a sign of life.
  socket.on("data", () => {
    silentPings = 0;
  });
  frames.onFrame(({ kind, text }) => {
    if (kind === FRAME.contract) receive(text);
    if (kind === FRAME.page) pages.shift()?.(text || null);
  });
  socket.once("close", () =>
    end(`process ${pid}, which holds ${held.path}, has hung up before the work was done`),
  );

  function ping(): void {
    if (silentPings >= MOST_SILENT_PINGS)
      end(`process ${pid}, which holds ${held.path}, does not answer any more`);
    silentPings++;
    frames.send(FRAME.ping);
  }

  function end(why: string): void {
    if (lost) return;
    lost = new Refusal("unreachable", `${why}; what it had begun may be incomplete: ${formatBegun(called)}`);
    losing.resolve(lost);
    clearInterval(pinging);
    socket.destroy();
    close();
  }

  async function openPage(): Promise<string | null> {
    if (lost) throw lost;
    const { promise, resolve } = Promise.withResolvers<string | null>();
    pages.push(resolve);
    frames.send(FRAME.page);
    return Promise.race([promise, losing.promise.then((why) => Promise.reject(why))]);
  }

  async function watched<T>(call: () => Promise<T>): Promise<T> {
    if (lost) throw lost;
    try {
      return await call();
    } catch (error) {
      throw lost ?? error;
    }
  }

  async function* watchedEach(values: AsyncIterable<unknown>) {
    try {
      yield* values;
    } catch (error) {
      throw lost ?? error;
    }
    if (lost) throw lost;
  }

  const link = new RPCLink({
    port,
    interceptors: [
      async ({ next, ...options }) => {
        called.add(options.path[0] ?? "");
        const input = nameFilesFromHere(contract, options.path, options.input);
        const output = await watched(() => next({ ...options, input }));
        return isIterable(output) ? watchedEach(output) : output;
      },
    ],
  });
  const client: LatchkeyClient = createORPCClient(link);
  return {
    client,
    warnings,
    pid,
    path: held.path,
    openPage,
    lost: losing.promise,
    [Symbol.dispose]: () => end("this command has hung up"),
  };
}

/** What to do about what was begun, by the groups of the procedures that were called. */
function formatBegun(called: ReadonlySet<string>): string {
  if (called.has("runs")) return "see latchkey runs list";
  if (called.has("scans")) return "latchkey scan --resume scans what is left";
  return "see whether it was done before you try again";
}

const isIterable = (value: unknown): value is AsyncIterable<unknown> =>
  typeof value === "object" && value !== null && Symbol.asyncIterator in value;
