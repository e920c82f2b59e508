import { once } from "node:events";
import { createServer, Socket } from "node:net";
import { Duplex } from "node:stream";
import { expect, test } from "vitest";
import { listen } from "#testing/servers.ts";
import { gatherWrites } from "./sockets.ts";

test("what is written in one turn is sent as one, in its order, and so is what is written last", async () => {
  const sent: string[] = [];
  const stream = new Duplex({
    read: () => undefined,
    writev: (chunks, done) => {
      sent.push(chunks.map(({ chunk }) => chunk).join("|"));
      done();
    },
  });
  gatherWrites(stream);
  stream.write("length");
  stream.write("body");
  const isSealed = new Promise((resolve) => stream.write("seal", resolve));
  expect(sent).toEqual([]);
  await isSealed;
  stream.write("more");
  stream.end("end");
  await once(stream, "finish");
  expect(sent).toEqual(["length|body|seal", "more|end"]);
});

test("a socket that connects already sends what is written in one turn as one", async () => {
  await using server = await listen(createServer());
  const socket = new Socket().connect(server.endpoint);
  gatherWrites(socket);
  await once(socket, "connect");
  socket.write("length");
  socket.write("body");
  expect(socket.writableLength).toBe("lengthbody".length);
  socket.destroy();
});
