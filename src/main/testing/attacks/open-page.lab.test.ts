/** Another user of this computer connects to the port of `latchkey serve`. For a page in a browser see e2e/attacks. */
import { once } from "node:events";
import { expect, test } from "vitest";
import type { WebSocket } from "ws";
import { serve } from "#shells/web/serve.ts";
import { createTinyApp } from "#testing/tiny-app.ts";
import { codeOf, exchangeCode, offerCode, openAsPage } from "#testing/web/attack.ts";
import { startAttack } from "./start-attack.ts";

const page = new Map([["/", { body: Buffer.from("<p>page"), type: "text/html; charset=utf-8" }]]);

test("80 idle connections of another user keep nobody out, and cut off no page that is open", async () => {
  await using world = await startShell();
  const { port, host } = new URL(world.shell.url);
  const open = await openAsPage(world.shell.url, await exchangeCode(world.shell.url));
  for (const words of [[], [host]]) {
    await using idle = await startAttack("idle-sockets.py", port, 80, ...words);
    await idle.until("held");
    for (let count = 0; count < 10; count++) {
      const another = await openAsPage(world.shell.url, await exchangeCode(world.shell.newLaunchUrl()));
      expect(await ask(another)).toBe("HELLO");
      another.terminate();
    }
    expect(await ask(open)).toBe("HELLO");
  }
});

test("a thousand connections of another user cost that user theirs, and nobody else", async () => {
  await using world = await startShell();
  const { port } = new URL(world.shell.url);
  const open = await openAsPage(world.shell.url, await exchangeCode(world.shell.url));
  await using idle = await startAttack("idle-sockets.py", port, 1_000);
  await idle.until("held");
  const another = await openAsPage(world.shell.url, await exchangeCode(world.shell.newLaunchUrl()));
  expect([await ask(open), await ask(another)]).toEqual(["HELLO", "HELLO"]);
});

test("another user's wrong codes keep our own from nothing, and end nothing", async () => {
  await using world = await startShell();
  const { port, host } = new URL(world.shell.url);
  const open = await openAsPage(world.shell.url, await exchangeCode(world.shell.url));
  await using guessing = await startAttack("take-port.py", port, host, 30);
  const { codes } = await guessing.until("codes");
  expect(codes).toEqual([...Array(10).fill(401), ...Array(20).fill(429)]);
  expect(world.warnings).toEqual([
    expect.stringContaining("user 65534 of this computer has offered 10 wrong"),
  ]);
  expect(await ask(open)).toBe("HELLO");
  const another = await openAsPage(world.shell.url, await exchangeCode(world.shell.newLaunchUrl()));
  expect(await ask(another)).toBe("HELLO");
  expect((await offerCode(world.shell.url, codeOf("#launch=guess"))).status).toBe(401);
  expect(guessing.said.filter((what) => "bound" in what)).toEqual([]);
});

async function startShell() {
  const warnings: string[] = [];
  const shell = await serve({ app: createTinyApp(), page, warn: (sentence) => warnings.push(sentence) });
  return { shell, warnings, [Symbol.asyncDispose]: () => shell[Symbol.asyncDispose]() };
}

/** A call as the page makes it; fails if the socket is closed instead. */
async function ask(socket: WebSocket): Promise<unknown> {
  socket.send(JSON.stringify({ i: "1", p: { u: "/ask", b: { json: "hello" } } }));
  const closed = once(socket, "close").then(() => Promise.reject(new Error("hung up")));
  const [data] = (await Promise.race([once(socket, "message"), closed])) as [Buffer];
  return JSON.parse(data.toString()).p.b.json;
}
