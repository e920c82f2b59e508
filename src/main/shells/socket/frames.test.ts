import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { createFrames, FRAME } from "./frames.ts";

const isWindows = process.platform === "win32";

/** Both ends of a socket. */
async function connectEnds() {
  const folder = await makeTemporaryFolder();
  const path = join(folder.path, "s");
  const server = createServer();
  const accepted = once(server, "connection") as Promise<[Socket]>;
  server.listen(path);
  const sender = connect(path);
  const [receiver] = await accepted;
  return {
    sender,
    receiver,
    async [Symbol.asyncDispose]() {
      for (const socket of [sender, receiver]) socket.destroy();
      server.close();
      await folder.remove();
    },
  };
}

/** The bytes of these messages. */
async function bytesOf(texts: readonly string[]): Promise<Buffer> {
  await using ends = await connectEnds();
  const frames = createFrames(ends.sender, 0);
  for (const text of texts) frames.send(FRAME.contract, text);
  ends.sender.end();
  return Buffer.concat(await ends.receiver.toArray());
}

test.skipIf(isWindows)("messages arrive whole and in order, however their bytes are cut", async () => {
  const texts = ["", "a", "Grüße \u{1f511}", "x".repeat(70_000), '{"i":"1"}', ""];
  const bytes = await bytesOf(texts);
  for (const size of [1, 2, 5, 7, 4_096, bytes.length]) {
    await using ends = await connectEnds();
    const received: string[] = [];
    const isDone = Promise.withResolvers<void>();
    // From what arrives in such parts, whatever the system does with them on the way.
    createFrames(ends.receiver, 100_000).onFrame(({ kind, text }) => {
      expect(kind).toBe(FRAME.contract);
      received.push(text);
      if (received.length === texts.length) isDone.resolve();
    });
    for (let at = 0; at < bytes.length; at += size) ends.receiver.emit("data", bytes.subarray(at, at + size));
    await isDone.promise;
    expect(received).toEqual(texts);
  }
});

test.skipIf(isWindows)(
  "a frame that is longer than allowed cuts its sender off before it is read",
  async () => {
    await using ends = await connectEnds();
    const received: string[] = [];
    createFrames(ends.receiver, 10).onFrame(({ text }) => received.push(text));
    const frames = createFrames(ends.sender, 10);
    frames.send(FRAME.contract, "0123456789");
    const header = Buffer.alloc(5);
    header.writeUInt32BE(0xffff_ffff, 0);
    ends.sender.write(header);
    await once(ends.sender, "close");
    expect(received).toEqual(["0123456789"]);
    expect(await frames.next(60_000)).toBeNull();
  },
);
