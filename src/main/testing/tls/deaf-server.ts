import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { TestServer } from "#testing/servers.ts";

/** Listens with the shortest queue there is, says where, and never takes a connection from it. */
const SCRIPT = `
const server = require("node:net").createServer();
server.listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => {
  require("node:fs").writeSync(1, server.address().port + "\\n");
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
});`;

/** Connections that wait in the queue, at least: the kernel takes one more than it was told. */
const QUEUE = 2;

/**
 * A server to which no connection comes about, as if its packets were lost: its queue is full and
 * nobody empties it, so that the kernel lets every further attempt pass without an answer.
 */
export async function startDeafServer(): Promise<TestServer> {
  const server = spawn("setpriv", ["--pdeathsig", "KILL", process.execPath, "-e", SCRIPT], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = (await once(server.stdout, "data")) as [Buffer];
  const endpoint = { host: "127.0.0.1", port: Number(line.toString()) };
  const held: Socket[] = [];
  for (let index = 0; index < QUEUE; index++) {
    const socket = connect(endpoint).on("error", () => undefined);
    held.push(socket);
    await once(socket, "connect");
  }
  return {
    endpoint,
    async [Symbol.asyncDispose]() {
      for (const socket of held) socket.destroy();
      const exit = once(server, "exit");
      server.kill("SIGKILL");
      await exit;
    },
  };
}
