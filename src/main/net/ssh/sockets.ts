/** Sockets and channels, as a login uses them. */
import { isIP, type LookupFunction, type Socket } from "node:net";
import type { Duplex } from "node:stream";

/** Connects a socket to the first of these addresses that answers: each has a second, and the last one all there is. */
export function dial(socket: Socket, addresses: readonly string[], port: number): void {
  const found = addresses.map((address) => ({ address, family: isIP(address.replace(/%.*$/, "")) }));
  const lookup: LookupFunction = (_name, _options, answer) => answer(null, found);
  const [only] = addresses.length === 1 ? addresses : [];
  socket.setNoDelay(true);
  socket.connect({ host: only ?? "found before", port, lookup, autoSelectFamilyAttemptTimeout: 1_000 });
}

/**
 * Sends what is written in one turn of the event loop as one. ssh2 writes the length, the body and the seal of each
 * packet apart, and a socket that does not wait for more makes a system call and a segment of each.
 *
 * Asked for once a socket connects, for `connect` undoes it.
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
