import { expect, test } from "vitest";
import { settleStandings } from "#domain/people/standing.ts";
import { openStore, type Store } from "#store/store.ts";
import { listAccounts, listFindings, readAll } from "#store/testing/ask.ts";
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

const MACHINES = [
  makeAccount("deploy", {
    uid: 1_001,
    kind: "bot",
    grantCount: 2,
    root: "becomes-root",
    passwordState: "locked",
  }),
  makeAccount("ci", { uid: 1_002, kind: "bot", grantCount: 1, passwordState: "locked" }),
  makeAccount("app", { uid: 990, kind: "service", passwordState: "locked" }),
  makeAccount("odd", { uid: 1_003, kind: "unknown", grantCount: 1 }),
];
const OTHERS = [
  makeAccount("root", { uid: 0, kind: "system", root: "is-root", grantCount: 1 }),
  makeAccount("toor", { uid: 0, kind: "unknown", root: "is-root", grantCount: 1 }),
  makeAccount("ann", { uid: 1_000, kind: "person", grantCount: 1 }),
  makeAccount("daemon", { uid: 1, kind: "system", passwordState: "locked" }),
  makeAccount("idle", { uid: 1_004, kind: "unknown" }),
];

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

test("an owner who has left is found at the account, once at the host for all that is there, and by name or login", () => {
  const store = openMemory();
  visitHost(store, "web", { collected: { accounts: MACHINES } });
  visitHost(store, "db", { collected: { accounts: MACHINES } });
  name(store, "web", "Carol Stone");
  name(store, "deploy@db", "carol@corp.example");
  name(store, "ci@db", "Dan Hill");
  name(store, "odd@db", "team web");
  expect(found(store, LEFT)).toEqual([]);
  people(store, [
    ["Carol Stone", "gone", ["carol", "carol@corp.example"]],
    ["Dan Hill", "gone", ["dan"]],
    ["Dan Hill", "active", ["dan.hill"]],
  ]);
  // Another Dan Hill is there: nobody knows which of them it is.
  expect(found(store, LEFT)).toEqual(["high deploy", "high web"]);
  expect(counted(store, LEFT)).toEqual(["2 high"]);
  const { rows } = listFindings(store, { rule: LEFT });
  expect(rows.map(({ object }) => object.kind)).toEqual(["account", "host"]);
  for (const row of rows) expect(store.findings.find(row.id, new Date(START))).toEqual(row);
  const left = listAccounts(store).rows.filter(({ findings }) => findings.some(({ rule }) => rule === LEFT));
  expect(left.map(({ host, name: account }) => `${account}@${host}`)).toEqual(["deploy@db"]);
  name(store, "deploy@db", "Ann Moore");
  expect(found(store, LEFT)).toEqual(["high web"]);
  people(store, [["Carol Stone", "active", ["carol"]]]);
  expect(found(store, LEFT)).toEqual([]);
});

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

function people(store: Store, named: readonly [string, "gone" | "active", string[]][]): void {
  const entries = named.map(([person, said, logins]) => ({
    handle: logins[0] ?? "",
    name: person,
    email: null,
    logins,
    said,
    leftOn: null,
    keys: [],
  }));
  store.atomically(() => {
    store.people.replaceSource({
      name: "people.csv",
      kind: "csv",
      isWhole: false,
      people: entries,
      at: START,
    });
    store.people.settle(settleStandings(store.people.entries(), START.slice(0, 10), []), START);
  });
}
