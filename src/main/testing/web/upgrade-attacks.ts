import { WEB_PROTOCOL } from "#shared/contract/transport/web-protocol.ts";
import { type Attack, add, type Loot, put, soundUpgrade } from "./attack.ts";

/** The request by which our own page opens its socket, with one thing wrong in it. */
export function makeUpgradeAttacks(loot: Loot): Attack[] {
  const sound = soundUpgrade(loot);
  const change = (name: string, values: readonly (string | null)[], statuses: readonly number[]): Attack[] =>
    values.map((value) => ({
      name: `an upgrade with ${name}: ${value === null ? "none" : hide(value, loot)}`,
      send: put(sound, name, value),
      statuses,
    }));
  return [
    ...change("Sec-WebSocket-Protocol", makeProtocols(loot), [400]),
    ...change("Sec-WebSocket-Version", VERSIONS, [400, 426]),
    ...change("Sec-WebSocket-Key", KEYS, [400]),
    ...change(
      "Upgrade",
      ["h2c", "websocket2", "WebSocket, h2c", "h2c, websocket", "TLS/1.0", "web socket"],
      [400],
    ),
    ...["/session", "/x", "/?secret", `/?secret=${loot.secret}`, "//", "/%2f"].map((path) => ({
      name: `an upgrade at ${hide(path, loot)}`,
      send: { ...sound, line: `GET ${path} HTTP/1.1` },
      statuses: [400],
    })),
    ...["POST", "PUT", "OPTIONS", "HEAD"].map((method) => ({
      name: `an upgrade by ${method}`,
      send: { ...sound, line: `${method} / HTTP/1.1` },
      statuses: [405],
    })),
    ...[
      ["two origins", ["Origin", "http://evil.example"], 403],
      ["two hosts", ["Host", "evil.example"], 421],
      ["a secret beside it", ["Sec-WebSocket-Protocol", loot.secret], 400],
      ["two things to upgrade to", ["Upgrade", "h2c"], 400],
      ["a body", ["Content-Length", "1"], 400],
      ["an empty body", ["Content-Length", "0"], 400],
      ["a chunked body", ["Transfer-Encoding", "chunked"], 400],
      ["the protocol twice", ["Sec-WebSocket-Protocol", WEB_PROTOCOL], 400],
    ].map(([name, header, status]) => ({
      name: `an upgrade with ${name}`,
      send: add(sound, header as [string, string]),
      statuses: [status as number],
    })),
  ];
}

const VERSIONS = ["0", "1", "7", "8", "12", "14", "25", "13, 8", "thirteen", "-13", "13.0", null];

const KEYS = [
  null,
  "",
  "short",
  "dGhlIHNhbXBsZSBub25jZQ",
  "dGhlIHNhbXBsZSBub25jZQ==, x",
  "!".repeat(24),
  "A".repeat(200),
];

function makeProtocols({ secret }: Loot): (string | null)[] {
  return [
    null,
    "",
    `${WEB_PROTOCOL}, ${secret}`,
    "latchkey.1",
    secret,
    `${secret}, ${WEB_PROTOCOL}`,
    `${WEB_PROTOCOL}, guess`,
    `${WEB_PROTOCOL}, `,
    `${WEB_PROTOCOL}, ${secret}, guess`,
    `${WEB_PROTOCOL}, guess, ${secret}`,
    `${WEB_PROTOCOL}, ${secret},`,
    `${WEB_PROTOCOL}, ${secret.slice(0, -1)}`,
    `${WEB_PROTOCOL}, ${secret}A`,
    `${WEB_PROTOCOL}, ${swapCase(secret)}`,
    WEB_PROTOCOL.toUpperCase(),
    `other, ${secret}`,
    `${WEB_PROTOCOL} ${secret}`,
    `${WEB_PROTOCOL};${secret}`,
    `${WEB_PROTOCOL}, "${secret}"`,
    `LATCHKEY.1, ${secret}`,
    "latchkey.2, undefined",
    "latchkey.2, null",
    "latchkey.2, __proto__",
    `${WEB_PROTOCOL}, ${"A".repeat(43)}`,
    `${WEB_PROTOCOL}, ${"A".repeat(8_000)}`,
  ];
}

const swapCase = (text: string): string =>
  text.replace(/[a-z]/gi, (letter) =>
    letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase(),
  );

/** The names of attacks contain no secret. */
const hide = (text: string, { secret }: Loot): string => text.replaceAll(secret, "SECRET").slice(0, 60);
