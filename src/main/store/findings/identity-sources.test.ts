import { expect, test } from "vitest";
import { settleStandings } from "#domain/people/standing.ts";
import type { Labelled } from "#shared/model/label.ts";
import { openStore, type Store } from "#store/store.ts";
import { listAccounts, listFindings, readAll } from "#store/testing/ask.ts";
import {
  fingerprintOf,
  makeAccount,
  makeCertificate,
  makeGrant,
  makeVerdict,
  START,
  visitEndpoint,
  visitHost,
} from "#store/testing/make-visit.ts";

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
  expect(found(store, LEFT)).toEqual(["high web", "high deploy"]);
  expect(counted(store, LEFT)).toEqual(["2 high"]);
  // What everybody on a host is said to have is said there.
  name(store, "ci@web", "Carol Stone");
  expect(found(store, LEFT)).toEqual(["high web", "high deploy"]);
  const { rows } = listFindings(store, { rule: LEFT });
  expect(rows.map(({ object }) => object.kind)).toEqual(["host", "account"]);
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

type Key = { fingerprint: string; keyType: string };

function people(
  store: Store,
  named: readonly [string, "gone" | "active", string[]][],
  keys: Key[] = [],
): void {
  const entries = named.map(([person, said, logins]) => ({
    handle: logins[0] ?? "",
    name: person,
    email: null,
    logins,
    said,
    leftOn: null,
    keys,
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

test("an owner who has left is found at whatever they were named for, a tag too, and each is listed once", () => {
  const store = openMemory();
  const chain = [makeCertificate("shop")];
  visitHost(store, "web", { collected: { accounts: MACHINES, grants: [makeGrant("bob")] } });
  visitEndpoint(store, "web", { presented: { chain } });
  store.issuers.add({ name: "shop CA", kind: "csr", createdAt: START, note: "" });
  const things: Labelled[] = [
    { kind: "account", host: "web", port: 22, name: "deploy" },
    { kind: "host", host: "web" },
    { kind: "certificate", sha256: chain[0]?.certificate.sha256 ?? "" },
    { kind: "key", fingerprint: fingerprintOf("bob") },
    { kind: "endpoint", host: "web", port: 443, serverName: null, protocol: "tls" },
    { kind: "issuer", name: "shop CA" },
  ];
  const owners = ["Carol Stone", "carol"];
  for (const [index, thing] of things.entries())
    label(store, thing, { owner: owners[index % 2] ?? "", reviewOn: "2026-06-01" });
  store.atomically(() => store.labels.setTag("shop", { owner: "Carol Stone" }));
  store.atomically(() => store.rules.turn("identity-without-purpose", true, START));
  people(store, [["Carol Stone", "gone", ["carol"]]]);
  const now = new Date("2026-07-01T00:00:00Z");
  const kinds = ["account", "certificate", "endpoint", "host", "issuer", "key"];
  const expected = {
    [LEFT]: [...kinds, "tag"],
    "identity-review-overdue": kinds,
    "identity-without-purpose": [
      "account",
      "account",
      "account",
      "account",
      "certificate",
      "endpoint",
      "issuer",
      "key",
    ],
  } as const;
  for (const rule of [LEFT, "identity-review-overdue", "identity-without-purpose"] as const) {
    for (const by of ["severity", "rule", "host", "label", "firstSeen"] as const) {
      const sort = { by, descending: false };
      const rows = readAll((page) => listFindings(store, { rule, now, sort, ...page }), 1);
      expect(rows.map(({ object }) => object.kind).toSorted(), `${rule} by ${by}`).toEqual(expected[rule]);
      for (const row of rows) {
        expect(store.findings.find(row.id, now)).toEqual(row);
        expect(store.findings.about(row.object, now)).toContainEqual(row);
      }
    }
    expect(store.findings.counts(now).filter((one) => one.rule === rule)).toMatchObject([
      { count: expected[rule].length },
    ]);
  }
  // An acceptance is of this owner.
  for (const row of listFindings(store, { rule: LEFT, now }).rows)
    store.atomically(() =>
      store.acceptances.accept(LEFT, row.object, { reason: "known", until: "2027-01-01", acceptedAt: START }),
    );
  expect(listFindings(store, { rule: LEFT, now }).total).toBe(0);
  for (const [index, thing] of things.entries())
    label(store, thing, { owner: index === 0 ? "dora" : "Dora Left" });
  store.atomically(() => store.labels.setTag("shop", { owner: "Dora Left" }));
  people(store, [
    ["Carol Stone", "gone", ["carol"]],
    ["Dora Left", "gone", ["dora"]],
  ]);
  expect(listFindings(store, { rule: LEFT, now }).total).toBe(7);
});

test("what an account is for is asked where somebody has turned that on, and settled by a word for it or its host", () => {
  const store = openMemory();
  const rule = "identity-without-purpose" as const;
  visitHost(store, "web", { collected: { accounts: [...MACHINES, ...OTHERS] } });
  const listed = () => listFindings(store, { rule }).rows.map(({ label }) => label);
  expect(listed()).toEqual([]);
  store.atomically(() => store.rules.turn(rule, true, START));
  expect(listed()).toEqual(["deploy", "ci", "app", "odd"]);
  expect(counted(store, rule)).toEqual(["4 info"]);
  const briefs = () => listAccounts(store).rows.flatMap(({ findings }) => findings.map((one) => one.rule));
  expect(briefs().filter((one) => one === rule)).toHaveLength(4);
  label(store, { kind: "account", host: "web", port: 22, name: "ci" }, { purpose: "builds" });
  expect(listed()).toEqual(["deploy", "app", "odd"]);
  label(store, { kind: "host", host: "web" }, { purpose: "the shop" });
  expect(listed()).toEqual([]);
  store.atomically(() => store.rules.turn(rule, false, START));
  label(store, { kind: "host", host: "web" }, { purpose: null });
  expect(listed()).toEqual([]);
  expect(briefs()).not.toContain(rule);
});

test("a review that is overdue is found once, at what somebody gave the date, from that day on", () => {
  const store = openMemory();
  const rule = "identity-review-overdue" as const;
  const chain = [makeCertificate("shop")];
  visitHost(store, "web", { collected: { accounts: MACHINES, grants: [makeGrant("bob")] } });
  visitHost(store, "db", { collected: { accounts: MACHINES } });
  visitEndpoint(store, "shop", { presented: { chain } });
  const [day, later] = ["2026-07-01", "2026-07-02"] as const;
  label(store, { kind: "host", host: "web" }, { reviewOn: day, owner: "Ann Moore" });
  label(store, { kind: "account", host: "db", port: 22, name: "ci" }, { reviewOn: day, purpose: "builds" });
  label(store, { kind: "account", host: "db", port: 22, name: "odd" }, { reviewOn: later });
  label(store, { kind: "key", fingerprint: fingerprintOf("bob") }, { reviewOn: day });
  const sha256 = chain[0]?.certificate.sha256 ?? "";
  label(store, { kind: "certificate", sha256 }, { reviewOn: day });
  const at = (now: string) => listFindings(store, { rule, now: new Date(now) }).rows;
  expect(at("2026-06-30T23:59:59Z")).toEqual([]);
  const found = at(`${day}T00:00:00Z`);
  expect(found.map(({ object, label: what }) => [object.kind, what]).toSorted()).toEqual([
    ["account", "ci"],
    ["certificate", "CN=shop"],
    ["host", "web"],
    ["key", fingerprintOf("bob")],
  ]);
  expect(found.find(({ object }) => object.kind === "host")).toMatchObject({
    sentence: "this host was to be reviewed on 2026-07-01",
    evidence: ["review on 2026-07-01", "owner: Ann Moore", "nobody has said what it is for"],
    firstSeen: `${day}T00:00:00Z`,
    host: "web",
  });
  for (const one of found) {
    expect(store.findings.find(one.id, new Date(`${day}T00:00:00Z`))).toEqual(one);
    expect(store.findings.find(one.id, new Date("2026-06-30T00:00:00Z"))).toBeNull();
  }
  expect(at(`${later}T00:00:00Z`)).toHaveLength(5);
  visitHost(store, "db", { collected: {} });
  expect(at(`${later}T00:00:00Z`).map(({ object }) => object.kind)).not.toContain("account");
});

function label(store: Store, thing: Labelled, labels: Parameters<Store["labels"]["set"]>[1]): void {
  const row = store.labels.findRow(thing);
  if (!row) throw new Error("there is no such thing");
  store.atomically(() => store.labels.set(row, labels));
}

test("a machine's key in two environments is found as its lines and their accounts' environments change", () => {
  const store = openMemory();
  const rule = "key-across-environments" as const;
  const read = (host: string, grants: Parameters<typeof makeGrant>[], accounts = MACHINES) =>
    visitHost(store, host, { collected: { accounts, grants: grants.map((one) => makeGrant(...one)) } });
  const environment = (host: string, name: string | null) =>
    label(store, { kind: "host", host }, { environment: name });
  const listed = () => listFindings(store, { rule }).rows.map(({ sentence }) => sentence);
  const [bot, no] = [{ account: "deploy" }, { account: "deploy", verdict: makeVerdict("no") }];
  read("web", [["bot", bot]]);
  read("db", [["bot", bot]]);
  expect(listed()).toEqual([]);
  environment("web", "production");
  expect(listed()).toEqual([]);
  environment("db", "test");
  expect(listed()).toEqual(["one key opens accounts of production, test"]);
  const [found] = listFindings(store, { rule }).rows;
  expect(found?.evidence).toEqual(["production: deploy on web", "test: deploy on db"]);
  expect(store.findings.find(found?.id ?? "", new Date(START))).toEqual(found);
  expect(counted(store, rule)).toEqual(["1 medium"]);
  environment("db", "production");
  expect(listed()).toEqual([]);
  environment("db", "test");
  read("db", [["bot", no]]);
  expect(listed()).toEqual([]);
  read("db", [["bot", bot]]);
  expect(listed()).toHaveLength(1);
  read("db", []);
  expect(listed()).toEqual([]);
  // A host that is read first after it has its environment, and two lines of one account.
  read("db", [
    ["bot", { account: "deploy", line: 1 }],
    ["bot", { account: "deploy", line: 2, text: "again" }],
  ]);
  expect(listed()).toHaveLength(1);
  label(store, { kind: "account", host: "db", port: 22, name: "deploy" }, { environment: "production" });
  expect(listed()).toEqual([]);
  label(store, { kind: "account", host: "db", port: 22, name: "deploy" }, { environment: null });
  expect(listed()).toHaveLength(1);
  environment("db", null);
  expect(listed()).toEqual([]);
  environment("db", "test");
  read("db", []);
  expect(listed()).toEqual([]);
});

test("a person's key in two environments is theirs, and no finding", () => {
  const store = openMemory();
  for (const [host, environment] of [
    ["web", "production"],
    ["db", "test"],
  ] as const) {
    visitHost(store, host, {
      collected: { accounts: MACHINES, grants: [makeGrant("bot", { account: "deploy" })] },
    });
    label(store, { kind: "host", host }, { environment });
  }
  const rule = "key-across-environments" as const;
  expect(listFindings(store, { rule }).total).toBe(1);
  const fingerprint = fingerprintOf("bot");
  people(store, [["Ann Moore", "active", ["ann"]]], [{ fingerprint, keyType: "ssh-ed25519" }]);
  expect(listFindings(store, { rule }).total).toBe(0);
});
