import type { Duplex } from "node:stream";
import type { Redacted } from "#shared/model/secret.ts";

/** What comes after so much of what was heard: it is too little, there is something to say, or the dialogue is over. */
export type Step<T> =
  | { kind: "more" }
  | { kind: "say"; bytes: Uint8Array; used: number }
  | { kind: "over"; result: T; used: number };

/** One side of a dialogue: what it says first, and what it makes of all that was heard and not used yet. It never throws. */
export type Negotiation<T> = { begin: Uint8Array; take: (heard: Buffer) => Step<T> };

/** How the other side ended a dialogue that was not over. `flooded`: it said more than any answer has. */
export type Ending = { kind: "closed" | "timed-out" | "flooded"; heard: Buffer };

/** `deadlineMs` is for the whole dialogue: a drip of bytes does not move it. */
type Limits = { deadlineMs: number; mostBytes: number; signal: AbortSignal };

/**
 * Holds a dialogue over a stream, which is paused afterwards: what came behind the last answer stands in it again, for
 * whoever listens next. Rejects only when `signal` says stop.
 */
export function hold<T>(
  stream: Duplex,
  { begin, take }: Negotiation<T>,
  { deadlineMs, mostBytes, signal }: Limits,
): Promise<{ result: T } | Ending> {
  const { promise, resolve, reject } = Promise.withResolvers<{ result: T } | Ending>();
  let heard = Buffer.alloc(0);
  const end = (kind: Ending["kind"]) => resolve({ kind, heard });
  const close = () => end("closed");
  const stop = () => reject(signal.reason);
  const listen = (piece: Buffer) => {
    heard = Buffer.concat([heard, piece]);
    for (;;) {
      const step = take(heard);
      if (step.kind === "more") break;
      heard = heard.subarray(step.used);
      if (step.kind === "say") stream.write(step.bytes);
      else {
        stream.off("data", listen);
        return resolve({ result: step.result });
      }
    }
    if (heard.length > mostBytes) end("flooded");
  };
  const timer = setTimeout(end, deadlineMs, "timed-out");

  signal.addEventListener("abort", stop);
  for (const event of ["end", "close", "error"]) stream.on(event, close);
  stream.on("data", listen).resume();
  if (signal.aborted) stop();
  else if (stream.destroyed) close();
  else stream.write(begin);

  return promise.finally(() => {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
    stream.off("data", listen).off("end", close).off("close", close);
    // The listener for errors stays: one that comes late must not end the program.
    stream.pause();
    if (heard.length > 0 && !stream.destroyed && !stream.readableEnded) stream.unshift(heard);
  });
}

/** Where a proxy is asked to connect to. */
export type ProxyDestination = { host: string; port: number };

export type Credentials = { user: string; password: Redacted<string> };

/**
 * What a proxy answered. `refused-by-proxy`: it does not want to; `unreached`: it tried, and the endpoint did not let it.
 * `garbage`: what answers there is no such proxy.
 */
export type ProxyAnswer =
  | { kind: "open" }
  | { kind: "login-wanted" }
  | { kind: "login-refused" }
  | { kind: "refused-by-proxy"; said: string }
  | { kind: "unreached"; why: "refused" | "no-way" | "no-such-name" | "timed-out"; said: string }
  | { kind: "garbage"; heard: Buffer };
