import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { networkInterfaces } from "node:os";
import { createORPCClient } from "@orpc/client";
import { RPCLink } from "@orpc/client/websocket";
import type { RouterClient } from "@orpc/server";
import { expect, test } from "vitest";
import type { WebSocket } from "ws";
import { type Handshake, WEB_CLOSE, type WebGrant } from "#shared/contract/transport/web-protocol.ts";
import { PAGE_HEADERS } from "#shells/page.ts";
import { printRequest, sendRaw } from "#testing/raw-http.ts";
import { createTinyApp } from "#testing/tiny-app.ts";
import {
  codeOf,
  exchangeCode,
  formatHello,
  nextWord,
  offerCode,
  openAsPage,
  openUnverified,
} from "#testing/web/attack.ts";
import { macOf } from "./answer.ts";
import { serve } from "./serve.ts";

const page = new Map([["/", { body: Buffer.from("<p>page"), type: "text/html; charset=utf-8" }]]);
const MINUTE = 60_000;

test("the page gets in by its launch code, calls over its socket, and comes back after a reload", async () => {
  await using world = await startShell();
  const grant = await world.exchange();

  const first = await world.open(grant);
  expect(await callerOf(first)("hello")).toBe("HELLO");
  const isReplaced = once(first, "close");
  const second = await world.open(grant);

  expect((await isReplaced)[0]).toBe(WEB_CLOSE.replaced.code);
  expect(await callerOf(second)("again")).toBe("AGAIN");
});

test("a launch code is refused when it is used again or a minute old; a fresh one lets in", async () => {
  await using world = await startShell();
  const { url } = world.shell;
  expect(await world.post(url)).toMatchObject({ status: 200 });
  expect(await world.post(url)).toMatchObject({ status: 401 });
  const late = world.shell.newLaunchUrl();
  world.pass(MINUTE);
  expect(await world.post(late)).toMatchObject({ status: 401 });
  expect(await world.post(world.shell.newLaunchUrl())).toMatchObject({ status: 200 });
});

