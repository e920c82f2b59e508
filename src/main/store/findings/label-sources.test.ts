import { expect, test } from "vitest";
import { settleStandings } from "#domain/people/standing.ts";
import type { RuleId } from "#shared/model/finding.ts";
import type { Labelled } from "#shared/model/label.ts";
import { openStore, type Store } from "#store/store.ts";
import { listAccounts, listFindings, readAll } from "#store/testing/ask.ts";
import { MACHINES, OTHERS } from "#store/testing/make-accounts.ts";
import {
  fingerprintOf,
  makeCertificate,
  makeGrant,
  makeVerdict,
  START,
  visitEndpoint,
  visitHost,
} from "#store/testing/make-visit.ts";

const openMemory = () => openStore({ path: ":memory:", access: "write" });

const LEFT = "identity-owner-left" as const;

const found = (store: Store) =>
  listFindings(store, { rule: LEFT }).rows.map(({ severity, label }) => `${severity} ${label}`);

const counted = (store: Store, rule: string) =>
  store.findings
    .counts(new Date(START))
    .filter((one) => one.rule === rule)
    .map(({ severity, count }) => `${count} ${severity}`);

test("an owner who has left is found at the account, once at the host for all that is there, and by name or login", () => {
  const store = openMemory();
  visitHost(store, "web", { collected: { accounts: MACHINES } });
  visitHost(store, "db", { collected: { accounts: MACHINES } });
  name(store, "web", "Carol Stone");
  name(store, "deploy@db", "carol@corp.example");
  name(store, "ci@db", "Dan Hill");
  name(store, "odd@db", "team web");
  expect(found(store)).toEqual([]);
  importPeople(store, [
    ["Carol Stone", "gone", ["carol", "carol@corp.example"]],
    ["Dan Hill", "gone", ["dan"]],
    ["Dan Hill", "active", ["dan.hill"]],
  ]);
  // Another Dan Hill is there: nobody knows which of them it is.
  expect(found(store)).toEqual(["high web", "high deploy"]);
  expect(counted(store, LEFT)).toEqual(["2 high"]);
  // What everybody on a host is said to have is said there.
  name(store, "ci@web", "Carol Stone");
  expect(found(store)).toEqual(["high web", "high deploy"]);
  const { rows } = listFindings(store, { rule: LEFT });
  expect(rows.map(({ object }) => object.kind)).toEqual(["host", "account"]);
  for (const row of rows) expect(store.findings.find(row.id, new Date(START))).toEqual(row);
  const left = listAccounts(store).rows.filter(({ findings }) => findings.some(({ rule }) => rule === LEFT));
  expect(left.map(({ host, name: account }) => `${account}@${host}`)).toEqual(["deploy@db"]);
  name(store, "deploy@db", "Ann Moore");
  expect(found(store)).toEqual(["high web"]);
  importPeople(store, [["Carol Stone", "active", ["carol"]]]);
  expect(found(store)).toEqual([]);
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
    setLabels(store, thing, { owner: owners[index % 2] ?? "", reviewOn: "2026-06-01" });
  store.atomically(() => store.labels.setTag("shop", { owner: "Carol Stone" }));
  store.atomically(() => store.rules.turn("identity-without-purpose", true, START));
  importPeople(store, [["Carol Stone", "gone", ["carol"]]]);
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
    setLabels(store, thing, { owner: index === 0 ? "dora" : "Dora Left" });
  store.atomically(() => store.labels.setTag("shop", { owner: "Dora Left" }));
  importPeople(store, [
    ["Carol Stone", "gone", ["carol"]],
    ["Dora Left", "gone", ["dora"]],
  ]);
  expect(listFindings(store, { rule: LEFT, now }).total).toBe(7);
});

