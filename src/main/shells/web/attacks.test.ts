import { expect, test } from "vitest";
import { WEB_PROTOCOL } from "#shared/contract/web-protocol.ts";
import { PAGE_HEADERS } from "#shells/page.ts";
import { printRequest, type RawReply, sendRaw } from "#testing/raw-http.ts";
import { createTinyApp } from "#testing/tiny-app.ts";
import { serve } from "./serve.ts";

/**
 * Every attack here holds what an attacker has not: a launch code that is good
 * and the token of an open session. So what refuses it is the sender alone.
 */

type Header = readonly [name: string, value: string];
type Attack = { line: string; headers: Header[]; body?: string };
type Target = { port: number; code: string; token: string };

const page = new Map([["/", { body: Buffer.from("<p>page"), type: "text/html" }]]);

test("of all senders but our own page and the address bar, each is refused with the policy, and nothing happens", async () => {
  await using world = await startShell();
  const attacks = makeMatrix(world.target);
  expect(attacks.length).toBeGreaterThan(2_000);

  const replies = await inParallel(attacks, (attack) => world.send(attack));

  const answered = attacks.filter((_, index) => !isRefusal(replies[index]));
  expect(answered.map(({ line, headers }) => [line, ...headers.map((header) => header.join(": "))])).toEqual(
    [],
  );
  expect(world.app.countCalls()).toBe(0);
  expect((await world.send(exchange(world.target))).status).toBe(200);
});

test.each(makeSmuggled())("%s is refused: %i", async (_, statuses, ...parts) => {
  await using world = await startShell();
  const replies = await sendRaw(world.target.port, ...parts.map((part) => fill(part, world.target)));
  expect(statuses).toContain(replies.status);
  expect(isRefusal(replies)).toBe(true);
  expect((await world.send(exchange(world.target))).status).toBe(200);
});

test.each<[why: string, status: number, change: (sound: Attack) => Attack]>([
  ["another content type", 415, (sound) => replace(sound, "Content-Type", "text/plain")],
  ["a charset", 415, (sound) => replace(sound, "Content-Type", "application/json; charset=utf-8")],
  ["two content types", 415, (sound) => add(sound, ["Content-Type", "application/json"])],
  ["gzip", 415, (sound) => add(sound, ["Content-Encoding", "gzip"])],
  ["br", 415, (sound) => add(sound, ["Content-Encoding", "br"])],
  ["deflate", 415, (sound) => add(sound, ["Content-Encoding", "deflate"])],
  ["no encoding that is named", 415, (sound) => add(sound, ["Content-Encoding", "identity"])],
  ["two origins", 403, (sound) => add(sound, ["Origin", "http://evil.example"])],
  ["a body of unknown length", 411, (sound) => chunk(sound)],
  ["a body that is too long", 413, (sound) => withBody(sound, JSON.stringify({ code: "x".repeat(1_024) }))],
  ["no JSON", 400, (sound) => withBody(sound, "code=1")],
  ["no code", 400, (sound) => withBody(sound, "null")],
  ["a code that is no text", 400, (sound) => withBody(sound, JSON.stringify({ code: ["x"] }))],
  ["an expectation", 417, (sound) => add(sound, ["Expect", "100-continue"])],
  [
    "65 headers",
    431,
    (sound) => add(sound, ...Array.from({ length: 61 }, (_, i): Header => [`X-${i}`, "x"])),
  ],
  ["17 KiB of headers", 431, (sound) => add(sound, ["X-Long", "x".repeat(17 * 1024)])],
])("an exchange with %s is refused: %i, and leaves the code good", async (_, status, change) => {
  await using world = await startShell();
  const sound = exchange(world.target);
  const reply = await world.send(change(sound));
  expect([reply.status, isRefusal(reply)]).toEqual([status, true]);
  expect((await world.send(sound)).status).toBe(200);
});

