import type { Socket } from "node:net";
import type { Greeting, GreetingReader } from "./greeting-reader.ts";

/** What came of a handshake: what the server said, or how it fell silent. */
export type Answer = Greeting | { kind: "closed" | "reset" | "timed-out"; hasHeard: boolean };

/** `deadlineMs` is absolute: a drip of bytes does not move it. */
type Limits = { deadlineMs: number; signal: AbortSignal };

/** Sends a hello and reads the answer to it; the socket is spent afterwards. Rejects only when `signal` says stop. */
export function exchange(
  socket: Socket,
  hello: Uint8Array,
  reader: GreetingReader,
  { deadlineMs, signal }: Limits,
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const silence = (kind: "closed" | "reset" | "timed-out") =>
    resolve(reader.end() ?? { kind, hasHeard: reader.hasHeard });
  const stop = () => reject(signal.reason);
  const timer = setTimeout(() => silence("timed-out"), deadlineMs);

  signal.addEventListener("abort", stop);
  socket.on("data", (piece) => {
    const greeting = reader.take(piece);
    if (greeting) resolve(greeting);
  });
  socket.on("error", () => silence("reset"));
  socket.on("end", () => silence("closed"));
  socket.on("close", () => silence("closed"));
  if (signal.aborted) stop();
  else if (socket.destroyed) silence("reset");
  else socket.write(hello);

  return promise.finally(() => {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
    socket.removeAllListeners("data");
    socket.destroy();
  });
}
