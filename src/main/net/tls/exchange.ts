import type { Duplex } from "node:stream";
import { onAbort } from "#net/on-abort.ts";
import { ignoreLateError } from "./late-error.ts";

/** How a server fell silent. */
export type Silence = { kind: "closed" | "reset" | "timed-out"; hasHeard: boolean };

/** Reads a stream piece by piece; `null` while more of it is needed. It never throws. */
export type Reader<Heard> = {
  take(piece: Uint8Array): Heard | null;
  /** What the pieces come to when there are no more of them. */
  end(): Heard | null;
  readonly hasHeard: boolean;
};

/** `deadlineMs` is absolute: a drip of bytes does not move it. */
type Limits = { deadlineMs: number; signal: AbortSignal };

/** Sends a hello and reads the answer to it; the stream is spent afterwards. Rejects only when `signal` says stop. */
export function exchange<Heard>(
  stream: Duplex,
  hello: Uint8Array,
  reader: Reader<Heard>,
  { deadlineMs, signal }: Limits,
): Promise<Heard | Silence> {
  const { promise, resolve, reject } = Promise.withResolvers<Heard | Silence>();
  const silence = (kind: Silence["kind"]) => resolve(reader.end() ?? { kind, hasHeard: reader.hasHeard });
  const stop = () => reject(signal.reason);
  const timer = setTimeout(() => silence("timed-out"), deadlineMs);

  const take = (piece: Uint8Array) => {
    const heard = reader.take(piece);
    if (heard) resolve(heard);
  };
  const reset = () => silence("reset");
  const close = () => silence("closed");

  const ignore = onAbort(signal, stop);
  stream.on("data", take).on("error", reset).on("end", close).on("close", close);
  if (signal.aborted) stop();
  else if (stream.destroyed) silence("reset");
  else {
    // A way leaves it paused.
    stream.resume();
    stream.write(hello);
  }

  return promise.finally(() => {
    clearTimeout(timer);
    ignore();
    stream.off("data", take).off("error", reset).off("end", close).off("close", close);
    stream.on("error", ignoreLateError).destroy();
  });
}
