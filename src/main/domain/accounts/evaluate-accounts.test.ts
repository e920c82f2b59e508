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

type Evidence = Partial<Parameters<typeof evaluateAccounts>[1]>;

/** The kind of each account, and what decided; the host was read whole but for this. */
function kinds(
  more: Partial<Collection> = {},
  evidence: Evidence = {},
): [string, string, string | undefined][] {
  const collection = makeCollection({ accounts: [ANN, CACHE], workloads: makeWorkloads(), ...more });
  return evaluateAccounts(collection, {
    grants: evaluateGrants(collection),
    reach: { escalations: [], areRulesRead: true },
    use: { logins: [], others: [], windows: [] },
    workloads: evaluateWorkloads(collection),
    byCertificate: new Set(),
    knownAccounts: new Map(),
    now: NOW,
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
  const [ann] = evaluateAccounts(collection, {
    grants: [],
    reach: { escalations: [], areRulesRead: true },
    use: { logins: [], others: [], windows: [] },
    workloads: null,
    byCertificate: new Set(),
    knownAccounts: new Map(),
    now: NOW,
  });
  expect(ann?.lastLoginAt).toBe(NOW);
});

const BEFORE = "2026-05-01T00:00:00Z";
const SECONDS = Date.parse(NOW) / 1_000;
const DAY = Math.floor(SECONDS / 86_400);

const known = (more: Partial<KnownAccount> = {}): KnownAccount => ({
  uid: 1_000,
  shell: "/bin/sh",
  passwordState: "set",
  disabled: null,
  firstSeen: BEFORE,
  ...more,
});

const disabled = (account: Parameters<typeof makeAccount>[1], before: KnownAccount | null = null) =>
  evaluateDisabled(makeAccount("ann", account), before, { now: SECONDS, at: NOW });

test("a locked password or a shell that lets nobody in disables an account only where it was otherwise before", () => {
  expect(disabled({ passwordState: "locked", shell: "/usr/sbin/nologin" })).toBeNull();
  expect(disabled({ passwordState: "locked" }, known({ passwordState: "locked" }))).toBeNull();
  expect(disabled({ passwordState: "locked" }, known({ passwordState: "unknown" }))).toBeNull();
  expect(disabled({ passwordState: "locked" }, known())).toEqual({ by: ["password-locked"], since: NOW });
  expect(disabled({ shell: "/bin/false" }, known())).toEqual({ by: ["no-login-shell"], since: NOW });
  expect(disabled({ shell: "/bin/false" }, known({ shell: "/usr/sbin/nologin" }))).toBeNull();
});

test("an expiry disables from its day on", () => {
  expect(disabled({ expiresOnDay: DAY + 1 })).toBeNull();
  expect(disabled({ expiresOnDay: DAY })).toEqual({ by: ["expired"], since: NOW });
  expect(disabled({ expiresOnDay: 0 })).toEqual({ by: ["expired"], since: NOW });
});

test("it is disabled since the first reading that showed it, and what a reading could not read is as it was", () => {
  const before = known({
    passwordState: "locked",
    disabled: { by: ["expired", "password-locked"], since: BEFORE },
  });
  expect(disabled({ passwordState: "locked", expiresOnDay: 0 }, before)).toEqual(before.disabled);
  expect(disabled({ passwordState: "unknown", expiresOnDay: "unknown" }, before)).toEqual(before.disabled);
  expect(disabled({ passwordState: "set", expiresOnDay: 0 }, before)).toEqual({
    by: ["expired"],
    since: BEFORE,
  });
  expect(disabled({ passwordState: "set", expiresOnDay: null }, before)).toBeNull();
});

test("another number is another account of the same name", () => {
  expect(disabled({ uid: 1_001, passwordState: "locked" }, known())).toBeNull();
});
