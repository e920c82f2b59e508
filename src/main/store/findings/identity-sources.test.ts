import { expect, test } from "vitest";
import { openStore, type Store } from "#store/store.ts";
import { listAccounts, listFindings, readAll } from "#store/testing/ask.ts";
import { MACHINES, OTHERS } from "#store/testing/make-accounts.ts";
import { makeAccount, START, visitHost } from "#store/testing/make-visit.ts";

const openMemory = () => openStore({ path: ":memory:", access: "write" });

const OWNERLESS = "identity-without-owner" as const;
const LEFT = "identity-owner-left" as const;

const found = (store: Store, rule: typeof OWNERLESS | typeof LEFT) =>
  listFindings(store, { rule }).rows.map(({ severity, label }) => `${severity} ${label}`);

const counted = (store: Store, rule: string) =>
  store.findings
    .counts(new Date(START))
    .filter((one) => one.rule === rule)
    .map(({ severity, count }) => `${count} ${severity}`);

/** Names the owner of a host, or of `account@host`. */
function name(store: Store, thing: string, owner: string | null): void {
  const [account, host] = thing.includes("@") ? thing.split("@") : [null, thing];
  const row = store.labels.findRow(
    account
      ? { kind: "account", host: host ?? "", port: 22, name: account }
      : { kind: "host", host: host ?? "" },
  );
  if (!row) throw new Error(`there is no ${thing}`);
  store.atomically(() => store.labels.set(row, { owner }));
}

test("a machine's account that nobody answers for is a finding by what it can do, and no person's or the system's is", () => {
  const store = openMemory();
  visitHost(store, "web", { collected: { accounts: [...MACHINES, ...OTHERS] } });
  expect(found(store, OWNERLESS)).toEqual(["medium deploy", "low ci", "low odd", "info app"]);
  expect(counted(store, OWNERLESS)).toEqual(["1 medium", "2 low", "1 info"]);
  const [first] = listFindings(store, { rule: OWNERLESS }).rows;
  expect(first).toMatchObject({
    sentence: "nobody answers for this: a bot's account, which is as good as root",
    object: { kind: "account" },
    firstSeen: START,
  });
  expect(store.findings.find(first?.id ?? "", new Date(START))).toEqual(first);
  const briefs = listAccounts(store).rows.map(({ name, findings }) => [
    name,
    findings.map(({ rule }) => rule),
  ]);
  expect(Object.fromEntries(briefs)).toMatchObject({ deploy: [OWNERLESS], ann: [], root: [] });
});

test("an account of which nobody can tell whose it is counts as that where somebody may get in, and not as a person's", () => {
  const store = openMemory();
  const mayBeEntered = (name: string) => {
    const account = makeAccount(name, { uid: 1_005, kind: "unknown", passwordState: "unknown" });
    return { ...account, risk: { ...account.risk, entry: { level: "none", atMost: "high" } } } as const;
  };
  visitHost(store, "web", { collected: { accounts: [...OTHERS, mayBeEntered("vpn")] } });
  expect(found(store, OWNERLESS)).toEqual(["info vpn"]);
  expect(counted(store, OWNERLESS)).toEqual(["1 info"]);
  expect(listFindings(store, { rule: OWNERLESS }).rows[0]?.sentence).toBe(
    "nobody answers for this: an account of which readings do not show whether it is a person's or a machine's",
  );
  visitHost(store, "web", { collected: { accounts: [...OTHERS, makeAccount("vpn", { uid: 1_005 })] } });
  expect(counted(store, OWNERLESS)).toEqual([]);
});

test("another name for uid 0 is asked for an owner before all others, and root itself is not", () => {
  const store = openMemory();
  const toor = makeAccount("toor", { uid: 0, kind: "unknown", root: "is-root" });
  visitHost(store, "web", { collected: { accounts: [...OTHERS, toor] } });
  expect(found(store, OWNERLESS)).toEqual(["medium toor"]);
  expect(listFindings(store, { rule: OWNERLESS }).rows[0]?.sentence).toContain("as good as root");
  expect(counted(store, OWNERLESS)).toEqual(["1 medium"]);
});

test("whoever answers for the account, or for its host, settles it, and it is counted as it is listed", () => {
  const store = openMemory();
  visitHost(store, "web", { collected: { accounts: MACHINES } });
  visitHost(store, "db", { collected: { accounts: MACHINES } });
  name(store, "web", "Ann Moore");
  expect(counted(store, OWNERLESS)).toEqual(["1 medium", "2 low", "1 info"]);
  expect(listFindings(store, { rule: OWNERLESS }).rows.every(({ host }) => host === "db")).toBe(true);
  name(store, "web", null);
  visitHost(store, "db", { collected: { accounts: [] } });
  visitHost(store, "web", {
    collected: { accounts: MACHINES.map((one) => ({ ...one, kind: "person" as const })) },
  });
  expect(counted(store, OWNERLESS)).toEqual([]);
  visitHost(store, "db", { collected: { accounts: MACHINES } });
  expect(counted(store, OWNERLESS)).toEqual(["1 medium", "2 low", "1 info"]);
  expect(listFindings(store, { rule: OWNERLESS }).total).toBe(4);
});

test("accounts without an owner are listed in each order once, a page at a time, and found by words", () => {
  const store = openMemory();
  for (const [index, host] of ["web2", "db", "web1"].entries())
    visitHost(store, host, { at: `2026-05-0${index + 1}T00:00:00Z`, collected: { accounts: MACHINES } });
  const all = listFindings(store, { rule: OWNERLESS }).rows.map(({ id }) => id);
  for (const by of ["severity", "rule", "host", "label", "firstSeen"] as const)
    for (const descending of [false, true]) {
      const sort = { by, descending };
      const rows = readAll((page) => listFindings(store, { rule: OWNERLESS, sort, ...page }), 5);
      expect(rows.map(({ id }) => id).toSorted()).toEqual(all.toSorted());
      if (by !== "host" && by !== "firstSeen") continue;
      const keys = rows.map((row) => row[by]);
      expect(keys).toEqual(descending ? keys.toSorted().reverse() : keys.toSorted());
    }
  expect(listFindings(store, { rule: OWNERLESS, search: "deploy web" }).total).toBe(2);
  expect(listFindings(store, { rule: OWNERLESS, host: "db" }).total).toBe(4);
});
