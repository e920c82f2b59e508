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
  isCertain: true,
  hasShell: true,
  isLimitedByAddress: false,
  isUnused: false,
  since: "2026-05-01T00:00:00Z",
  ...more,
});

const evidence = (more: Partial<RiskEvidence> = {}): RiskEvidence => ({
  account: { passwordState: "locked", passwordSince: null },
  grants: [],
  areKeysRead: true,
  certificates: "no",
  keyFiles: [],
  arePrivateKeysRead: true,
  addresses: { all: new Set(), inJournal: new Set() },
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
    evidence({ account: { passwordState: "unknown", passwordSince: null }, areKeysRead: false }),
    NOW,
  );
  const unknown = { level: "none", atMost: "high" };
  expect({ entry, exposure, age }).toEqual({ entry: unknown, exposure: unknown, age: unknown });
});

test("keys that were not read leave entry, exposure and age unknown, of root and of people as of any account", () => {
  const { entry, exposure, age, reasons } = evaluateRisk(evidence({ areKeysRead: false }), NOW);
  expect({ entry, exposure, age }).toEqual({
    entry: { level: "none", atMost: "high" },
    exposure: { level: "none", atMost: "low" },
    age: { level: "none", atMost: "high" },
  });
  expect(reasons.exposure).toEqual([{ what: "keys-not-read" }]);
  const root = { ...hostAccount("root", "/root"), uid: 0, reasons: [{ what: "root" as const }] };
  const rated = (more: Partial<typeof NO_EVIDENCE>) =>
    evaluateRisks([root], { ...NO_EVIDENCE, ...more }).map(({ risk }) => risk.age)[0];
  expect(rated({})).toEqual(NO_RISK);
  expect(rated({ mayHaveMoreKeys: ({ name }) => name === "root" })).toEqual(age);
  expect(rated({ isPartial: true })).toEqual(age);
});

test("private keys that were not read may be open to others", () => {
  const { exposure, reasons } = evaluateRisk(evidence({ arePrivateKeysRead: false }), NOW);
  expect(exposure).toEqual({ level: "none", atMost: "high" });
  expect(reasons.exposure).toEqual([{ what: "private-keys-not-read" }]);
});

test("of an account that certificates open it is not known since when, and one that they may open is not known to be entered", () => {
  expect(evaluateRisk(evidence({ certificates: "yes" }), NOW)).toMatchObject({
    entry: medium,
    age: { level: "none", atMost: "high" },
  });
  expect(evaluateRisk(evidence({ certificates: "may" }), NOW).entry).toEqual({
    level: "none",
    atMost: "medium",
  });
});

test("a password is as old as shadow has it, and of unknown age where that is silent", () => {
  const ageOf = (passwordSince: string | null) =>
    evaluateRisk(evidence({ account: { passwordState: "set", passwordSince } }), NOW).age;
  expect(ageOf("2026-05-01T00:00:00Z")).toEqual(low);
  expect(ageOf("2020-05-01T00:00:00Z")).toEqual(high);
  expect(ageOf(null)).toEqual({ level: "none", atMost: "high" });
});

test("grants that may let somebody in raise what the factors may be, and not what they are known to be", () => {
  const { entry, exposure, age } = evaluateRisk(
    evidence({ grants: [grant({ isCertain: false, since: "2020-01-01T00:00:00Z" }), grant()] }),
    NOW,
  );
  expect([entry, exposure, age]).toEqual([low, low, { level: "low", atMost: "high" }]);
  const perhaps = evaluateRisk(evidence({ grants: [grant({ isCertain: false })] }), NOW);
  const none = { level: "none", atMost: "low" };
  expect([perhaps.entry, perhaps.exposure, perhaps.age]).toEqual([none, none, none]);
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
  const four = new Set(["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"]);
  const exposureBy = (inJournal: ReadonlySet<string>) =>
    evaluateRisk(evidence({ addresses: { all: four, inJournal } }), NOW).exposure;
  expect(exposureBy(four)).toEqual(medium);
  // Anybody of the host has as many lines written into a plain file.
  expect(exposureBy(new Set())).toEqual({ level: "none", atMost: "medium" });
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
  certificatesOf: () => "no",
  mayHaveMoreKeys: () => false,
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
    origins: origins.map((address) => ({ from: address, lastInJournalAt: "2026-05-01T00:00:00Z" })),
  });
  const [ann, bob] = evaluateRisks([hostAccount("ann"), hostAccount("bob")], {
    ...NO_EVIDENCE,
    logins: [
      from("ann", "192.0.2.1", "192.0.2.1", "192.0.2.2"),
      from("ann", null, "192.0.2.3", "192.0.2.4"),
      from("bob", "192.0.2.1", "192.0.2.1"),
    ],
  });
  expect(ann?.risk.reasons.exposure).toEqual([{ what: "addresses", count: 4, isSure: true }]);
  expect(bob?.risk.reasons.exposure).toEqual([]);
});
