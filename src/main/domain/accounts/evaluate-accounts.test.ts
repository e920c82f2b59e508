import { expect, test } from "vitest";
import type { Collection } from "#domain/collection/collection.ts";
import { evaluateGrants } from "#domain/ssh/effective.ts";
import { makeAccount, makeCollection, makeKeysFile } from "#domain/ssh/testdata/make-collection.ts";
import type { KnownAccount } from "#shared/model/access/account.ts";
import { evaluateAccounts, evaluateDisabled } from "./evaluate-accounts.ts";
import { makeWorkloads } from "./testdata/make-workloads.ts";
import { evaluateWorkloads } from "./workloads.ts";

const NOW = "2026-06-01T00:00:00Z";
const ANN = makeAccount("ann", { uid: 1_000, passwordState: "set" });
const CACHE = makeAccount("cache", { uid: 998, shell: "/usr/sbin/nologin", passwordState: "locked" });

const NO_LOGINS = { logins: [], others: [], windows: [] };

type Evidence = Parameters<typeof evaluateAccounts>[1];

const NOTHING: Evidence = {
  grants: [],
  reach: { escalations: [], areRulesRead: true },
  use: NO_LOGINS,
  known: NO_LOGINS,
  peopleOf: () => [],
  workloads: null,
  byCertificate: new Set(),
  knownAccounts: new Map(),
  now: NOW,
};

/** The kind of each account, and what decided; the host was read whole but for this. */
function kinds(
  more: Partial<Collection> = {},
  evidence: Partial<Evidence> = {},
): [string, string, string | undefined][] {
  const collection = makeCollection({ accounts: [ANN, CACHE], workloads: makeWorkloads(), ...more });
  return evaluateAccounts(collection, {
    ...NOTHING,
    grants: evaluateGrants(collection),
    workloads: evaluateWorkloads(collection),
    ...evidence,
  }).map(({ name, kind, reasons }) => [name, kind, reasons[0]?.what]);
}

const WHOLE = [
  ["ann", "person", "number"],
  ["cache", "system", "number"],
];
const UNREAD = [
  ["ann", "unknown", "workloads-not-read"],
  ["cache", "unknown", "workloads-not-read"],
];
const unread = (kind: Collection["unreadable"][number]["kind"], path: string) => ({ kind, path, why: "x" });

test("what rests on nothing running as an account is unknown where a part of what runs was not read", () => {
  expect(kinds()).toEqual(WHOLE);
  expect(kinds({ unreadable: [{ ...unread("workload", "/etc/cron.d"), isAbsent: true }] })).toEqual(WHOLE);
  expect(kinds({ unreadable: [unread("workload", "/etc/systemd/system")] })).toEqual(UNREAD);
  const besides = [unread("setuid", "/usr"), unread("keytab", "/etc/krb5.keytab")];
  expect(kinds({ unreadable: besides })).toEqual(WHOLE);
  expect(kinds({ incomplete: "cut" })).toEqual(UNREAD);
  expect(kinds({ workloads: null })).toEqual(UNREAD);
  const unitFiles = [{ path: "/etc/systemd/system/a.service", kind: "unreadable" as const }];
  expect(kinds({ workloads: makeWorkloads({ unitFiles }) })).toEqual(UNREAD);
});

test("nobody is said to have no way in whose keys were not read, whom certificates let in, or whom a log has", () => {
  const of = (...asked: Parameters<typeof kinds>) => kinds(...asked)[1]?.slice(1);
  expect(of({ authorizedKeys: [makeKeysFile(CACHE, "", { bytes: null, whyUnreadable: "x" })] })).toEqual([
    "unknown",
    "keys-not-read",
  ]);
  expect(of({ unreadable: [unread("home", CACHE.home)] })).toEqual(["unknown", "keys-not-read"]);
  expect(of({}, { byCertificate: new Set(["cache"]) })).toEqual(["unknown", "number"]);
  expect(of({ lastLogins: [{ account: "cache", at: 1_700_000_000, source: "x" }] })).toEqual([
    "unknown",
    "number",
  ]);
});

test("a login by a clock that is ahead was by now", () => {
  const collection = makeCollection({
    accounts: [ANN],
    lastLogins: [{ account: "ann", at: Date.parse(NOW) / 1_000 + 60, source: "x" }],
  });
  const [ann] = evaluateAccounts(collection, NOTHING);
  expect(ann?.lastLoginAt).toBe(NOW);
});

test("a way to root that anybody sees is told apart from a guess about rules that were left unread", () => {
  const way = (by: "group" | "sudo", isCertain = false) => ({
    account: "ann",
    target: "root",
    by,
    commands: "any" as const,
    password: "none" as const,
    isCertain,
    what: [],
    shell: null,
    rule: "x",
  });
  const accounts = [makeAccount("root", { uid: 0 }), ANN];
  const shown = (escalations: ReturnType<typeof way>[], areRulesRead = false) =>
    evaluateAccounts(makeCollection({ accounts }), { ...NOTHING, reach: { escalations, areRulesRead } })
      .filter(({ isEscalationShown }) => isEscalationShown)
      .map(({ name, root }) => [name, root]);
  expect(shown([way("sudo")])).toEqual([]);
  expect(shown([way("sudo")], true)).toEqual([["ann", "maybe"]]);
  expect(shown([way("sudo"), way("group")])).toEqual([["ann", "maybe"]]);
  expect(shown([way("group", true)])).toEqual([["ann", "becomes-root"]]);
});

const EARLIER = "2026-04-01T00:00:00Z";
const BEFORE = "2026-05-01T00:00:00Z";
const SECONDS = Date.parse(NOW) / 1_000;
const DAY = Math.floor(SECONDS / 86_400);

