import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import type { Duplex } from "node:stream";
import { leave } from "#net/ssh/sockets.ts";

/**
 * Leads the first that connects to a port of loopback on to a stream, and nobody else. ssh cannot be handed a stream
 * that a jump host has opened; what runs through it is encrypted for the host behind.
 */
export async function startRelay(
  stream: Duplex,
): Promise<AsyncDisposable & { address: string; port: number }> {
  const server = createServer((socket) => {
    server.close();
    const end = () => {
      socket.destroy();
      stream.destroy();
    };
    socket.setNoDelay(true).on("error", end).on("close", end);
    stream.on("error", end).on("close", end);
    socket.pipe(stream).pipe(socket);
  });
  server.maxConnections = 1;
  server.listen({ host: "127.0.0.1", port: 0, backlog: 1 });
  await once(server, "listening");
  const { address, port } = server.address() as AddressInfo;
  return {
    address,
    port,
    async [Symbol.asyncDispose]() {
      if (server.listening) server.close();
      await leave(stream);
    },
  };
}
