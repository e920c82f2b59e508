import { connect, createServer, type Socket } from "node:net";
import { listen } from "#testing/servers.ts";

/**
 * A way to a host's sshd that can be cut while others reach it by theirs. `reset`: all connections that stand are, and new
 * ones pass. `drop`: nothing passes any more, and nobody is told; new connections are taken, and hear nothing.
 */
export async function startWay({ address, port = 22 }: { address: string; port?: number }) {
  const open = new Set<Socket>();
  let isDropping = false;
  const server = await listen(
    createServer((client) => {
      open.add(client);
      client.on("close", () => open.delete(client)).on("error", () => undefined);
      if (isDropping) return void client.pause();
      const there = connect(port, address);
      open.add(there);
      there.on("close", () => open.delete(there)).on("error", () => client.resetAndDestroy());
      client.pipe(there).pipe(client);
    }),
  );
  const reset = (): void => {
    for (const socket of open) socket.resetAndDestroy();
  };
  return {
    address: server.endpoint.host,
    port: server.endpoint.port,
    reset,
    drop(): void {
      isDropping = true;
      for (const socket of open) socket.unpipe().pause();
    },
    /** What has hung is reset, and new connections pass. */
    restore(): void {
      isDropping = false;
      reset();
    },
    async [Symbol.asyncDispose]() {
      reset();
      await server[Symbol.asyncDispose]();
    },
  };
}
