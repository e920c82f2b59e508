import { expect, test } from "vitest";
import type { Collection } from "#domain/collection/collection.ts";
import { evaluateGrants } from "#domain/ssh/effective.ts";
import { makeAccount, makeCollection, makeKeysFile } from "#domain/ssh/testdata/make-collection.ts";
import { evaluateAccounts } from "./evaluate-accounts.ts";
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
    now: NOW,
  });
  expect(ann?.lastLoginAt).toBe(NOW);
});
