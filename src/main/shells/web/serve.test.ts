import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { createORPCClient } from "@orpc/client";
import { RPCLink } from "@orpc/client/websocket";
import type { RouterClient } from "@orpc/server";
import { expect, test } from "vitest";
import { WebSocket } from "ws";
import { WEB_CLOSE, WEB_PROTOCOL } from "#shared/contract/web-protocol.ts";
import { PAGE_HEADERS } from "#shells/page.ts";
import { printRequest, sendRaw } from "#testing/raw-http.ts";
import { createTinyApp } from "#testing/tiny-app.ts";
import { serve } from "./serve.ts";

const page = new Map([["/", { body: Buffer.from("<p>page"), type: "text/html; charset=utf-8" }]]);
const MINUTE = 60_000;

test("the page gets in by its launch code, calls over its socket, and comes back after a reload", async () => {
  await using world = await startShell();
  const token = await world.exchange();

  const first = await world.open(token);
  expect(await callerOf(first)("hello")).toBe("HELLO");
  const isReplaced = once(first, "close");
  const second = await world.open(token);

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

test("after ten wrong codes nobody listens, and the reason is said", async () => {
  await using world = await startShell();
  const socket = await world.open(await world.exchange());
  const isCut = once(socket, "close");
  const guesses = await Promise.all(Array.from({ length: 10 }, () => world.post("#launch=guess")));
  expect(guesses.map(({ status }) => status)).toEqual(Array(10).fill(401));
  expect(await world.shell.closed).toContain("10 wrong launch codes were offered");
  await isCut;
  expect(await world.post("#launch=guess")).toMatchObject({ status: 0 });
});

test("a call on a session that has been idle too long is not answered but hung up on", async () => {
  await using world = await startShell();
  const token = await world.exchange();
  const socket = await world.open(token);
  world.pass(30 * MINUTE);
  const isEnded = once(socket, "close");
  void callerOf(socket)("late").catch(() => undefined);
  expect((await isEnded)[0]).toBe(WEB_CLOSE.ended.code);
  expect(world.app.countCalls()).toBe(0);
  expect(await world.offer(token)).toMatchObject({ status: 401 });
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

test("of more than sixty-four connections the last is hung up on", async () => {
  await using world = await startShell();
  const port = Number(new URL(world.shell.url).port);
  const held = await Promise.all(Array.from({ length: 64 }, () => hold(port)));
  expect(await world.send("GET / HTTP/1.1")).toMatchObject({ status: 0 });
  for (const socket of held) socket.destroy();
});

test("a port that is taken is refused with a sentence", async () => {
  await using world = await startShell();
  const port = Number(new URL(world.shell.url).port);
  await expect(serve({ app: world.app, page, place: { port } })).rejects.toThrow(
    `port ${port} of 127.0.0.1 is in use; choose another, or 0 for any`,
  );
});

async function startShell() {
  let now = 0;
  const app = createTinyApp();
  const shell = await serve({ app, page, now: () => now });
  const { host, origin, port } = new URL(shell.url);
  const send = (line: string, headers: [string, string][] = [], body = "") =>
    sendRaw(Number(port), printRequest(line, [["Host", host], ...headers], body));

  function post(url: string) {
    const body = JSON.stringify({ code: url.replace(/.*#launch=/, "") });
    const headers: [string, string][] = [
      ["Origin", origin],
      ["Content-Type", "application/json"],
      ["Content-Length", String(body.length)],
    ];
    return send("POST /session HTTP/1.1", headers, body);
  }

  return {
    app,
    shell,
    send,
    post,
    pass(ms: number): void {
      now += ms;
    },
    async exchange(): Promise<string> {
      return JSON.parse((await post(shell.newLaunchUrl())).body).token;
    },
    async open(token: string): Promise<WebSocket> {
      const socket = new WebSocket(`ws://${host}`, [WEB_PROTOCOL, token], { origin });
      await once(socket, "open");
      return socket.on("error", () => socket.terminate());
    },
    async offer(token: string): Promise<{ status: number }> {
      const socket = new WebSocket(`ws://${host}`, [WEB_PROTOCOL, token], { origin });
      const [, response] = await once(socket, "unexpected-response");
      return { status: response.statusCode };
    },
    [Symbol.asyncDispose]: () => shell[Symbol.asyncDispose](),
  };
}

async function hold(port: number): Promise<Socket> {
  const socket = connect({ host: "127.0.0.1", port });
  await once(socket, "connect");
  return socket;
}

function callerOf(socket: WebSocket): (text: string) => Promise<string> {
  const link = new RPCLink({ websocket: socket as unknown as globalThis.WebSocket });
  return createORPCClient<RouterClient<ReturnType<typeof createTinyApp>["router"]>>(link).ask;
}