test.each<[why: string, status: number, change: (sound: Attack) => Attack]>([
  ["another token", 401, (sound) => replace(sound, "Sec-WebSocket-Protocol", `${WEB_PROTOCOL}, guess`)],
  ["no token", 401, (sound) => replace(sound, "Sec-WebSocket-Protocol", WEB_PROTOCOL)],
  ["a list of tokens", 401, (sound) => lengthen(sound, "Sec-WebSocket-Protocol", ", guess")],
  ["another protocol", 401, (sound) => replace(sound, "Sec-WebSocket-Protocol", "other, guess")],
  ["two origins", 403, (sound) => add(sound, ["Origin", "http://evil.example"])],
  ["another path", 400, (sound) => ({ ...sound, line: "GET /session HTTP/1.1" })],
  ["another protocol to upgrade to", 400, (sound) => replace(sound, "Upgrade", "h2c")],
  ["a body", 400, (sound) => add(sound, ["Content-Length", "1"])],
  ["an old version", 400, (sound) => replace(sound, "Sec-WebSocket-Version", "7")],
  ["a broken key", 400, (sound) => replace(sound, "Sec-WebSocket-Key", "short")],
])("an upgrade with %s is refused: %i", async (_, status, change) => {
  await using world = await startShell();
  const sound = upgrade(world.target);
  const reply = await world.send(change(sound));
  expect([reply.status, isRefusal(reply)]).toEqual([status, true]);
  expect((await world.send(sound)).status).toBe(101);
});

/** Host x Origin x Sec-Fetch-Site x what is asked, without what our page and the address bar send. */
function makeMatrix(target: Target): Attack[] {
  const ours = `127.0.0.1:${target.port}`;
  const hosts = makeHosts(target.port);
  const origins = ["null", "http://evil.example", "http://127.0.0.1:1", `https://${ours}`, `http://${ours}`];
  const sites = [null, "none", "same-origin", "same-site", "cross-site"];
  const attacks: Attack[] = [];
  for (const ask of makeAsks(target)) {
    for (const host of hosts) {
      for (const origin of [null, ...origins]) {
        for (const site of sites) {
          const isOwnHost = host.length === 1 && host[0] === ours;
          if (isOwnHost && ask.isAllowed(origin === `http://${ours}` ? "own" : origin, site)) continue;
          const headers: Header[] = host.map((value) => ["Host", value]);
          if (origin) headers.push(["Origin", origin]);
          if (site) headers.push(["Sec-Fetch-Site", site]);
          attacks.push({ ...ask, headers: [...headers, ...ask.headers] });
        }
      }
    }
  }
  return attacks;
}

const makeHosts = (port: number): string[][] => [
  [],
  [`127.0.0.1:${port}`, `127.0.0.1:${port}`],
  [`127.0.0.1:${port}`, "evil.example"],
  ["127.0.0.1"],
  ["127.0.0.1:1"],
  [`127.1:${port}`],
  [`2130706433:${port}`],
  [`localhost:${port}`],
  [`localhost.:${port}`],
  [`[::1]:${port}`],
  [`evil.example:${port}`],
  [`127.0.0.1.evil.example:${port}`],
  [`LOCALHOST:${port}`],
  [`127.0.0.1:${port}`],
];

type Ask = Attack & { isAllowed(origin: string | null, site: string | null): boolean };

function makeAsks(target: Target): Ask[] {
  const isFromPage = (origin: string | null, site: string | null) =>
    origin === "own" && (site === null || site === "same-origin");
  const isRead = (origin: string | null, site: string | null) =>
    (origin === null || origin === "own") && (site === null || site === "same-origin" || site === "none");
  const never = () => false;
  const { headers, body = "" } = withoutSender(exchange(target));
  return [
    { line: "GET / HTTP/1.1", headers: [], isAllowed: isRead },
    { line: `GET http://127.0.0.1:${target.port}/ HTTP/1.1`, headers: [], isAllowed: never },
    { line: "GET / HTTP/1.0", headers: [], isAllowed: never },
    { ...withoutSender(exchange(target)), isAllowed: isFromPage },
    { line: "PUT /session HTTP/1.1", headers, body, isAllowed: never },
    { line: "DELETE /session HTTP/1.1", headers, body, isAllowed: never },
    { line: "OPTIONS /session HTTP/1.1", headers: [], isAllowed: never },
    { line: "GET /session HTTP/1.1", headers: [], isAllowed: never },
    { ...withoutSender(upgrade(target)), isAllowed: isFromPage },
    { ...withoutSender(upgrade(target)), line: "POST / HTTP/1.1", isAllowed: never },
  ];
}

type Smuggled = [name: string, statuses: number[], ...parts: string[]];

