import { printRequest } from "#testing/raw-http.ts";
import { type Attack, authorityOf, type Loot, type Request, soundExchange } from "./attack.ts";

/**
 * Bytes that parsers of HTTP have read in two ways: what one reads as one request, another reads as two. Behind each is
 * a sound exchange that must never be read.
 */
export function makeBrokenRequests(loot: Loot): Attack[] {
  const next = print(soundExchange(loot));
  const host = `Host: ${authorityOf(loot)}\r\n`;
  const broken = (name: string, send: string, statuses?: readonly number[]): Attack => ({
    name,
    send: `${send}${next}`,
    ...(statuses && { statuses }),
  });
  return [
    ...BODIES.map(([name, headers, body = ""]) =>
      broken(name, `POST /session HTTP/1.1\r\n${host}${headers}\r\n${body}`),
    ),
    ...BODIES.map(([name, headers, body = ""]) =>
      broken(`a read with ${name}`, `GET / HTTP/1.1\r\n${host}${headers}\r\n${body}`),
    ),
    ...CHUNKS.map((chunk) => broken(`the chunk ${JSON.stringify(chunk.slice(0, 30))}`, chunked(loot, chunk))),
    ...makeHeads(loot).map(([name, head]) => broken(name, head, [400, 421, 431, 403, 411, 415])),
    ...makeNoise().map((noise) => broken(`the noise ${JSON.stringify(noise.slice(0, 24))}`, noise)),
  ];
}

type Body = readonly [name: string, headers: string, body?: string];

const BODIES: readonly Body[] = [
  ["two lengths", "Content-Length: 4\r\nContent-Length: 5\r\n", "abcd"],
  ["the same length twice", "Content-Length: 4\r\nContent-Length: 4\r\n", "abcd"],
  ["a length and chunks", "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"],
  ["chunks and a length", "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", "0\r\n\r\n"],
  ["an unknown coding after chunks", "Transfer-Encoding: chunked, x\r\n", "0\r\n\r\n"],
  ["an unknown coding before chunks", "Transfer-Encoding: x, chunked\r\n", "0\r\n\r\n"],
  ["the coding identity", "Transfer-Encoding: identity\r\n", "abcd"],
  ["a coding that ends in chunked", "Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"],
  ["chunks in another case", "Transfer-Encoding: CHUNKED\r\n", "0\r\n\r\n"],
  ["chunks after a tab", "Transfer-Encoding:\tchunked\r\n", "0\r\n\r\n"],
  ["chunks after a vertical tab", "Transfer-Encoding:\u000bchunked\r\n", "0\r\n\r\n"],
  ["chunks before a space and a colon", "Transfer-Encoding : chunked\r\n", "0\r\n\r\n"],
  ["chunks on a folded line", "Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n"],
  ["chunks twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"],
  ["chunks and gzip", "Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"],
  ["chunks in quotes", 'Transfer-Encoding: "chunked"\r\n', "0\r\n\r\n"],
  ["chunks with a parameter", "Transfer-Encoding: chunked;q=1\r\n", "0\r\n\r\n"],
  ["a coding of nothing", "Transfer-Encoding: \r\n", "abcd"],
  ["a coding by an underscore", "Transfer_Encoding: chunked\r\nContent-Length: 0\r\n", ""],
  ["a length with a plus", "Content-Length: +4\r\n", "abcd"],
  ["a length with a minus", "Content-Length: -4\r\n", "abcd"],
  ["a length in hex", "Content-Length: 0x4\r\n", "abcd"],
  ["a length with a space in it", "Content-Length: 4 4\r\n", "abcd"],
  ["a length on a folded line", "Content-Length: 0\r\n 4\r\n", "abcd"],
  ["a length that is too large for anyone", "Content-Length: 99999999999999999999999\r\n", "abcd"],
];

const CHUNKS = [
  "-1\r\n",
  "0x4\r\nabcd\r\n",
  "+4\r\nabcd\r\n",
  "4 \r\nabcd\r\n",
  " 4\r\nabcd\r\n",
  "4;\u0000\r\nabcd\r\n",
  "g\r\n",
  "FFFFFFFFFFFFFFFF\r\n",
  "10000000000000000\r\n",
  "4\nabcd\n0\n\n",
  "4\rabcd\r",
  "4\r\nabcdX\r\n0\r\n\r\n",
  "4\r\nab",
  `4;${"x".repeat(20_000)}\r\nabcd\r\n`,
  "0\r\nHost: evil.example\r\n\r\n",
  "0\r\nContent-Length: 9\r\n\r\n",
  "\r\n",
  "0\r\n\r\n",
  "4\r\nabcd\r\n0\r\n\r\n",
  `${"0".repeat(500)}4\r\nabcd\r\n`,
];

