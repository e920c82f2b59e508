import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import {
  type Attack,
  add,
  authorityOf,
  type Loot,
  put,
  type Request,
  soundExchange,
  soundRead,
  soundUpgrade,
  withBody,
} from "./attack.ts";

/** Requests of our own page, with another body, or with other headers about it. */
export const makeBodyAttacks = (loot: Loot): Attack[] => [
  ...makeTypes(loot),
  ...makeEncodings(loot),
  ...makeBodies(loot),
  ...makeLengths(loot),
];

const TYPES = [
  "text/plain",
  "text/json",
  "text/html",
  "application/x-www-form-urlencoded",
  "multipart/form-data; boundary=x",
  "application/json; charset=utf-8",
  "application/json;",
  "application/jsonp",
  "application/ld+json",
  "Application/JSON",
  "application/json, text/plain",
  "text/plain;application/json",
  '"application/json"',
  "*/*",
  "application/*",
  "",
  "json",
];

const makeTypes = (loot: Loot): Attack[] => [
  ...TYPES.map((type) => ({
    name: `the content type ${JSON.stringify(type)}`,
    send: put(soundExchange(loot), "Content-Type", type),
    statuses: [415],
  })),
  { name: "no content type", send: put(soundExchange(loot), "Content-Type", null), statuses: [415] },
  {
    name: "two content types",
    send: add(soundExchange(loot), ["Content-Type", "application/json"]),
    statuses: [415],
  },
];

const ENCODINGS = [
  "br",
  "gzip",
  "deflate",
  "zstd",
  "compress",
  "x-gzip",
  "identity",
  "gzip, br",
  "BR",
  "*",
  "",
];

const COMPRESSORS = { br: brotliCompressSync, gzip: gzipSync, deflate: deflateSync };

/** Nothing is ever decompressed here, so no encoding of a body is accepted, not even `identity`. */
function makeEncodings(loot: Loot): Attack[] {
  const sound = { read: soundRead(loot), exchange: soundExchange(loot), upgrade: soundUpgrade(loot) };
  const named = Object.entries(sound).flatMap(([what, request]) =>
    ENCODINGS.map((encoding) => ({
      name: `${what} with Content-Encoding: ${encoding}`,
      send: add(request, ["Content-Encoding", encoding]),
      statuses: [415],
    })),
  );
  const compressed = Object.entries(COMPRESSORS).map(([encoding, compress]) => ({
    name: `an exchange compressed by ${encoding}`,
    send: add(withBody(sound.exchange, compress(JSON.stringify({ code: loot.code }))), [
      "Content-Encoding",
      encoding,
    ]),
    statuses: [415],
  }));
  return [...named, ...compressed];
}

/** Bodies that contain a valid code, but not as `{ "code": "..." }`. */
function makeBodies(loot: Loot): Attack[] {
  const code = JSON.stringify(loot.code);
  const bodies = [
    "",
    "null",
    "true",
    "7",
    code,
    `[${code}]`,
    `code=${loot.code}`,
    `{"code":[${code}]}`,
    `{"code":{"x":${code}}}`,
    '{"code":null}',
    '{"code":7}',
    `{"Code":${code}}`,
    `{"__proto__":{"code":${code}}}`,
    `{"a":{"code":${code}}}`,
    `{"code":${code}`,
    `{'code':'${loot.code}'}`,
    `{code:${code}}`,
    `{"code":${code}}x`,
    `{"code":${code}},`,
    `\ufeff{"code":${code}}`,
    `)]}',\n{"code":${code}}`,
    `{"code":${code}}\u0000`,
    `{"code":${code}/**/}`,
    "[".repeat(1_000),
    '{"a":'.repeat(200),
    `<code>${loot.code}</code>`,
    `--x\r\n\r\n${loot.code}\r\n--x--`,
  ];
  return [
    ...bodies.map((body) => ({
      name: `the body ${JSON.stringify(body.replace(loot.code, "CODE").slice(0, 40))}`,
      send: withBody(soundExchange(loot), body),
      statuses: [400],
    })),
    ...[1_025, 4_096, 1024 * 1024].map((length) => ({
      name: `a body of ${length} bytes`,
      send: withBody(soundExchange(loot), JSON.stringify({ code: loot.code, more: "x".repeat(length) })),
      statuses: [413],
    })),
  ];
}

/**
 * Lengths that are invalid, or not the body's; a parser that accepted one would wait, or read what follows as a
 * request.
 */
function makeLengths(loot: Loot): Attack[] {
  const lengths = [
    "-1",
    "+4",
    "0x4",
    "4.0",
    "1e3",
    "4 4",
    "4, 4",
    "four",
    "",
    "18446744073709551616",
    "9".repeat(400),
  ];
  const sound = soundExchange(loot);
  return [
    ...lengths.map((length) => ({
      name: `a Content-Length of ${length.slice(0, 20) || "nothing"}`,
      send: put(sound, "Content-Length", length),
      statuses: [400, 413],
    })),
    ...["2048", "4294967296", "9007199254740993"].map((length) => ({
      name: `a Content-Length of ${length}`,
      send: put(sound, "Content-Length", length),
      statuses: [413],
    })),
    { name: "no Content-Length", send: put(sound, "Content-Length", null), statuses: [411] },
    { name: "a read with a body", send: withLength(soundRead(loot), 4, "abcd"), statuses: [400] },
    { name: "a read with an empty body", send: withLength(soundRead(loot), 0, ""), statuses: [400] },
    ...["100-continue", "200-ok", "100-continue, x"].map((expect) => ({
      name: `the expectation ${expect}`,
      send: add(sound, ["Expect", expect]),
      statuses: [417],
    })),
    {
      name: "65 headers",
      send: add(sound, ...Array.from({ length: 61 }, (_, index) => [`X-${index}`, "x"] as const)),
      statuses: [431],
    },
    { name: "two origins", send: add(sound, ["Origin", "http://evil.example"]), statuses: [403] },
    {
      name: "our origin twice",
      send: add(sound, ["Origin", `http://${authorityOf(loot)}`]),
      statuses: [403],
    },
  ];
}

const withLength = (request: Request, length: number, body: string): Request => ({
  ...add(request, ["Content-Length", String(length)]),
  body,
});
