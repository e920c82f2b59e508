import { once } from "node:events";
import type { Socket } from "node:net";
import { createORPCClient } from "@orpc/client";
import { RPCLink } from "@orpc/client/websocket";
import type { RouterClient } from "@orpc/server";
import { expect, test, vi } from "vitest";
import type { WebSocket } from "ws";
import { TAB_REQUEST, type TabReply } from "#shared/contract/transport/web-protocol.ts";
import { createTinyApp } from "#testing/tiny-app.ts";
import { exchangeCode, openAsPage, openUnverified } from "#testing/web/attack.ts";
import type { ListenAddress } from "./listen.ts";
import { serve } from "./serve.ts";

const MEBIBYTE = 1024 * 1024;
const call = (body: object) => JSON.stringify({ i: "1", p: body });

const FORM = { "content-type": "multipart/form-data; boundary=x" };

/** The sender of these has a session, as our page does: only the messages are wrong. */
const NO_CALLS: [name: string, message: string | Buffer][] = [
  ["nothing", ""],
  ["a word", "secret"],
  ["half of a call", '{"i":"1","p":{"u":"/ask"'],
  ...[
    "null",
    "1",
    '"x"',
    "[]",
    "{}",
    '{"i":"1"}',
    '{"i":"1","p":null}',
    '{"i":"1","p":"x"}',
    '{"i":1,"t":9}',
  ].map((text): [string, string] => [`the JSON ${text}`, text]),
  ["a call of no address", call({ u: 5 })],
  ["a call of an address that is none", call({ u: "http://[" })],
  ["a call of no words", call({ b: { json: "secret" } })],
  ["bytes", Buffer.from([1, 2, 3, 0xff, 0xff])],
  ["a call behind a byte order mark of UTF-16", Buffer.from(`\ufeff${call({ u: "/ask" })}`, "utf16le")],
  [
    "a form that is broken",
    Buffer.concat([Buffer.from(call({ u: "/ask", h: FORM })), Buffer.from("\u00ff--", "latin1")]),
  ],
];

test.each(NO_CALLS)(
  "%s is no call: the socket is closed, nothing is said of it, and the session goes on",
  async (_, message) => {
    await using world = await startShell();
    using console = listenToConsole();
    const socket = await world.open();
    const closed = once(socket, "close");
    socket.send(message);
    expect((await closed)[0]).toBe(1008);
    expect(console.said()).toEqual([]);
    await world.expectToAnswer();
  },
);

/** Frames as RFC 6455 forbids them, or larger than a message may be. */
const FRAMES: [name: string, code: number, frames: Buffer[]][] = [
  ["no mask", 1002, [Buffer.from([0x81, 0x01, 0x61])]],
  ["a reserved bit", 1002, [frame(0xc1, "a")]],
  ["an opcode that nobody knows", 1002, [frame(0x83, "a")]],
  ["a control frame in parts", 1002, [frame(0x09, "a")]],
  ["a ping that is too long", 1002, [frame(0x89, "a".repeat(126))]],
  ["a part of no message", 1002, [frame(0x80, "a")]],
  ["a message within a message", 1002, [frame(0x01, "a"), frame(0x81, "b")]],
  ["text that is no UTF-8", 1007, [frame(0x81, "\u00ff\u00fe")]],
  ["a close code that nobody may use", 1002, [frame(0x88, "\u0003\u00ed")]],
  ["the length of a mebibyte and one", 1009, [head(0x82, MEBIBYTE + 1)]],
  ["the length of all memory", 1009, [head(0x82, 2 ** 40)]],
  [
    "many parts, together too long",
    1009,
    [frame(0x01, "a"), ...Array(17).fill(frame(0x00, "a".repeat(65_000)))],
  ],
];

test.each(FRAMES)("%s ends the socket with %i, and the session goes on", async (_, code, frames) => {
  await using world = await startShell();
  using console = listenToConsole();
  const socket = await world.open();
  const closed = once(socket, "close");
  const raw = (socket as unknown as { _socket: Socket })._socket;
  for (const bytes of frames) raw.write(bytes);
  expect((await closed)[0]).toBe(code);
  expect(console.said()).toEqual([]);
  await world.expectToAnswer();
});

