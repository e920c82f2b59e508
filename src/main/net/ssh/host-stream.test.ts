import { once } from "node:events";
import { createServer, Socket } from "node:net";
import { Duplex } from "node:stream";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { listen } from "#testing/servers.ts";
import { Deadline, gatherWrites } from "./host-stream.ts";

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

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("a deadline does not run while it is held, by however many, and runs anew after that", () => {
  const expire = vi.fn();
  const deadline = new Deadline({ pieceMs: 1_000 }, expire);
  vi.advanceTimersByTime(999);
  const [one, other] = [deadline.hold(), deadline.hold()];
  vi.advanceTimersByTime(600_000);
  one[Symbol.dispose]();
  vi.advanceTimersByTime(600_000);
  other[Symbol.dispose]();
  vi.advanceTimersByTime(999);
  expect(expire).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(expire.mock.calls).toEqual([[1_000]]);
});

test("a deadline that has ended calls back no more, also when it was held then", () => {
  const expire = vi.fn();
  const deadline = new Deadline({ pieceMs: 1_000 }, expire);
  const held = deadline.hold();
  deadline.end();
  held[Symbol.dispose]();
  vi.advanceTimersByTime(10_000);
  expect(expire).not.toHaveBeenCalled();
});

test("a deadline for all pieces together does not count the time in which it was held, and is told by its length", () => {
  const expire = vi.fn();
  const deadline = new Deadline({ pieceMs: 1_000, inAllMs: 1_500 }, expire);
  vi.advanceTimersByTime(900);
  const held = deadline.hold();
  vi.advanceTimersByTime(600_000);
  expect(deadline.spentMs()).toBe(900);
  held[Symbol.dispose]();
  vi.advanceTimersByTime(599);
  expect(deadline.spentMs()).toBe(1_499);
  expect(expire).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(expire.mock.calls).toEqual([[1_500]]);
});
