import { Duplex, PassThrough } from "node:stream";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type Negotiation,
  negotiate,
  negotiateConnect,
  negotiateSocks5,
  type ProxyAnswer,
} from "#net/proxy/proxy-protocols.ts";
import { Redacted } from "#shared/model/secret.ts";

const credentials = { user: "jo", password: new Redacted("s3cret") };
const authority = { host: "shop.example", port: 443 };

/** Feeds the pieces one after the other; returns what it sent, its result, and the bytes that are left. */
function converse(negotiation: Negotiation<ProxyAnswer>, pieces: readonly Uint8Array[]) {
  const said = [Buffer.from(negotiation.begin)];
  let received = Buffer.alloc(0);
  for (const [index, piece] of pieces.entries()) {
    received = Buffer.concat([received, piece]);
    for (;;) {
      const step = negotiation.take(received);
      if (step.kind === "more") break;
      received = received.subarray(step.used);
      if (step.kind === "over") {
        const rest = Buffer.concat([received, ...pieces.slice(index + 1)]);
        return { said, result: step.result, rest };
      }
      said.push(Buffer.from(step.bytes));
    }
  }
  return { said, result: null, rest: received };
}

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");

test("a SOCKS5 proxy is asked for the name itself, and what the endpoint says first is kept", () => {
  const answers = hex("0500 05000001 7f000001 0050 323230");
  const { said, result, rest } = converse(negotiateSocks5(authority, null), [answers]);
  expect(said.map((bytes) => bytes.toString("hex"))).toEqual([
    "050100",
    `0501000 30c ${Buffer.from("shop.example").toString("hex")} 01bb`.replaceAll(" ", ""),
  ]);
  expect([result, rest.toString()]).toEqual([{ kind: "open" }, "220"]);
});

test.each([
  ["192.0.2.7", "01c0000207"],
  ["2001:db8::7", "0420010db8000000000000000000000007"],
  ["::1", "0400000000000000000000000000000001"],
  ["fe80::1%eth0", "04fe800000000000000000000000000001"],
  ["::ffff:192.0.2.7", "0400000000000000000000ffffc0000207"],
  ["1:2:3:4:5:6:7:8", "0400010002000300040005000600070008"],
])("%s is asked for as an address", (host, written) => {
  const { said } = converse(negotiateSocks5({ host, port: 443 }, null), [hex("0500")]);
  expect(said[1]?.toString("hex")).toBe(`050100${written}01bb`);
});

test("a login is offered where there is one, and each refusal is told apart", () => {
  const open = converse(negotiateSocks5(authority, credentials), [hex("0502 0100 05000003 03616263 0050")]);
  expect(open.said.map((bytes) => bytes.toString("latin1")).slice(0, 2)).toEqual([
    "\x05\x02\x00\x02",
    "\x01\x02jo\x06s3cret",
  ]);
  expect(open.result).toEqual({ kind: "open" });
  const result = (negotiation: Negotiation<ProxyAnswer>, answer: string) =>
    converse(negotiation, [hex(answer)]).result;
  expect(result(negotiateSocks5(authority, credentials), "0502 0101")).toEqual({ kind: "login-refused" });
  expect(result(negotiateSocks5(authority, credentials), "05ff")).toEqual({ kind: "login-refused" });
  expect(result(negotiateSocks5(authority, null), "05ff")).toEqual({ kind: "login-required" });
  expect(result(negotiateSocks5(authority, null), "0500 0502")).toMatchObject({ kind: "refused-by-proxy" });
  expect(result(negotiateSocks5(authority, null), "0500 0505")).toMatchObject({
    kind: "unreached",
    why: "refused",
  });
  expect(result(negotiateSocks5(authority, null), "0500 0504")).toMatchObject({
    kind: "unreached",
    why: "no-route",
  });
  expect(result(negotiateSocks5(authority, null), "0500 0563")).toMatchObject({ said: "reply 99" });
  expect(result(negotiateSocks5(authority, null), "4854")).toMatchObject({ kind: "garbage" });
  expect(result(negotiateSocks5(authority, null), "0500 05000007")).toBeNull();
});

test("an HTTP proxy is asked for a tunnel, by name or by address", () => {
  const begun = (host: string, login: typeof credentials | null) =>
    Buffer.from(negotiateConnect({ host, port: 443 }, login).begin).toString("latin1");
  expect(begun("shop.example", null)).toBe(
    "CONNECT shop.example:443 HTTP/1.1\r\nHost: shop.example:443\r\n\r\n",
  );
  expect(begun("2001:db8::7", credentials)).toBe(
    "CONNECT [2001:db8::7]:443 HTTP/1.1\r\nHost: [2001:db8::7]:443\r\nProxy-Authorization: Basic am86czNjcmV0\r\n\r\n",
  );
});