test("what was said of a name at which nothing but TLS is seen is found once, at the first of its endpoints that says nothing else", () => {
  const store = openMemory();
  const now = new Date("2026-07-01T00:00:00Z");
  const serve = (host: string, port: number) =>
    visitEndpoint(store, host, { port, presented: { chain: [makeCertificate(host)] } });
  for (const port of [443, 8_443]) serve("www", port);
  serve("web", 443);
  visitHost(store, "web", { collected: { accounts: MACHINES } });
  for (const host of ["www", "web"])
    setLabels(store, { kind: "host", host }, { owner: "carol", reviewOn: "2026-06-01" });
  importPeople(store, [["Carol Stone", "gone", ["carol"]]]);
  const rows = (rule: RuleId) =>
    listFindings(store, { rule, now }).rows.map(({ object, label: of, sentence }) => [
      object.kind,
      of,
      sentence,
    ]);
  const overdue = "identity-review-overdue";
  expect(rows(LEFT)).toEqual([
    ["host", "web", "who is named as the owner of this host has left"],
    ["endpoint", "www:443", "who is named as the owner of this host has left"],
  ]);
  expect(rows(overdue)).toEqual([
    ["host", "web", "this host was to be reviewed on 2026-06-01"],
    ["endpoint", "www:443", "this host was to be reviewed on 2026-06-01"],
  ]);
  expect(counted(store, LEFT)).toEqual(["2 high"]);
  for (const row of listFindings(store, { now }).rows.filter(
    ({ rule }) => rule === LEFT || rule === overdue,
  )) {
    expect(store.findings.find(row.id, now)).toEqual(row);
    expect(store.findings.about(row.object, now)).toContainEqual(row);
  }
  const endpoint = (port: number) =>
    ({ kind: "endpoint", host: "www", port, serverName: null, protocol: "tls" }) as const;
  setLabels(store, endpoint(443), { owner: "carol" });
  expect(rows(LEFT).slice(1)).toEqual([
    ["endpoint", "www:443", "who is named as the owner of this endpoint has left"],
    ["endpoint", "www:8443", "who is named as the owner of this host has left"],
  ]);
  const accept = (rule: RuleId) => {
    for (const row of listFindings(store, { rule, now, host: "www" }).rows)
      store.atomically(() =>
        store.acceptances.accept(rule, row.object, {
          reason: "known",
          until: "2027-01-01",
          acceptedAt: START,
        }),
      );
  };
  accept(LEFT);
  expect(rows(LEFT)).toHaveLength(1);
  importPeople(store, [
    ["Carol Stone", "gone", ["carol"]],
    ["Dora Left", "gone", ["dora"]],
  ]);
  setLabels(store, { kind: "host", host: "www" }, { owner: "dora" });
  expect(
    rows(LEFT)
      .slice(1)
      .map(([, of]) => of),
  ).toEqual(["www:8443"]);
  // Once the host itself is read it is found there.
  visitHost(store, "www", { collected: { accounts: [] } });
  expect(
    rows(LEFT)
      .map(([kind, of]) => `${kind} ${of}`)
      .toSorted(),
  ).toEqual(["host web", "host www"]);
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
  setLabels(store, { kind: "account", host: "web", port: 22, name: "ci" }, { purpose: "builds" });
  expect(listed()).toEqual(["deploy", "app", "odd"]);
  setLabels(store, { kind: "host", host: "web" }, { purpose: "the shop" });
  expect(listed()).toEqual([]);
  store.atomically(() => store.rules.turn(rule, false, START));
  setLabels(store, { kind: "host", host: "web" }, { purpose: null });
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
  setLabels(store, { kind: "host", host: "web" }, { reviewOn: day, owner: "Ann Moore" });
  setLabels(
    store,
    { kind: "account", host: "db", port: 22, name: "ci" },
    { reviewOn: day, purpose: "builds" },
  );
  setLabels(store, { kind: "account", host: "db", port: 22, name: "odd" }, { reviewOn: later });
  setLabels(store, { kind: "key", fingerprint: fingerprintOf("bob") }, { reviewOn: day });
  const sha256 = chain[0]?.certificate.sha256 ?? "";
  setLabels(store, { kind: "certificate", sha256 }, { reviewOn: day });
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

/** Says something of a thing that was seen. */
function setLabels(store: Store, thing: Labelled, labels: Parameters<Store["labels"]["set"]>[1]): void {
  const row = store.labels.findRow(thing);
  if (!row) throw new Error("there is no such thing");
  store.atomically(() => store.labels.set(row, labels));
}

/** Who is there, and who has left, with their logins, as one people source has them. */
type Key = { fingerprint: string; keyType: string };

function importPeople(
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

test("a machine's key in two environments is found as its lines and their accounts' environments change", () => {
  const store = openMemory();
  const rule = "key-across-environments" as const;
  const read = (host: string, grants: Parameters<typeof makeGrant>[], accounts = MACHINES) =>
    visitHost(store, host, { collected: { accounts, grants: grants.map((one) => makeGrant(...one)) } });
  const environment = (host: string, name: string | null) =>
    setLabels(store, { kind: "host", host }, { environment: name });
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
  setLabels(store, { kind: "account", host: "db", port: 22, name: "deploy" }, { environment: "production" });
  expect(listed()).toEqual([]);
  setLabels(store, { kind: "account", host: "db", port: 22, name: "deploy" }, { environment: null });
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
    setLabels(store, { kind: "host", host }, { environment });
  }
  const rule = "key-across-environments" as const;
  expect(listFindings(store, { rule }).total).toBe(1);
  const fingerprint = fingerprintOf("bot");
  importPeople(store, [["Ann Moore", "active", ["ann"]]], [{ fingerprint, keyType: "ssh-ed25519" }]);
  expect(listFindings(store, { rule }).total).toBe(0);
});