test("a code that is nearly right is wrong, and the right one stays good", async () => {
  await using world = await startShell();
  const code = world.shell.url.replace(/.*#launch=/, "");
  const near = [
    code.slice(1),
    code.slice(0, -1),
    `${code}A`,
    ` ${code}`,
    `${code}\n`,
    `${code}\0`,
    code.toLowerCase(),
    "",
  ];
  for (const offered of near) expect(await world.post(`#launch=${offered}`)).toMatchObject({ status: 401 });
  expect(await world.post(world.shell.url)).toMatchObject({ status: 200 });
});

test("ten wrong codes end nothing: open pages go on, new codes wait a minute, and the owner is told once", async () => {
  await using world = await startShell();
  const socket = await world.open(await world.exchange());
  for (let count = 0; count < 10; count++)
    expect(await world.post("#launch=guess")).toMatchObject({ status: 401 });
  for (let count = 0; count < 10; count++)
    expect(await world.post("#launch=guess")).toMatchObject({ status: 429 });
  expect(await callerOf(socket)("hello")).toBe("HELLO");
  expect(world.warnings).toEqual([
    expect.stringMatching(/^.+ of this computer has offered 10 wrong launch codes and may be guessing/),
  ]);
  expect(await world.post(world.shell.newLaunchUrl())).toMatchObject({ status: 429 });
  world.pass(MINUTE);
  expect(await world.post(world.shell.newLaunchUrl())).toMatchObject({ status: 200 });
});

test("a call on a session that has been idle too long is not answered but hung up on", async () => {
  await using world = await startShell();
  const grant = await world.exchange();
  const socket = await world.open(grant);
  world.pass(30 * MINUTE);
  const isEnded = once(socket, "close");
  void callerOf(socket)("late").catch(() => undefined);
  expect((await isEnded)[0]).toBe(WEB_CLOSE.ended.code);
  expect(world.app.countCalls()).toBe(0);
  await expect(world.open(grant)).rejects.toThrow(`hung up with ${WEB_CLOSE.ended.code}`);
});

const WRONG_HELLOS: [name: string, change: (grant: WebGrant) => object][] = [
  ["a session of another start", () => ({ session: "A".repeat(43), nonce: "B".repeat(43) })],
  ["a secret", ({ secret }) => ({ session: secret, nonce: "B".repeat(43) })],
  ["a nonce that is too short", ({ session }) => ({ session, nonce: "B" })],
  ["more than its words", ({ session, secret }) => ({ session, secret, nonce: "B".repeat(43) })],
  ["a call", () => ({ i: "1", p: { u: "/ask", b: { json: "secret" } } })],
];

test.each(WRONG_HELLOS)("whoever begins with %s is told nothing, and hung up on", async (_, change) => {
  await using world = await startShell();
  const socket = await openUnverified(world.shell.url);
  const said: unknown[] = [];
  socket.on("message", (data) => said.push(String(data)));
  const isClosed = once(socket, "close");
  socket.send(JSON.stringify(change(await world.exchange())));
  expect((await isClosed)[0]).toBe(WEB_CLOSE.unverified.code);
  expect(said).toEqual([]);
  expect(world.app.countCalls()).toBe(0);
});

test("a proof is good for neither end's other, nor twice, nor for another session or address", async () => {
  await using world = await startShell();
  const { url } = world.shell;
  const [grant, other] = [await world.exchange(), await world.exchange()];
  let seen: Handshake | null = null;
  const tryVerification = async (make: (handshake: Handshake) => string) => {
    const socket = await openUnverified(url);
    const handshake = await formatHello(socket, url, grant);
    socket.send(JSON.stringify({ hmac: make(handshake) }));
    const heard = await nextWord(socket).then(String, (error: Error) => error.message);
    seen = handshake;
    return heard;
  };
  const refused = `hung up with ${WEB_CLOSE.unverified.code}`;
  expect(await tryVerification((now) => macOf("server", grant.secret, now))).toBe(refused);
  expect(await tryVerification((now) => macOf("page", grant.secret, seen ?? now))).toBe(refused);
  expect(await tryVerification((now) => macOf("page", other.secret, now))).toBe(refused);
  expect(
    await tryVerification((now) => macOf("page", grant.secret, { ...now, authority: "127.0.0.1:1" })),
  ).toBe(refused);
  expect(
    await tryVerification((now) => macOf("page", grant.secret, { ...now, session: other.session })),
  ).toBe(refused);
  expect(await callerOf(await world.open(grant))("hello")).toBe("HELLO");
  expect(world.app.countCalls()).toBe(1);
});

test("a message of more than a mebibyte ends the socket and reaches nobody", async () => {
  await using world = await startShell();
  const socket = await world.open(await world.exchange());
  const isEnded = once(socket, "close");
  socket.send(Buffer.alloc(1024 * 1024 + 1));
  expect((await isEnded)[0]).toBe(1009);
});

test("only files of the page exist, however the path is written, and every answer carries the policy", async () => {
  await using world = await startShell();
  const paths = [
    "/",
    "/../package.json",
    "/%2e%2e/package.json",
    "//etc/passwd",
    "/index.html?x",
    "/?",
    "/\\",
  ];
  const replies = await Promise.all(paths.map((path) => world.send(`GET ${path} HTTP/1.1`)));
  expect(replies.map(({ status }) => status)).toEqual([200, 404, 404, 404, 404, 404, 404]);
  const policy = Object.entries(PAGE_HEADERS).map(([name, value]) => [name.toLowerCase(), value]);
  for (const reply of replies) expect(reply.headers).toMatchObject(Object.fromEntries(policy));
});

test("of more than sixty-four connections that have verified nothing the oldest are closed", async () => {
  await using world = await startShell();
  const port = Number(new URL(world.shell.url).port);
  const socket = await world.open(await world.exchange());
  const oldest = await hold(port);
  const isClosed = once(oldest, "close");
  const held = await Promise.all(Array.from({ length: 64 }, () => hold(port)));
  await isClosed;
  expect(await world.send("GET / HTTP/1.1")).toMatchObject({ status: 200 });
  expect(await callerOf(socket)("hello")).toBe("HELLO");
  for (const each of held) each.destroy();
});

test("a port that is taken is refused with a sentence", async () => {
  await using world = await startShell();
  const port = Number(new URL(world.shell.url).port);
  await expect(serve({ app: world.app, page, address: { port } })).rejects.toThrow(
    `port ${port} of 127.0.0.1 is in use; choose another, or 0 for any`,
  );
});

test("each start has a name of its own, and the port of both loopback addresses", async () => {
  await using world = await startShell();
  const { hostname, port } = new URL(world.shell.url);
  expect(hostname).toMatch(/^lk-[0-9a-f]{20}\.localhost$/);
  await using again = await serve({ app: world.app, page });
  expect(new URL(again.url).hostname).not.toBe(hostname);
  const taker = createServer().listen({ host: "::1", port: Number(port) });
  const { code } = await once(taker, "listening").then(
    () => ({ code: "listens" }),
    (error: NodeJS.ErrnoException) => error,
  );
  taker.close();
  expect(["EADDRINUSE", "EADDRNOTAVAIL"]).toContain(code);
});

test.runIf(hasIpv6())(
  "a port that another program has on the other loopback address is refused",
  async () => {
    await using stranger = await listenAtOther();
    await expect(serve({ app: createTinyApp(), page, address: { port: stranger.port } })).rejects.toThrow(
      `port ${stranger.port} of ::1 is in use; choose another, or 0 for any`,
    );
  },
);

test("without a name the shell has the address itself", async () => {
  await using shell = await serve({ app: createTinyApp(), page, address: { port: 0, named: false } });
  expect(shell.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/#launch=/);
});

function hasIpv6(): boolean {
  return Object.values(networkInterfaces()).some((each) => each?.some(({ address }) => address === "::1"));
}

async function listenAtOther() {
  const server = createServer().listen({ host: "::1", port: 0 });
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.close();
      await once(server, "close");
    },
  };
}

async function startShell() {
  let now = 0;
  const app = createTinyApp();
  const warnings: string[] = [];
  const shell = await serve({ app, page, now: () => now, warn: (sentence) => warnings.push(sentence) });
  const { host, port } = new URL(shell.url);
  const send = (line: string) => sendRaw(Number(port), printRequest(line, [["Host", host]]));

  return {
    app,
    shell,
    warnings,
    send,
    /** Redeems the code of a URL, or a made-up one. */
    post: (url: string) => offerCode(shell.url, codeOf(url)),
    pass(ms: number): void {
      now += ms;
    },
    exchange: () => exchangeCode(shell.newLaunchUrl()),
    async open(grant: WebGrant): Promise<WebSocket> {
      const socket = await openAsPage(shell.url, grant);
      return socket.on("error", () => socket.terminate());
    },
    [Symbol.asyncDispose]: () => shell[Symbol.asyncDispose](),
  };
}

async function hold(port: number): Promise<Socket> {
  const socket = connect({ host: "127.0.0.1", port });
  await once(socket, "connect");
  return socket.on("error", () => undefined);
}

function callerOf(socket: WebSocket): (text: string) => Promise<string> {
  const link = new RPCLink({ websocket: socket as unknown as globalThis.WebSocket });
  return createORPCClient<RouterClient<ReturnType<typeof createTinyApp>["router"]>>(link).ask;
}
