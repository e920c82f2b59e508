import { expect, test } from "vitest";
import type { FindingDraft } from "#shared/model/finding.ts";
import type { Instant } from "#shared/model/instant.ts";
import type { CollectedHost } from "#store/probe-record.ts";
import { openStore, type Store } from "#store/store.ts";
import { listAccounts, listFindings } from "#store/testing/ask.ts";
import { makeAccount, makeGrant, makeVerdict, visitHost } from "#store/testing/make-visit.ts";

const openMemory = () => openStore({ path: ":memory:", access: "write" });

const dayOf = (day: number): Instant => `2026-06-${String(day).padStart(2, "0")}T00:00:00Z`;
const now = new Date("2026-07-01T00:00:00Z");

const visit = (
  store: Store,
  day: number,
  collected: Partial<CollectedHost> | null,
  findings: FindingDraft[] = [],
) => visitHost(store, "web", { at: dayOf(day), collected, findings });

const ANN = makeAccount("ann", { kind: "person" });
const found = (store: Store) =>
  listFindings(store, { now })
    .rows.filter(({ rule }) => rule !== "identity-without-owner")
    .map(({ rule, severity, label }) => `${severity} ${rule} ${label}`);

const returnedCounts = (store: Store) =>
  store.findings.counts(now).filter(({ rule }) => rule.endsWith("returned"));

test("an account that was gone and is there again is a critical finding since then, on its row and in the list", () => {
  const store = openMemory();
  visit(store, 1, { accounts: [ANN] });
  visit(store, 2, { accounts: [] });
  expect(found(store)).toEqual([]);
  visit(store, 3, { accounts: [{ ...ANN, uid: 1_007 }] });
  visit(store, 4, { accounts: [{ ...ANN, uid: 1_007 }] });
  expect(found(store)).toEqual(["critical account-returned ann"]);
  const [finding] = listFindings(store, { now }).rows;
  expect(finding).toMatchObject({
    object: { kind: "account" },
    host: "web",
    firstSeen: dayOf(3),
    evidence: [
      `the scan of ${dayOf(2)} found no such account`,
      `the scan of ${dayOf(3)} found it`,
      "uid 1007, before it had 1000",
      "grants that let in, or may: 0",
    ],
  });
  expect(store.findings.find(finding?.id ?? "", now)).toEqual(finding);
  const [row] = listAccounts(store).rows;
  expect(row?.findings).toMatchObject([{ rule: "account-returned", severity: "critical" }]);
  expect(store.accounts.find(row?.id ?? 0)?.findings).toEqual(row?.findings);
  expect(returnedCounts(store)).toEqual([{ rule: "account-returned", severity: "critical", count: 1 }]);
  for (const search of ["ann", "web", "returned"]) expect(listFindings(store, { now, search }).total).toBe(1);
  expect(listFindings(store, { now, search: "nobody" }).total).toBe(0);
  expect(listFindings(store, { now, host: "web" }).total).toBe(1);
  expect(listFindings(store, { now, host: "web2" }).total).toBe(0);
  visit(store, 5, { accounts: [] });
  expect(found(store)).toEqual([]);
});

test("a host or a directory that was out of sight brings nothing back, and neither does an old bundle", () => {
  const store = openMemory();
  const grants = [makeGrant("bob", { account: "ann" })];
  visit(store, 10, { accounts: [ANN], grants });
  visit(store, 11, null);
  visit(store, 12, { isPartial: true });
  visit(store, 13, { accounts: [], missingAccounts: "may-be-there", unreadablePaths: ["/root"] });
  visit(store, 14, { accounts: [ANN], grants });
  expect(found(store)).toEqual([]);
  visit(store, 15, {});
  visit(store, 9, { accounts: [ANN], grants });
  expect(found(store)).toEqual([]);
});

test("of an account that comes back it is said who gets in, for certain only where a line is known to let in", () => {
  const store = openMemory();
  const locked = { kind: "service", passwordState: "locked" } as const;
  const { risk } = ANN;
  const accounts = [
    makeAccount("mysql", { ...locked, uid: 110, kind: "system" }),
    makeAccount("redis", { ...locked, uid: 111, workloadCount: 1 }),
    makeAccount("app", { ...locked, uid: 112, passwordState: "unknown" }),
    makeAccount("ca", {
      ...locked,
      uid: 113,
      risk: { ...risk, entry: { level: "medium", atMost: "medium" } },
    }),
    makeAccount("ci", { ...locked, uid: 114, grantCount: 1 }),
    makeAccount("cd", { ...locked, uid: 115, grantCount: 1 }),
    makeAccount("typed", { uid: 116 }),
  ];
  const grants = (["yes", "unknown"] as const).map((effective, index) =>
    makeGrant(effective, { account: ["ci", "cd"][index] ?? "", verdict: makeVerdict(effective) }),
  );
  visit(store, 1, { accounts, grants });
  visit(store, 2, {});
  visit(store, 3, { accounts, grants });
  const { rows } = listFindings(store, { now, rule: "account-returned" });
  const said = rows.map(({ severity, label, sentence }) => [severity, label, sentence.split(", and ")[1]]);
  expect(said.toSorted()).toEqual([
    ["critical", "cd", "somebody may get in"],
    ["critical", "ci", "somebody gets in"],
    ["critical", "typed", "somebody may get in"],
    ["high", "app", "somebody may get in"],
    ["high", "ca", "somebody may get in"],
    ["medium", "redis", "nobody is known to get in"],
  ]);
  const briefs = listAccounts(store).rows.flatMap(({ name, findings }) =>
    findings.flatMap(({ rule, severity, sentence }) =>
      rule === "account-returned" ? [[severity, name, sentence.split(", and ")[1]]] : [],
    ),
  );
  expect(briefs.toSorted()).toEqual(said.toSorted());
});

