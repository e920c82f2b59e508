/** A door to an address that is far away: whatever comes through takes its time, each way; and when the last of it came. */
import { once } from "node:events";
import { connect, createServer } from "node:net";

/**
 * @param {{ host: string, port: number }} target
 * @param {number} eachWayMs
 */
export async function startFarAway(target, eachWayMs) {
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (here) => {
    const there = connect({ ...target, noDelay: true, allowHalfOpen: true });
    carry(here, there);
    carry(there, here, () => {
      door.lastAt = performance.now();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const door = { port: server.address().port, lastAt: 0, [Symbol.dispose]: () => server.close() };
  return door;

  function carry(from, to, arrived = () => undefined) {
    from.on("data", (chunk) =>
      setTimeout(() => {
        to.write(chunk);
        arrived();
      }, eachWayMs),
    );
    from.on("end", () => setTimeout(() => to.end(), eachWayMs));
    from.on("error", () => to.destroy());
  }
}
