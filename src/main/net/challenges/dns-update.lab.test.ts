import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { answer } from "#net/challenges/answer.ts";
import type { ChallengeDeps } from "#net/challenges/challenge.ts";
import { queryRecords, type Resolver } from "#net/dns/query-records.ts";
import { Redacted } from "#shared/model/secret.ts";
import { DNS_PORT, startKnot } from "#testing/servers/knot.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { sendUpdate } from "./dns-update.ts";

const ZONE = "corp.test";
const SECRET = randomBytes(32).toString("base64");
const KEY = { name: "latchkey", algorithm: "hmac-sha256", secret: SECRET };
const RECORDS = `_acme-challenge.alias CNAME _acme-challenge.target.${ZONE}.\n_acme-challenge.away CNAME x.else.test.`;
const signal = new AbortController().signal;

const nearOf = (secret = SECRET): ChallengeDeps => ({
  session: null,
  token: "run1",
  address: null,
  resolvers: [],
  spreadMs: 5_000,
  signal,
  openSecret: async () => new Redacted(Buffer.from(`${secret}\n`)),
});
const wayTo = (server: Resolver, more: object = {}) => ({
  kind: "rfc2136" as const,
  server: server.address,
  port: server.port,
  zone: ZONE,
  keyName: KEY.name,
  algorithm: "hmac-sha256" as const,
  secretId: "s1",
  ...more,
});
const textsAt = async (server: Resolver, name: string) => {
  const told = await queryRecords(server, { name, type: "TXT", recurses: false, signal });
  return told.kind === "answered"
    ? told.answers.flatMap((one) => (one.type === "TXT" ? String(one.data) : [])).sort()
    : told.kind;
};

test("a record is added beside others by a signed update, and it alone goes again", async () => {
  await using folder = await makeTemporaryFolder();
  await using server = await startKnot({ folder: folder.path, zones: { [ZONE]: RECORDS }, key: KEY });
  const where = { address: server.address, port: DNS_PORT };
  const ask = (txt: string, name = `www.${ZONE}`) =>
    answer(wayTo(where), { type: "dns-01", name, txt }, nearOf());
  const [one, two] = [await ask("first-txt"), await ask("second_txt")];
  expect([one, two]).toMatchObject([{ kind: "ready", note: null }, { kind: "ready" }]);
  expect(await ask("first-txt")).toMatchObject({ kind: "ready" });
  const record = `_acme-challenge.www.${ZONE}`;
  expect(await textsAt(where, record)).toEqual(["first-txt", "second_txt"]);
  if (one.kind !== "ready" || two.kind !== "ready") throw new Error("it is not ready");
  expect(await one.undo()).toEqual({ kind: "undone" });
  expect(await textsAt(where, record)).toEqual(["second_txt"]);
  expect(await one.undo()).toEqual({ kind: "undone" });
  expect(await two.undo()).toEqual({ kind: "undone" });
  expect(await textsAt(where, record)).toBe("no-such-name");

  // For an alias, the update changes the record that it leads to.
  expect(await ask("aliased", `alias.${ZONE}`)).toMatchObject({ kind: "ready" });
  expect(await textsAt(where, `_acme-challenge.target.${ZONE}`)).toEqual(["aliased"]);
  expect(await ask("aliased", `away.${ZONE}`)).toMatchObject({
    kind: "failed",
    message: expect.stringContaining("x.else.test is not in the zone corp.test"),
  });
});