const known = (more: Partial<KnownAccount> = {}): KnownAccount => ({
  uid: 1_000,
  shell: "/bin/sh",
  passwordState: "set",
  disabled: [],
  firstSeen: BEFORE,
  ...more,
});

const disabled = (account: Parameters<typeof makeAccount>[1], before: KnownAccount | null = null) =>
  evaluateDisabled(makeAccount("ann", account), before, { now: SECONDS, at: NOW });

test("a locked password or a shell that lets nobody in disables an account only where it was otherwise before", () => {
  expect(disabled({ passwordState: "locked", shell: "/usr/sbin/nologin" })).toEqual([]);
  expect(disabled({ passwordState: "locked" }, known({ passwordState: "locked" }))).toEqual([]);
  expect(disabled({ passwordState: "locked" }, known({ passwordState: "unknown" }))).toEqual([]);
  expect(disabled({ passwordState: "locked" }, known())).toEqual([{ by: "password-locked", since: NOW }]);
  expect(disabled({ shell: "/bin/false" }, known())).toEqual([{ by: "no-login-shell", since: NOW }]);
  expect(disabled({ shell: "/bin/false" }, known({ shell: "/usr/sbin/nologin" }))).toEqual([]);
});

test("an expiry disables from its day on", () => {
  expect(disabled({ expiresOnDay: DAY + 1 })).toEqual([]);
  expect(disabled({ expiresOnDay: DAY })).toEqual([{ by: "expired", since: NOW }]);
  expect(disabled({ expiresOnDay: 0 })).toEqual([{ by: "expired", since: NOW }]);
});

test("it is disabled since the first reading that showed it, and what a reading could not read is as it was", () => {
  const before = known({
    passwordState: "locked",
    disabled: [
      { by: "expired", since: BEFORE },
      { by: "password-locked", since: EARLIER },
    ],
  });
  expect(disabled({ passwordState: "locked", expiresOnDay: 0 }, before)).toEqual(before.disabled);
  expect(disabled({ passwordState: "unknown", expiresOnDay: "unknown" }, before)).toEqual(before.disabled);
  expect(disabled({ passwordState: "set", expiresOnDay: 0 }, before)).toEqual([
    { by: "expired", since: BEFORE },
  ]);
  const [, locked] = before.disabled;
  const once = known({ passwordState: "locked", disabled: locked ? [locked] : [] });
  expect(disabled({ passwordState: "locked", expiresOnDay: 0 }, once)).toEqual([
    { by: "expired", since: NOW },
    { by: "password-locked", since: EARLIER },
  ]);
  expect(disabled({ passwordState: "set", expiresOnDay: null }, before)).toEqual([]);
});

test("another number is another account of the same name", () => {
  expect(disabled({ uid: 1_001, passwordState: "locked" }, known())).toEqual([]);
});

const KEYS = [
  "AAAAIN1YdxBpNlzxDqfJyw/QKow1F+wvG9hXGoqiysfJOn5Y",
  "AAAAIN1YdxBpNlzxDqfJyw/QKow1F+wvG9hXGoqiysfJOn5Z",
].map((point) => `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5${point}`);

/** What decides of an account that is entered by two keys, whose these are and which of them logged in. */
function evaluateKeys(
  people: readonly number[][],
  loggedIn: readonly number[],
  more: Partial<Collection> = {},
) {
  const key = { ...ANN, passwordState: "locked" as const };
  const collection = makeCollection({
    accounts: [key],
    workloads: makeWorkloads(),
    authorizedKeys: [makeKeysFile(key, `${KEYS.join("\n")}\n`)],
    ...more,
  });
  const grants = evaluateGrants(collection);
  const prints = grants.map((grant) => grant.key?.fingerprint ?? "");
  const logins = loggedIn.map((index) => ({
    account: "ann",
    fingerprint: prints[index] ?? "SHA256:another",
    isAuthority: false,
    firstAt: NOW,
    lastAt: NOW,
    lastInJournalAt: null,
    lastFrom: null,
    origins: [],
    days: [],
  }));
  const [ann] = evaluateAccounts(collection, {
    grants,
    reach: { escalations: [], areRulesRead: true },
    use: NO_LOGINS,
    known: { logins, windows: [] },
    peopleOf: (print) =>
      (people[prints.indexOf(print)] ?? []).map((person) => ({ person, name: `Person ${person}` })),
    workloads: evaluateWorkloads(collection),
    byCertificate: new Set(),
    knownAccounts: new Map(),
    now: NOW,
  });
  const who = ann?.reasons.find(({ what }) => what === "one-person" || what === "several-people");
  return [ann?.kind, who];
}

test("an account is a person's whose keys are all of that person's and who logs in by them alone", () => {
  const one = (isUsed: boolean) => ({ what: "one-person", person: "Person 1", isUsed });
  expect(evaluateKeys([[1], [1]], [0])).toEqual(["person", one(true)]);
  expect(evaluateKeys([[1], [1]], [])).toEqual(["unknown", one(false)]);
  expect(evaluateKeys([[1], [1]], [0, 7])).toEqual(["unknown", one(false)]);
  expect(evaluateKeys([[1], []], [0])).toEqual(["unknown", undefined]);
  expect(evaluateKeys([[1], [2]], [0])).toEqual([
    "unknown",
    { what: "several-people", count: 2, isAll: true },
  ]);
  expect(evaluateKeys([[1, 2], [1]], [0])).toEqual([
    "unknown",
    { what: "several-people", count: 2, isAll: true },
  ]);
  const unread = { kind: "limit", path: "x", why: "y" } as const;
  expect(evaluateKeys([[1], [1]], [0], { unreadable: [unread] })).toEqual(["unknown", undefined]);
});
