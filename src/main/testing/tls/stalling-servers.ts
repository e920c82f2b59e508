import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { listen, type TestServer } from "#testing/servers.ts";

/** Listens with the shortest queue there is, prints its port, and never accepts a connection from it. */
const SCRIPT = `
const server = require("node:net").createServer();
server.listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => {
  require("node:fs").writeSync(1, server.address().port + "\\n");
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
});`;

/** At least this many connections wait in the queue: the kernel allows one more than the backlog. */
const QUEUE = 2;

/**
 * A server to which no connection is established, as if its packets were lost: its queue is full and nobody empties it,
 * so that the kernel drops every further attempt without an answer.
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

/** What a relay does with a piece of data from the server behind it. */
type Pass = (piece: Buffer, client: Socket) => void;

/**
 * A relay before a server: it passes on what the client sends; `makePass` decides for each connection what happens to
 * the answers.
 */
export function startRelay({ endpoint }: TestServer, makePass: () => Pass): Promise<TestServer> {
  return listen(
    createServer((client) => {
      const pass = makePass();
      const server = connect(endpoint);
      client.setNoDelay(true);
      client.pipe(server);
      server.on("data", (piece) => pass(piece, client));
      server.on("error", () => client.destroy());
      server.on("end", () => client.end());
      client.on("close", () => server.destroy());
    }),
  );
}

/** Sends every byte in a segment of its own. */
export const byteByByte = (): Pass => (piece, client) => {
  for (const byte of piece) client.write(Buffer.of(byte));
};

/** Passes on this many bytes and hangs up. */
export function hangUpAfter(mostBytes: number): Pass {
  let left = mostBytes;
  return (piece, client) => {
    client.write(piece.subarray(0, left));
    left -= piece.length;
    if (left <= 0) client.end();
  };
}

/** Splits the plain records of a handshake into records of one byte each. */
export function oneByteRecords(): Pass {
  const HEADER_SIZE = 5;
  let held = Buffer.alloc(0);
  return (piece, client) => {
    held = Buffer.concat([held, piece]);
    while (held.length >= HEADER_SIZE && held.length >= HEADER_SIZE + held.readUInt16BE(3)) {
      const end = HEADER_SIZE + held.readUInt16BE(3);
      const header = [held[0] ?? 0, held[1] ?? 0, held[2] ?? 0, 0, 1];
      const body = held.subarray(HEADER_SIZE, end);
      client.write(Buffer.concat(Array.from(body, (byte) => Buffer.from([...header, byte]))));
      held = held.subarray(end);
    }
  };
}