/** `@` stands for the authority, `#` for a request that would be answered. */
function makeSmuggled(): Smuggled[] {
  const host = "Host: @\r\n";
  return [
    [
      "a body of two lengths",
      [400],
      `POST /session HTTP/1.1\r\n${host}Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcd#`,
    ],
    [
      "a body both chunked and of a length",
      [400],
      `POST /session HTTP/1.1\r\n${host}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n#`,
    ],
    [
      "a chunked body under an unknown coding",
      [400],
      `POST /session HTTP/1.1\r\n${host}Transfer-Encoding: chunked, x\r\n\r\n0\r\n\r\n#`,
    ],
    ["a length that is no number", [400], `POST /session HTTP/1.1\r\n${host}Content-Length: +4\r\n\r\nabcd#`],
    [
      "a read with a second request as its body",
      [400],
      `GET / HTTP/1.1\r\n${host}Content-Length: 18\r\n\r\nGET /x HTTP/1.1\r\n#`,
    ],
    ["a folded header", [400, 421], `GET / HTTP/1.1\r\nHost:\r\n @\r\n\r\n#`],
    ["a space before the colon", [400], "GET / HTTP/1.1\r\nHost : @\r\n\r\n#"],
    ["a line feed alone", [400], "GET / HTTP/1.1\nHost: @\n\n#"],
    ["a tunnel", [405], `CONNECT 127.0.0.1:22 HTTP/1.1\r\n${host}\r\n`],
    ["no method", [400], "\0\0\0\0\r\n\r\n"],
    ["another protocol", [400], "SSH-2.0-OpenSSH_10.0\r\n", "\r\n"],
    ["HTTP/2 by prior knowledge", [400, 421], "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
  ];
}

const fill = (part: string, { port }: Target): string =>
  part.replace("#", `GET / HTTP/1.1\r\nHost: @\r\n\r\n`).replaceAll("@", `127.0.0.1:${port}`);

function exchange({ port, code }: Target): Attack {
  const body = JSON.stringify({ code });
  const headers: Header[] = [
    ["Host", `127.0.0.1:${port}`],
    ["Origin", `http://127.0.0.1:${port}`],
    ["Content-Type", "application/json"],
    ["Content-Length", String(body.length)],
  ];
  return { line: "POST /session HTTP/1.1", headers, body };
}

function upgrade({ port, token }: Target): Attack {
  const headers: Header[] = [
    ["Host", `127.0.0.1:${port}`],
    ["Origin", `http://127.0.0.1:${port}`],
    ["Connection", "Upgrade"],
    ["Upgrade", "websocket"],
    ["Sec-WebSocket-Version", "13"],
    ["Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="],
    ["Sec-WebSocket-Protocol", `${WEB_PROTOCOL}, ${token}`],
  ];
  return { line: "GET / HTTP/1.1", headers };
}

const withoutSender = (attack: Attack): Attack => ({ ...attack, headers: attack.headers.slice(2) });

const add = (sound: Attack, ...headers: Header[]): Attack => ({
  ...sound,
  headers: [...sound.headers, ...headers],
});

const change = (sound: Attack, name: string, to: (value: string) => string): Attack => ({
  ...sound,
  headers: sound.headers.map(([key, value]): Header => [key, key === name ? to(value) : value]),
});

const replace = (sound: Attack, name: string, value: string): Attack => change(sound, name, () => value);

const lengthen = (sound: Attack, name: string, more: string): Attack =>
  change(sound, name, (value) => `${value}${more}`);

const withBody = (sound: Attack, body: string): Attack => ({
  ...replace(sound, "Content-Length", String(body.length)),
  body,
});

const chunk = (sound: Attack): Attack => ({
  ...sound,
  headers: [...sound.headers.slice(0, -1), ["Transfer-Encoding", "chunked"]],
  body: "2\r\n{}\r\n0\r\n\r\n",
});

/** A refusal says its status, carries the policy and lets no other origin read it. */
function isRefusal(reply: RawReply | undefined): boolean {
  if (!reply || reply.status < 400 || reply.status > 499) return false;
  const names = Object.keys(reply.headers);
  return (
    Object.keys(PAGE_HEADERS).every((name) => names.includes(name.toLowerCase())) &&
    !names.some((name) => name.startsWith("access-control-")) &&
    reply.headers.connection === "close" &&
    reply.body === ""
  );
}

async function startShell() {
  const app = createTinyApp();
  const shell = await serve({ app, page });
  const port = Number(new URL(shell.url).port);
  const send = ({ line, headers, body }: Attack) => sendRaw(port, printRequest(line, headers, body));
  const codeOf = (url: string) => url.replace(/.*#launch=/, "");
  const { body } = await send(exchange({ port, code: codeOf(shell.url), token: "" }));
  const target: Target = { port, code: codeOf(shell.newLaunchUrl()), token: JSON.parse(body).token };
  return { app, target, send, [Symbol.asyncDispose]: () => shell[Symbol.asyncDispose]() };
}

async function inParallel<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const queue = items.entries();
  const worker = async () => {
    for (const [index, item] of queue) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: 32 }, worker));
  return results;
}
