import type { Duplex } from "node:stream";

/** For the other side to hang up once we have. */
const GOODBYE_MS = 500;

/**
 * Hangs up, and answers when the other side has too: so that a host never holds a connection of ours that we count no
 * more. Whoever does not hang up in time is not waited for.
 */
export async function leave(stream: Duplex): Promise<void> {
  if ("connecting" in stream && stream.connecting) return void stream.destroy();
  const { promise: isOver, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, GOODBYE_MS);
  // That it breaks off is an end as well, and a channel whose jump host is gone tells of no end.
  stream.on("error", () => resolve()).once("close", resolve);
  if (stream.closed) resolve();
  stream.resume().end();
  await isOver;
  clearTimeout(timer);
  stream.destroy();
}
