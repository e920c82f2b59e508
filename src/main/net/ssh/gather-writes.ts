import type { Duplex } from "node:stream";

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
