import type { Duplex } from "node:stream";
import type { Connection } from "./log-in.ts";

/** With the host's reason; without one, it is the connection that has broken. */
export type NotOpened = Error & { reason?: number | string };

/** A channel to another machine; or the error that tells why there is none, `null` when it took too long. */
export function openStream(
  { client }: Connection,
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
    // Whoever is reached sees the host's address; what we say of ours is for that one's log.
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
