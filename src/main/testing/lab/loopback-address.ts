import { createServer, type Server } from "node:net";

/** Loopback addresses for hosts and servers; each is held by listening on this port of it while its host lives. */
const LOCK_PORT = 59_871;
const NETWORKS = 40;

export type LoopbackAddress = { address: string; release(): void };

/** A loopback address of its own, held by a listening socket: the kernel gives it back when this process dies. */
export async function takeAddress(): Promise<LoopbackAddress> {
  for (let index = 0; index < NETWORKS * 250; index++) {
    const address = `127.0.${30 + Math.floor(index / 250)}.${2 + (index % 250)}`;
    const server = await listenOn(address);
    if (server) return { address, release: () => void server.close() };
  }
  throw new Error("no loopback address is free for another");
}

async function listenOn(address: string): Promise<Server | null> {
  const server = createServer((socket) => socket.destroy());
  const { promise, resolve } = Promise.withResolvers<Server | null>();
  server.once("error", () => resolve(null));
  server.listen({ host: address, port: LOCK_PORT, exclusive: true }, () => resolve(server));
  server.unref();
  return promise;
}
