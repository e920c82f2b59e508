import { encode } from "dns-packet";
import { expect, test } from "vitest";
import { sshfpOf, startDnsServer } from "#testing/dns-server.ts";
import { formatResolver, isLocal, readResolver } from "./query-records.ts";
import { querySshfp } from "./query-sshfp.ts";

const NAME = "web1.example";
const HEX = "ab".repeat(32);
const FINGERPRINT = `SHA256:${Buffer.from(HEX, "hex").toString("base64")}`;
const RECORD = sshfpOf(NAME, 4, FINGERPRINT);
const READ = [{ algorithm: 4, hash: 2, fingerprint: HEX }];
const signal = new AbortController().signal;

const query = (resolver: { address: string; port: number }, options: object = {}) =>
  querySshfp(NAME, { resolvers: [resolver], signal, ...options });

test("the records of a name are read, and whether DNSSEC holds is believed of a local resolver", async () => {
  await using plain = await startDnsServer({ names: { [NAME]: [RECORD] } });
  expect(await query(plain.resolver)).toEqual({
    kind: "answered",
    records: READ,
    dnssec: "none",
    resolver: formatResolver(plain.resolver),
  });
  expect(plain.asked).toEqual([`udp SSHFP ${NAME}`]);
  await using validating = await startDnsServer({ names: { [NAME]: [RECORD] }, validates: true });
  expect(await query(validating.resolver)).toMatchObject({ dnssec: "local" });
  expect(isLocal({ address: "192.0.2.1", port: 53 })).toBe(false);
});

test("an answer that does not fit into a datagram is asked for by a stream", async () => {
  await using server = await startDnsServer({ names: { [NAME]: [RECORD] }, isLong: true });
  expect(await query(server.resolver)).toMatchObject({ kind: "answered", records: READ });
  expect(server.asked).toEqual([`udp SSHFP ${NAME}`, `tcp SSHFP ${NAME}`]);
});

test("an alias is followed within the answer, and a record of another name is none of this one's", async () => {
  const alias = { type: "CNAME" as const, name: NAME, data: "Real.example" };
  const answers = [alias, sshfpOf("real.example", 4, FINGERPRINT), sshfpOf("else.example", 1, FINGERPRINT)];
  await using server = await startDnsServer({ names: { [NAME]: answers } });
  expect(await query(server.resolver)).toMatchObject({ records: READ });
});

test("an answer to another question is passed over, and the right one taken", async () => {
  const forge = ({ id = 0 }: { id?: number | undefined }) =>
    encode({
      type: "response",
      id: (id + 1) & 0xffff,
      questions: [{ type: "SSHFP", name: NAME }],
      answers: [sshfpOf(NAME, 1, FINGERPRINT)],
    });
  await using server = await startDnsServer({ names: { [NAME]: [RECORD] }, before: forge });
  expect(await query(server.resolver)).toMatchObject({ records: READ });
});

test("no such name, no record and no answer are three things", async () => {
  await using server = await startDnsServer({ names: { "none.example": [], [NAME]: "nothing" } });
  const { resolver } = server;
  const resolvers = [resolver];
  expect(await querySshfp("other.example", { resolvers, signal })).toMatchObject({ kind: "no-such-name" });
  expect(await querySshfp("none.example", { resolvers, signal })).toMatchObject({
    kind: "answered",
    records: [],
  });
  expect(await query(resolver, { timeoutMs: 20 })).toEqual({
    kind: "failed",
    why: `${formatResolver(resolver)}: it did not answer in time`,
  });
  expect(await querySshfp(NAME, { resolvers: [], signal })).toEqual({
    kind: "failed",
    why: "this system has no resolver",
  });
});

test("the next resolver is asked where one does not answer; bytes that are no answer end nothing", async () => {
  await using mute = await startDnsServer({ names: { [NAME]: "nothing" } });
  await using noisy = await startDnsServer({ names: { [NAME]: Buffer.from([1, 2, 3]) } });
  await using good = await startDnsServer({ names: { [NAME]: [RECORD] } });
  const resolvers = [mute.resolver, noisy.resolver, good.resolver];
  expect(await querySshfp(NAME, { resolvers, signal, timeoutMs: 200 })).toMatchObject({ records: READ });
});

test("who is told to stop stops at once", async () => {
  await using server = await startDnsServer({ names: { [NAME]: "nothing" } });
  const answer = await query(server.resolver, { signal: AbortSignal.abort(), timeoutMs: 60_000 });
  expect(answer).toMatchObject({ kind: "failed" });
});

test.each([
  ["192.0.2.1", { address: "192.0.2.1", port: 53 }],
  ["192.0.2.1:5353", { address: "192.0.2.1", port: 5353 }],
  ["2001:db8::1", { address: "2001:db8::1", port: 53 }],
  ["[2001:db8::1]:5353", { address: "2001:db8::1", port: 5353 }],
  ["resolver.example", null],
  ["192.0.2.1:99999", null],
  ["", null],
])("a resolver is written as %s", (text, resolver) => {
  expect(readResolver(text)).toEqual(resolver);
});
