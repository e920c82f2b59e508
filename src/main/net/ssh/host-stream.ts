import { isIP, type LookupFunction, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Client } from "ssh2";

/** `reason`: the host's own; without one, the connection has broken. */
export type NotOpened = Error & { reason?: number | string };

/** Opens a channel to another machine; or the error that says why there is none, `null` when it took too long. */
export function openStream(
  { client }: { client: Client },
  { address, port }: { address: string; port: number },
  afterMs: number,
): Promise<{ stream: Duplex } | { error: NotOpened | null; afterMs: number }> {
  const { promise, resolve } = Promise.withResolvers<Awaited<ReturnType<typeof openStream>>>();
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    resolve({ error: null, afterMs });
  }, afterMs);
  const take = (error: Error | undefined, stream: Duplex) => {
    clearTimeout(timer);
    if (error) resolve({ error, afterMs });
    else if (isLate) stream.destroy();
    else resolve({ stream });
  };
  try {
    // The destination sees the host's address. The address that we name as ours goes to the host's sshd alone.
    client.forwardOut("127.0.0.1", 0, address, port, take);
  } catch (error) {
    // ssh2 throws when the connection has broken already.
    clearTimeout(timer);
    resolve({ error: error as Error, afterMs });
  }
  return promise;
}

/** RFC 4254, 5.1. */
export const PROHIBITED = 1;
export const CONNECT_FAILED = 2;

/** Most bytes up to the end of the line that begins with SSH-: other lines may come before it. */
const LONGEST_GREETING = 64 * 1024;

type Greeting = {
  /** What the host has sent so far without an SSH greeting; null once it has sent one. */
  said(): string | null;
};

/**
 * Holds back the bytes of a stream until the line `SSH-2.0-...` is there whole. The stream is a socket, or a channel
 * through a jump host, and has no reader yet.
 *
 * ssh2 loses bytes of a greeting that comes in more than two pieces. It says neither whether a host hung up or spoke
 * something else, nor what that was. Once the greeting is there, this is any other stream.
 */
export function holdUntilGreeting(stream: Duplex, onHandshaken: () => void): Greeting {
  const show = stream.push.bind(stream);
  const early: Buffer | null = stream.readableLength > 0 ? stream.read() : null;
  let held: Uint8Array[] | null = [];
  let heldBytes = 0;

  stream.push = (chunk: Uint8Array | null, encoding?: BufferEncoding): boolean => {
    if (!held || !chunk) return show(chunk, encoding);
    held.push(chunk);
    heldBytes += chunk.length;
    if (heldBytes > LONGEST_GREETING) {
      stream.destroy(new Error("the greeting is too long"));
      return false;
    }
    if (!chunk.includes(NEWLINE)) return true;
    const said = Buffer.concat(held);
    const start = findGreeting(said);
    if (start === null) return true;
    held = null;
    Reflect.deleteProperty(stream, "push");
    onHandshaken();
    return show(said.subarray(start));
  };
  if (early) stream.push(early);
  return { said: () => held && Buffer.concat(held).toString("latin1") };
}

const NEWLINE = 10;

/** Where a whole line that begins with `SSH-` begins; lines before it are allowed and mean nothing (RFC 4253, 4.2). */
function findGreeting(said: Buffer): number | null {
  for (let start = 0; start >= 0 && start < said.length; ) {
    // biome-ignore lint/plugin: bytes of the protocol
    const end = said.indexOf(NEWLINE, start);
    if (end < 0) return null;
    if (said.subarray(start, start + 4).equals(MARK)) return start;
    start = end + 1;
  }
  return null;
}

const MARK = Buffer.from("SSH-");

/** Sockets and channels, as a login uses them. */

/** Connects a socket to the first of these addresses that answers. Each has a second, the last all that is left. */
export function dial(socket: Socket, addresses: readonly string[], port: number): void {
  const found = addresses.map((address) => ({ address, family: isIP(address.replace(/%.*$/, "")) }));
  const lookup: LookupFunction = (_name, _options, answer) => answer(null, found);
  const [only] = addresses.length === 1 ? addresses : [];
  socket.setNoDelay(true);
  socket.connect({ host: only ?? "found before", port, lookup, autoSelectFamilyAttemptTimeout: 1_000 });
}

/**
 * Joins what is written in one turn of the event loop into one write. ssh2 writes the length, the body and the MAC of
 * each packet apart, and with TCP_NODELAY each would be a system call and a segment of its own.
 *
 * Call it after `connect`, which would undo it.
 */
export function gatherWrites(stream: Duplex): void {
  const write = stream.write;
  let isGathering = false;
  stream.write = (...args: unknown[]): boolean => {
    if (!isGathering) {
      isGathering = true;
      stream.cork();
      process.nextTick(() => {
        isGathering = false;
        stream.uncork();
      });
    }
    return Reflect.apply(write, stream, args);
  };
}

/** How long the other side may take to hang up once we have. */
const GOODBYE_MS = 500;

/**
 * Hangs up, and resolves when the other side has, too: so the host never holds a connection of ours that we no longer
 * count. It waits for GOODBYE_MS at most.
 */
export async function leave(stream: Duplex): Promise<void> {
  if ("connecting" in stream && stream.connecting) return void stream.destroy();
  const { promise: isOver, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, GOODBYE_MS);
  // A broken connection is an end, too. A channel whose jump host is gone emits no "end".
  stream.on("error", () => resolve()).once("close", resolve);
  if (stream.closed) resolve();
  stream.resume().end();
  await isOver;
  clearTimeout(timer);
  stream.destroy();
}

type Limits = {
  /** For one piece. */
  pieceMs: number;
  /** For all pieces together; without it, there is no such limit. */
  inAllMs?: number | undefined;
};

/**
 * Calls back once the time for one piece, or for all pieces, has passed, with the limit that it was. Time in which a
 * person answers a prompt does not count.
 */
export class Deadline {
  readonly #limits: { pieceMs: number; inAllMs: number };
  readonly #expire: (afterMs: number) => void;
  #timer: NodeJS.Timeout | undefined;
  #holders = 0;
  #before = 0;
  #pieceBegun = 0;

  constructor({ pieceMs, inAllMs = Number.POSITIVE_INFINITY }: Limits, expire: (afterMs: number) => void) {
    this.#limits = { pieceMs, inAllMs };
    this.#expire = expire;
    this.#start();
  }

  /** How much time has passed in all. */
  spentMs(): number {
    return this.#holders > 0 ? this.#before : this.#before + performance.now() - this.#pieceBegun;
  }

  /** Stops the clock until it is disposed, which starts a new piece: a host may take its time to check an answer. */
  hold(): Disposable {
    this.#stop();
    this.#holders++;
    return {
      [Symbol.dispose]: () => {
        this.#holders--;
        if (this.#holders === 0) this.#start();
      },
    };
  }

  /** Never calls back any more. */
  end(): void {
    this.#stop();
    this.#holders = Number.POSITIVE_INFINITY;
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#before = this.spentMs();
  }

  #start(): void {
    const { pieceMs, inAllMs } = this.#limits;
    const left = inAllMs - this.#before;
    this.#pieceBegun = performance.now();
    this.#timer = setTimeout(this.#expire, Math.min(pieceMs, left), pieceMs <= left ? pieceMs : inAllMs);
  }
}