const chunked = (loot: Loot, chunk: string): string => {
  const sound = soundExchange(loot);
  const headers = sound.headers.filter(([name]) => name !== "Content-Length");
  return print({ ...sound, headers: [...headers, ["Transfer-Encoding", "chunked"]], body: chunk });
};

/** Heads that are folded, cut, doubled or ended in unusual ways. */
function makeHeads(loot: Loot): [name: string, head: string][] {
  const ours = authorityOf(loot);
  const read = (headers: string) => `GET / HTTP/1.1\r\n${headers}\r\n\r\n`;
  return [
    ["a folded Host", read(`Host:\r\n ${ours}`)],
    ["a Host that goes on in the next line", read(`Host: ${ours}\r\n .evil.example`)],
    ["a Host folded by a tab", read(`Host:\r\n\t${ours}`)],
    ["a folded header", read(`Host: ${ours}\r\nX-Long: a\r\n b`)],
    ["a folded Origin", read(`Host: ${ours}\r\nOrigin: http://evil.example\r\n http://${ours}`)],
    ["a space before the colon", read(`Host : ${ours}`)],
    ["a tab before the colon", read(`Host\t: ${ours}`)],
    ["no colon", read(`Host ${ours}`)],
    ["no name", read(`Host: ${ours}\r\n: x`)],
    ["a name in brackets", read(`Host: ${ours}\r\n(Host): evil.example`)],
    ["a NUL in a name", read(`Host: ${ours}\r\nX\u0000Y: x`)],
    ["a NUL in a value", read(`Host: ${ours}\u0000evil.example`)],
    ["a control in a value", read(`Host: ${ours}\r\nX: \u0001`)],
    ["a carriage return in a value", read(`Host: ${ours}\r\nX: a\rHost: evil.example`)],
    ["line feeds alone", `GET / HTTP/1.1\nHost: ${ours}\n\n`],
    ["one line feed alone", `GET / HTTP/1.1\r\nHost: ${ours}\n\r\n`],
    ["carriage returns alone", `GET / HTTP/1.1\rHost: ${ours}\r\r`],
    ["a space before the first header", `GET / HTTP/1.1\r\n Host: ${ours}\r\n\r\n`],
    ["a Host with words behind it", read(`Host: ${ours} x`)],
    ["a Host with a comma", read(`Host: ${ours},${ours}`)],
    ["two Hosts in two cases", read(`Host: ${ours}\r\nhOST: evil.example`)],
    ["17 KiB of one header", read(`Host: ${ours}\r\nX: ${"x".repeat(17 * 1024)}`)],
    ["17 KiB of a name", read(`Host: ${ours}\r\n${"X".repeat(17 * 1024)}: x`)],
    ["17 KiB in small headers", read(`Host: ${ours}\r\n${"X: 0123456789abcdef\r\n".repeat(900)}X: x`)],
    ["2,000 headers", read(`Host: ${ours}\r\n${"X:\r\n".repeat(2_000)}X:`)],
  ];
}

const makeNoise = (): string[] => [
  "\0\0\0\0\r\n\r\n",
  "SSH-2.0-OpenSSH_10.0\r\n\r\n",
  "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  "GET\r\n\r\n",
  "GET /\r\n\r\n",
  "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003\r\n\r\n",
  "<policy-file-request/>\0\r\n\r\n",
  "HTTP/1.1 200 OK\r\n\r\n",
  "{}\r\n\r\n",
  "EHLO x\r\n\r\n",
  "*1\r\n$4\r\nPING\r\n",
  "PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\n",
  "CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: 127.0.0.1:22\r\n\r\n",
  " GET / HTTP/1.1\r\n\r\n",
  "G ET / HTTP/1.1\r\n\r\n",
];

const print = ({ line, headers, body = "" }: Request): string => printRequest(line, headers, String(body));