test("a server that says no is said with what is wrong, and nothing stays", async () => {
  await using folder = await makeTemporaryFolder();
  await using server = await startKnot({ folder: folder.path, zones: { [ZONE]: RECORDS }, key: KEY });
  const where = { address: server.address, port: DNS_PORT };
  const at = `${where.address}:${where.port}`;
  const challenge = { type: "dns-01" as const, name: `www.${ZONE}`, txt: "text" };
  const messageOf = async (way: object, near: ChallengeDeps = nearOf()) => {
    const answered = await answer(wayTo(where, way), challenge, near);
    return answered.kind === "failed" ? answered.message : answered.kind;
  };
  expect(await messageOf({}, nearOf(randomBytes(32).toString("base64")))).toBe(
    `${at}: it has another secret for the key latchkey`,
  );
  expect(await messageOf({}, nearOf("no base64!"))).toContain("is no base64");
  expect(await messageOf({}, { ...nearOf(), openSecret: null })).toContain("is not to be had here");
  expect(await messageOf({ keyName: "other" })).toContain(
    "no updates of the zone corp.test by the key other with that algorithm (NOTAUTH)",
  );
  expect(await messageOf({ algorithm: "hmac-sha512" })).toContain("by the key latchkey with that algorithm");
  expect(await messageOf({ zone: "test" })).toContain("it takes no updates of the zone test by");
  expect(await messageOf({ zone: "other.test" })).toContain("is not in the zone other.test");
  expect(await messageOf({ port: 1 })).toMatch(
    /nobody answers there; and something is left|nobody answers there/,
  );
  const key = { name: KEY.name, algorithm: "hmac-sha256" as const, secret: Buffer.from(SECRET, "base64") };
  const change = { kind: "add" as const, name: `_acme-challenge.www.${ZONE}`, text: "x" };
  const late = await sendUpdate(where, {
    zone: ZONE,
    key,
    change,
    now: () => Date.now() - 3_600_000,
    signal,
  });
  expect(late).toMatchObject({
    kind: "failed",
    message: expect.stringMatching(/clock.* differ by 3600 s|clock.*differ by 3\d\d\d s/),
  });
  // This key may change no names but those of challenges.
  const text = { ...change, name: `${ZONE}` };
  expect(await sendUpdate(where, { zone: ZONE, key, change: text, signal })).toMatchObject({
    kind: "failed",
    message: expect.stringContaining("(NOTAUTH)"),
  });
  expect(await textsAt(where, `_acme-challenge.www.${ZONE}`)).toBe("no-such-name");
});

test("what one server of the zone does not come to have is said, and taken back", async () => {
  await using folder = await makeTemporaryFolder();
  await using other = await makeTemporaryFolder();
  // This server copies the zone from no other.
  await using behind = await startKnot({ folder: other.path, zones: { [ZONE]: "" }, key: KEY });
  const zones = { [ZONE]: `@ NS ns2\nns2 A ${behind.address}` };
  await using server = await startKnot({ folder: folder.path, zones, key: KEY });
  const where = { address: server.address, port: DNS_PORT };
  const challenge = { type: "dns-01" as const, name: ZONE, txt: "text" };
  const record = `_acme-challenge.${ZONE}`;
  expect(await answer(wayTo(where), challenge, { ...nearOf(), spreadMs: 600 })).toEqual({
    kind: "failed",
    message: `${behind.address} did not have the TXT record of ${record} within 0.6 s`,
  });
  expect(await textsAt(where, record)).toBe("no-such-name");
  // It gets the record while we wait for it.
  const answered = answer(wayTo(where), challenge, nearOf());
  while ((await textsAt(where, record)) === "no-such-name");
  const key = { name: KEY.name, algorithm: "hmac-sha256" as const, secret: Buffer.from(SECRET, "base64") };
  const change = { kind: "add" as const, name: record, text: "text" };
  await sendUpdate({ address: behind.address, port: DNS_PORT }, { zone: ZONE, key, change, signal });
  expect(await answered).toMatchObject({ kind: "ready", note: null });
});

test.each(["hmac-sha384", "hmac-sha512"] as const)("updates are signed by %s as well", async (algorithm) => {
  await using folder = await makeTemporaryFolder();
  const key = { ...KEY, algorithm };
  await using server = await startKnot({ folder: folder.path, zones: { [ZONE]: "" }, key });
  const way = wayTo({ address: server.address, port: DNS_PORT }, { algorithm });
  const answered = await answer(way, { type: "dns-01", name: `a.${ZONE}`, txt: "text" }, nearOf());
  expect(answered).toMatchObject({ kind: "ready" });
});
