import { connect, createServer, type Socket } from "node:net";
import { listen, type TestServer } from "#testing/servers.ts";

/** What a relay does with a piece that the server behind it sent. */
type Pass = (piece: Buffer, client: Socket) => void;

/** Stands before a server and passes what the client says; `makePass` makes for each connection what it does with the answers. */
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

/** Passes every byte in a segment of its own. */
export const byteByByte = (): Pass => (piece, client) => {
  for (const byte of piece) client.write(Buffer.of(byte));
};

/** Passes so many bytes and hangs up. */
export function hangUpAfter(mostBytes: number): Pass {
  let left = mostBytes;
  return (piece, client) => {
    client.write(piece.subarray(0, left));
    left -= piece.length;
    if (left <= 0) client.end();
  };
}

/** Cuts the plain records of a handshake into records of one byte each. */
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
