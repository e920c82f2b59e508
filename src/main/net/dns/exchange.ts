import { createSocket } from "node:dgram";
import { connect, isIP } from "node:net";
import type { Resolver } from "./find-resolvers.ts";

/** An answer's bytes, or why there is none. */
export type Exchanged = { bytes: Buffer } | { why: string };

type Wish = {
  question: Buffer;
  /** Whether these bytes answer the question; others are passed over. */
  isAnswer: (bytes: Buffer) => boolean;
  timeoutMs: number;
  signal: AbortSignal;
};

const LENGTH_BYTES = 2;

/** Asks by a datagram. Only what comes from the resolver itself is taken. */
export function askByUdp({ address, port }: Resolver, wish: Wish): Promise<Exchanged> {
  const socket = createSocket(isIP(address) === 6 ? "udp6" : "udp4");
  const { promise, resolve } = Promise.withResolvers<Exchanged>();
  socket.on("error", (error) => resolve({ why: formatError(error) }));
  socket.on("message", (bytes) => {
    if (wish.isAnswer(bytes)) resolve({ bytes });
  });
  socket.connect(port, address, () => socket.send(wish.question));
  return bounded(promise, wish, () => socket.close());
}

/** Asks by a stream, for an answer that does not fit into a datagram. */
export function askByTcp({ address, port }: Resolver, wish: Wish): Promise<Exchanged> {
  const socket = connect(port, address);
  const { promise, resolve } = Promise.withResolvers<Exchanged>();
  let held = Buffer.alloc(0);
  socket.on("connect", () => {
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeUInt16BE(wish.question.length);
    socket.write(Buffer.concat([length, wish.question]));
  });
  socket.on("data", (piece) => {
    held = Buffer.concat([held, piece]);
    if (held.length < LENGTH_BYTES) return;
    const end = LENGTH_BYTES + held.readUInt16BE(0);
    if (held.length < end) return;
    const bytes = held.subarray(LENGTH_BYTES, end);
    resolve(wish.isAnswer(bytes) ? { bytes } : { why: "it answered another question" });
  });
  socket.on("error", (error) => resolve({ why: formatError(error) }));
  socket.on("close", () => resolve({ why: "it hung up before it had answered" }));
  return bounded(promise, wish, () => socket.destroy());
}

/** Ends when there is an answer, when the time is over, or when told to; whatever happens, `close` is called once. */
async function bounded(
  answer: Promise<Exchanged>,
  { timeoutMs, signal }: Wish,
  close: () => void,
): Promise<Exchanged> {
  const { promise: end, resolve } = Promise.withResolvers<Exchanged>();
  const timer = setTimeout(() => resolve({ why: "it did not answer in time" }), timeoutMs);
  const stop = () => resolve({ why: "it was no longer waited for" });
  signal.addEventListener("abort", stop);
  if (signal.aborted) stop();
  try {
    return await Promise.race([answer, end]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
    close();
  }
}

function formatError(error: Error): string {
  const { code = "" } = error as NodeJS.ErrnoException;
  return code === "ECONNREFUSED" ? "nobody answers there" : `it cannot be asked (${code || "unknown"})`;
}