test.each([
  ["HTTP/1.1 200 OK\r\nVia: x\r\n\r\n220 mail", { kind: "open" }, "220 mail"],
  ["HTTP/1.0 200\r\n\r\n", { kind: "open" }, ""],
  ["HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\nx", { kind: "open" }, "x"],
  ["HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", { kind: "login-required" }, ""],
  ["HTTP/1.1 403 Forbidden\r\n\r\n", { kind: "refused-by-proxy", said: "403 Forbidden" }, ""],
  ["HTTP/1.1 502 Bad Gateway\n\n", { kind: "refused-by-proxy", said: "502 Bad Gateway" }, ""],
  [
    "HTTP/1.1 504 Gateway Timeout\r\n\r\n",
    { kind: "unreached", why: "timed-out", said: "504 Gateway Timeout" },
    "",
  ],
  ["HTTP/1.1 200 OK\r\nVia: x\r\n", null, "HTTP/1.1 200 OK\r\nVia: x\r\n"],
])("%j is understood", (answer, result, rest) => {
  const received = converse(negotiateConnect(authority, null), [Buffer.from(answer)]);
  expect([received.result, received.rest.toString()]).toEqual([result, rest]);
});

test("what is no HTTP is told at once", () => {
  for (const answer of ["SSH-2.0-x\r\n", "HTTP/2 200\r\n\r\n", "\x05\x00", "HTTP/1.1 OK\r\n\r\n"])
    expect(converse(negotiateConnect(authority, null), [Buffer.from(answer)]).result).toMatchObject({
      kind: "garbage",
    });
});

const NEGOTIATIONS: [string, () => Negotiation<ProxyAnswer>, Buffer][] = [
  ["SOCKS5", () => negotiateSocks5(authority, credentials), hex("0502 0100 05000003 03616263 0050 1603")],
  [
    "CONNECT",
    () => negotiateConnect(authority, credentials),
    Buffer.from("HTTP/1.1 200 OK\r\nVia: x\r\n\r\n220 mail"),
  ],
];

test.for(NEGOTIATIONS)("answers of %s read the same wherever they are cut", ([, begin, answers]) => {
  const whole = converse(begin(), [answers]);
  fc.assert(
    fc.property(fc.array(fc.nat(answers.length), { maxLength: 12 }), (cuts) => {
      const ends = [...cuts.sort((a, b) => a - b), answers.length];
      const pieces = ends.map((end, index) => answers.subarray(ends[index - 1] ?? 0, end));
      expect(converse(begin(), pieces)).toEqual(whole);
    }),
  );
});

test.for(NEGOTIATIONS)("no answer makes %s throw, or use more than was received", ([, begin, answers]) => {
  const noise = fc.oneof(
    fc.uint8Array({ maxLength: 64 }),
    fc
      .tuple(fc.nat(answers.length), fc.uint8Array({ maxLength: 40 }))
      .map(([end, more]) => Buffer.concat([answers.subarray(0, end), more])),
  );
  fc.assert(
    fc.property(noise, (bytes) => {
      const negotiation = begin();
      let received = Buffer.from(bytes);
      for (let steps = 0; steps < 200; steps++) {
        const step = negotiation.take(received);
        if (step.kind === "more") return;
        expect(step.used).toBeGreaterThan(0);
        expect(step.used).toBeLessThanOrEqual(received.length);
        if (step.kind === "over") return;
        received = received.subarray(step.used);
      }
      throw new Error("the negotiation does not end");
    }),
    { numRuns: 2_000 },
  );
});

const limits = { deadlineMs: 100, mostBytes: 64, signal: new AbortController().signal };

test("a negotiation over a stream ends with it, at its deadline, or at too much", async () => {
  const received = (bytes: string | null) => {
    const stream = Duplex.from({ readable: new PassThrough().end(bytes ?? ""), writable: new PassThrough() });
    return negotiate(stream, negotiateConnect(authority, null), limits);
  };
  expect(await received(null)).toMatchObject({ kind: "closed" });
  expect(await received(`HTTP/1.1 200 OK\r\nX: ${"x".repeat(100)}`)).toMatchObject({ kind: "flooded" });
  const silent = Duplex.from({ readable: new PassThrough(), writable: new PassThrough() });
  expect(await negotiate(silent, negotiateConnect(authority, null), limits)).toMatchObject({
    kind: "timed-out",
  });
});
