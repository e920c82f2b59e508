import { isIP, type LookupFunction, type Socket } from "node:net";

/** Connects a socket to the first of these addresses that answers: each has a second, and the last one all there is. */
export function dial(socket: Socket, addresses: readonly string[], port: number): void {
  const found = addresses.map((address) => ({ address, family: isIP(address.replace(/%.*$/, "")) }));
  const lookup: LookupFunction = (_name, _options, answer) => answer(null, found);
  const [only] = addresses.length === 1 ? addresses : [];
  socket.setNoDelay(true);
  socket.connect({ host: only ?? "found before", port, lookup, autoSelectFamilyAttemptTimeout: 1_000 });
}
