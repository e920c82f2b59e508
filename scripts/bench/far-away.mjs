/** A door to an address that is far away: whatever comes through takes its time, each way. */
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
    carry(there, here);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { port: server.address().port, [Symbol.dispose]: () => server.close() };

  function carry(from, to) {
    from.on("data", (chunk) => setTimeout(() => to.write(chunk), eachWayMs));
    from.on("end", () => setTimeout(() => to.end(), eachWayMs));
    from.on("error", () => to.destroy());
  }
}