test("a finding of a returned account is accepted until a day, and counts again from then on", () => {
  const store = openMemory();
  for (const [day, accounts] of [
    [1, [ANN]],
    [2, []],
    [3, [ANN]],
  ] as const)
    visit(store, day, { accounts: [...accounts] });
  const id = listAccounts(store).rows[0]?.id ?? 0;
  const accepted = { reason: "hired again", until: "2026-07-10", acceptedAt: dayOf(4) };
  store.atomically(() => store.acceptances.accept("account-returned", { kind: "account", id }, accepted));
  expect(found(store)).toEqual([]);
  expect(listFindings(store, { now, accepted: true }).total).toBe(1);
  expect(returnedCounts(store)).toEqual([]);
  expect(listFindings(store, { now: new Date("2026-07-10T00:00:00Z") }).total).toBe(1);
});

/** Accepts what is found of the account, for whatever reason. */
function acceptAll(store: Store, day: number): void {
  for (const { rule, object } of listFindings(store, { now }).rows)
    store.atomically(() =>
      store.acceptances.accept(rule, object, {
        reason: "known",
        until: "2027-01-01",
        acceptedAt: dayOf(day),
      }),
    );
}

test("an acceptance of a return covers neither the next one nor somebody else under the name", () => {
  const store = openMemory();
  const comeBack = (day: number, uid: number) => {
    visit(store, day, { accounts: [] });
    visit(store, day + 1, { accounts: [{ ...ANN, uid }] });
  };
  visit(store, 1, { accounts: [ANN] });
  comeBack(2, 1_000);
  acceptAll(store, 4);
  visit(store, 4, { accounts: [ANN] });
  expect(found(store)).toEqual([]);
  visit(store, 5, { accounts: [{ ...ANN, uid: 1_009 }] });
  expect(found(store)).toEqual(["critical account-returned ann"]);
  acceptAll(store, 6);
  expect(found(store)).toEqual([]);
  comeBack(7, 1_009);
  expect(found(store)).toEqual(["critical account-returned ann"]);
});

test("that nobody answers for an account is accepted of that account, and of no other under the name", () => {
  const store = openMemory();
  const deploy = makeAccount("deploy", { kind: "bot" });
  const rules = () => listFindings(store, { now }).rows.map(({ rule }) => rule);
  visit(store, 1, { accounts: [deploy] });
  expect(rules()).toEqual(["identity-without-owner"]);
  acceptAll(store, 2);
  visit(store, 2, { accounts: [deploy] });
  expect(rules()).toEqual([]);
  visit(store, 3, { accounts: [{ ...deploy, uid: 1_009 }] });
  expect(rules()).toEqual(["identity-without-owner"]);
});

const DRAFT: FindingDraft = {
  about: { kind: "account", name: "ann" },
  rule: "account-disabled-in-use",
  severity: "high",
  label: "ann",
  sentence: "somebody has logged in",
  evidence: ["x"],
  remedy: "y",
};

test("a finding of a reading stands until another reading shows the contrary", () => {
  const store = openMemory();
  visit(store, 1, { accounts: [ANN] }, [DRAFT]);
  expect(found(store)).toEqual(["high account-disabled-in-use ann"]);
  expect(listAccounts(store).rows[0]?.findings).toMatchObject([{ rule: "account-disabled-in-use" }]);
  visit(store, 2, null);
  visit(store, 3, { accounts: [ANN], unsettled: [{ rule: "account-disabled-in-use", account: "ann" }] });
  visit(store, 4, { accounts: [], missingAccounts: "may-be-there" });
  expect(found(store)).toEqual(["high account-disabled-in-use ann"]);
  visit(store, 5, { accounts: [ANN], unsettled: [{ rule: "account-unused", account: "ann" }] });
  expect(found(store)).toEqual([]);
  visit(store, 6, { accounts: [ANN] }, [DRAFT]);
  visit(store, 7, {});
  expect(found(store)).toEqual([]);
});

test("what keeps an account shut, and since when, is known at its next reading", () => {
  const store = openMemory();
  const disabled = [{ by: "expired" as const, since: dayOf(1) }];
  visit(store, 1, { accounts: [makeAccount("ann", { disabled }), makeAccount("bob")] });
  visit(store, 2, { accounts: [makeAccount("ann", { disabled, passwordState: "unknown" })] });
  const known = store.uses.knownAccounts({ host: "web", port: 22 });
  expect([...known]).toEqual([
    ["ann", { uid: 1_000, shell: "/bin/sh", passwordState: "set", disabled, firstSeen: dayOf(1) }],
  ]);
  expect(store.uses.knownAccounts({ host: "db", port: 22 })).toEqual(new Map());
});