test.each([
  "/constructor",
  "/__proto__",
  "/toString",
  "/ask/constructor",
  "//ask",
  "/ask/x",
  "http://evil.example/x",
  "/",
])("a call of %s is answered with 404", async (path) => {
  await using world = await startShell();
  const socket = await world.open();
  socket.send(call({ u: path, b: { json: "secret" } }));
  expect(await nextMessage(socket)).toMatchObject({ i: "1", p: { s: 404 } });
  await world.expectToAnswer(socket);
});

test("what is sent beside a call changes no prototype", async () => {
  await using world = await startShell();
  const socket = await world.open();
  const meta = [
    [1, "__proto__", "polluted"],
    [1, "constructor", "prototype", "polluted"],
  ];
  for (const [index, path] of meta.entries()) {
    const body = { json: JSON.parse('{"__proto__":{"polluted":"1"}}'), meta: [path] };
    socket.send(JSON.stringify({ i: String(index), p: { u: "/nowhere", b: body } }));
    await nextMessage(socket);
  }
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  await world.expectToAnswer(socket);
});

test("a page gets a launch code for another tab, which opens a session of its own, once", async () => {
  await using world = await startShell();
  const socket = await world.open();
  const codes: string[] = [];
  for (let count = 0; count < 2; count++) {
    socket.send(TAB_REQUEST);
    codes.push(String(((await nextMessage(socket)) as TabReply).tab));
  }
  expect(new Set(codes).size).toBe(2);
  const launch = (code = "") => exchangeCode(world.url.replace(/#launch=.*/, `#launch=${code}`));
  const other = await openAsPage(world.url, await launch(codes[0]));
  await world.expectToAnswer(other);
  await world.expectToAnswer(socket);
  await expect(launch(codes[0])).rejects.toThrow();
});

test("where a page that is not ours may be at the same origin, no tab gets a code by another one", async () => {
  await using world = await startShell({ port: 0, named: false });
  const socket = await world.open();
  socket.send(TAB_REQUEST);
  expect(await nextMessage(socket)).toEqual({ tab: null });
  await world.expectToAnswer(socket);
});

test("before its session is verified, a page gets no launch code for any tab", async () => {
  await using world = await startShell();
  const socket = await openUnverified(world.url);
  const closed = once(socket, "close");
  socket.send(TAB_REQUEST);
  expect((await closed)[0]).toBe(4003);
});

/** A frame as a client sends it: masked, by zeros. */
function frame(first: number, text: string): Buffer {
  return Buffer.concat([head(first, text.length), Buffer.from(text, "latin1")]);
}

function head(first: number, length: number): Buffer {
  const mask = Buffer.alloc(4);
  if (length < 126) return Buffer.concat([Buffer.from([first, 0x80 | length]), mask]);
  const size = Buffer.alloc(10);
  size[0] = first;
  size[1] = 0xff;
  size.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([size, mask]);
}

const nextMessage = async (socket: WebSocket): Promise<unknown> =>
  JSON.parse(String((await once(socket, "message"))[0]));

/** Any complaint of a library there may quote what was sent. */
function listenToConsole() {
  const spies = (["error", "warn", "log"] as const).map((name) =>
    vi.spyOn(console, name).mockImplementation(() => undefined),
  );
  return {
    said: () => spies.flatMap((spy) => spy.mock.calls),
    [Symbol.dispose]: () => spies.forEach((spy) => void spy.mockRestore()),
  };
}

async function startShell(address: ListenAddress = { port: 0 }) {
  const app = createTinyApp();
  const shell = await serve({ app, page: new Map(), address });
  const grant = await exchangeCode(shell.url);

  async function open(): Promise<WebSocket> {
    const socket = await openAsPage(shell.url, grant);
    return socket.on("error", () => socket.terminate());
  }
  return {
    app,
    url: shell.url,
    open,
    /** On a new socket of the same session, unless one is given. */
    async expectToAnswer(socket?: WebSocket): Promise<void> {
      const websocket = (socket ?? (await open())) as unknown as globalThis.WebSocket;
      const client = createORPCClient<RouterClient<typeof app.router>>(new RPCLink({ websocket }));
      expect(await client.ask("hello")).toBe("HELLO");
    },
    [Symbol.asyncDispose]: () => shell[Symbol.asyncDispose](),
  };
}
