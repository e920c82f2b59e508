import fc from "fast-check";
import { expect, test } from "vitest";
import type { HostAccount } from "#shared/model/access/account.ts";
import {
  type AccountRisk,
  composeRisk,
  NO_RISK,
  RISK_FACTORS,
  type RiskFactor,
  RiskLevel,
  rankOf,
  weightOf,
} from "#shared/model/access/risk.ts";
import { evaluateRisk, evaluateRisks, type RiskEvidence } from "./account-risk.ts";

const NOW = new Date("2026-06-01T00:00:00Z");

const grant = (more: Partial<RiskEvidence["grants"][number]> = {}): RiskEvidence["grants"][number] => ({
  fingerprint: "SHA256:a",
  hasShell: true,
  isLimitedByAddress: false,
  isUnused: false,
  since: "2026-05-01T00:00:00Z",
  ...more,
});

const evidence = (more: Partial<RiskEvidence> = {}): RiskEvidence => ({
  account: { passwordState: "locked", reasons: [] },
  grants: [],
  isEnteredByCertificate: false,
  keyFiles: [],
  arePrivateKeysRead: true,
  addresses: new Set(),
  ...more,
});

const high: RiskFactor = { level: "high", atMost: "high" };
const medium: RiskFactor = { level: "medium", atMost: "medium" };
const low: RiskFactor = { level: "low", atMost: "low" };

test("an account without a key, a password or a private key has no risk that a reading shows", () => {
  expect(evaluateRisk(evidence(), NOW)).toEqual({
    entry: NO_RISK,
    exposure: NO_RISK,
    age: NO_RISK,
    arePrivateKeysRead: true,
    reasons: { entry: [], exposure: [], age: [] },
  });
});

test("many keys are a greater reach than few, and one key on two lines is one key", () => {
  const entryOf = (keys: readonly string[]) =>
    evaluateRisk(evidence({ grants: keys.map((fingerprint) => grant({ fingerprint })) }), NOW);
  expect(entryOf(["a", "a", "b"])).toMatchObject({ entry: low, reasons: { entry: [{ count: 2 }] } });
  expect(entryOf(["a", "b", "c"])).toMatchObject({ entry: medium });
  expect(entryOf(Array.from({ length: 11 }, (_, index) => `${index}`))).toMatchObject({ entry: high });
});

test("a private key without a passphrase that others can read is the greatest exposure, and one that is encrypted none", () => {
  const exposureOf = (isEncrypted: boolean | null, isReadableByOthers: boolean) =>
    evaluateRisk(evidence({ keyFiles: [{ isEncrypted, isReadableByOthers }] }), NOW).exposure;
  expect(exposureOf(false, true)).toEqual(high);
  expect(exposureOf(false, false)).toEqual(low);
  expect(exposureOf(true, true)).toEqual(NO_RISK);
});

test("what was not read is unknown, and as much as it may be", () => {
  const { entry, exposure, age } = evaluateRisk(
    evidence({ account: { passwordState: "unknown", reasons: [{ what: "keys-not-read" }] } }),
    NOW,
  );
  const unknown = { level: "none", atMost: "high" };
  expect({ entry, exposure, age }).toEqual({ entry: unknown, exposure: unknown, age: unknown });
});

test("a key is as old as its line is known to be, one without use is old, and one of the future is new", () => {
  const ageOf = (more: Partial<RiskEvidence["grants"][number]>) =>
    evaluateRisk(evidence({ grants: [grant(more)] }), NOW).age;
  expect(ageOf({ since: "2026-05-01T00:00:00Z" })).toEqual(low);
  expect(ageOf({ since: "2026-03-03T00:00:00Z" })).toEqual(medium);
  expect(ageOf({ since: "2025-06-01T00:00:00Z" })).toEqual(high);
  expect(ageOf({ since: "2099-01-01T00:00:00Z" })).toEqual(low);
  expect(ageOf({ isUnused: true })).toEqual(medium);
  expect(ageOf({ since: null })).toEqual({ level: "none", atMost: "high" });
});

test("logins from many addresses and grants from anywhere are exposures, and one that is limited by address is none", () => {
  const addresses = new Set(["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"]);
  expect(evaluateRisk(evidence({ addresses }), NOW).exposure).toEqual(medium);
  expect(evaluateRisk(evidence({ grants: [grant()] }), NOW).exposure).toEqual(low);
  expect(evaluateRisk(evidence({ grants: [grant({ isLimitedByAddress: true })] }), NOW).exposure).toEqual(
    NO_RISK,
  );
});

test("an account that nobody answers for is exposed, whatever its host shows", () => {
  const shown = { entry: NO_RISK, exposure: NO_RISK, age: NO_RISK };
  const around = { privilege: NO_RISK, opened: NO_RISK };
  expect(composeRisk(shown, { ...around, owner: "" }).exposure).toEqual(medium);
  expect(composeRisk(shown, { ...around, owner: "Ann" }).exposure).toEqual(NO_RISK);
});

const level = fc.constantFrom(...RiskLevel.options);
const factor = fc
  .tuple(level, level)
  .map(
    ([one, other]): RiskFactor =>
      weightOf(one) <= weightOf(other) ? { level: one, atMost: other } : { level: other, atMost: one },
  );
const risk: fc.Arbitrary<AccountRisk> = fc.record({
  reach: factor,
  privilege: factor,
  exposure: factor,
  age: factor,
});

test("raising a factor never lowers an account in the order, and a higher product always comes first", () => {
  fc.assert(
    fc.property(risk, fc.constantFrom(...RISK_FACTORS), factor, (one, name, raised) => {
      const isRaised =
        weightOf(raised.level) >= weightOf(one[name].level) &&
        weightOf(raised.atMost) >= weightOf(one[name].atMost);
      fc.pre(isRaised);
      expect(rankOf({ ...one, [name]: raised })).toBeGreaterThanOrEqual(rankOf(one));
    }),
  );
});

test("what becomes known of a factor never brings an account above one that may be worse", () => {
  fc.assert(
    fc.property(risk, fc.constantFrom(...RISK_FACTORS), level, (one, name, known) => {
      const { level: least, atMost } = one[name];
      fc.pre(weightOf(least) <= weightOf(known) && weightOf(known) <= weightOf(atMost));
      const after = rankOf({ ...one, [name]: { level: known, atMost: known } });
      expect(Math.floor(after / 1_000)).toBeLessThanOrEqual(Math.floor(rankOf(one) / 1_000));
    }),
  );
});

const hostAccount = (name: string, home = `/home/${name}`): HostAccount => ({
  name,
  uid: 1_000,
  shell: "/bin/sh",
  home,
  groups: [],
  passwordState: "locked",
  passwordAge: null,
  kind: "bot",
  reasons: [],
  root: "no",
  isEscalationShown: false,
  workloads: [],
  workloadCount: 0,
  grantCount: 0,
  lastLoginAt: null,
  disabled: [],
});

const NO_EVIDENCE: Parameters<typeof evaluateRisks>[1] = {
  grants: [],
  standsSince: () => null,
  byCertificate: new Set(),
  keyFiles: [],
  readAs: "root",
  isPartial: false,
  unreadableKeyLocations: [],
  logins: [],
  now: NOW,
};

test("a private key may have been missed below, at or above the home of an account alone, and by whoever is not root in all others", () => {
  const accounts = ["ann", "bob", "deep"].map((name) => hostAccount(name));
  const readOf = (more: Partial<typeof NO_EVIDENCE>) =>
    evaluateRisks(accounts, { ...NO_EVIDENCE, ...more }).map(({ risk }) => risk.arePrivateKeysRead);
  expect(readOf({})).toEqual([true, true, true]);
  expect(readOf({ unreadableKeyLocations: ["/home/ann/.ssh/id_rsa", "/home/bob"] })).toEqual([
    false,
    false,
    true,
  ]);
  expect(readOf({ unreadableKeyLocations: ["/home"] })).toEqual([false, false, false]);
  expect(readOf({ unreadableKeyLocations: ["/home/an", "/srv"] })).toEqual([true, true, true]);
  expect(readOf({ readAs: "bob" })).toEqual([false, true, false]);
  expect(readOf({ isPartial: true })).toEqual([false, false, false]);
});

test("a host key is no exposure of root's, and any other private key file that others may touch is one of its owner's", () => {
  const file = { isEncrypted: false, owner: "ann", mode: "0640", path: "/home/ann/.ssh/id_rsa" };
  const hostKey = { ...file, owner: "root", mode: "0644", path: "/etc/ssh/ssh_host_rsa_key" };
  const [root, ann] = evaluateRisks([hostAccount("root", "/root"), hostAccount("ann")], {
    ...NO_EVIDENCE,
    keyFiles: [hostKey, file],
  });
  expect(root?.risk.exposure).toEqual(NO_RISK);
  expect(ann?.risk).toMatchObject({
    exposure: high,
    reasons: { exposure: [{ what: "open-key-files", count: 1, isReadableByOthers: true }] },
  });
});

test("addresses are counted over all logins of an account, and once each", () => {
  const from = (account: string, lastFrom: string | null, ...origins: string[]) => ({
    account,
    lastFrom,
    origins: origins.map((address) => ({ from: address })),
  });
  const [ann, bob] = evaluateRisks([hostAccount("ann"), hostAccount("bob")], {
    ...NO_EVIDENCE,
    logins: [
      from("ann", "192.0.2.1", "192.0.2.1", "192.0.2.2"),
      from("ann", null, "192.0.2.3", "192.0.2.4"),
      from("bob", "192.0.2.1", "192.0.2.1"),
    ],
  });
  expect(ann?.risk.reasons.exposure).toEqual([{ what: "addresses", count: 4 }]);
  expect(bob?.risk.reasons.exposure).toEqual([]);
});
