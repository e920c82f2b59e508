import { expect, test } from "vitest";
import { openStore, type Store } from "#store/store.ts";
import { listAccounts, listCertificates, listFindings, listScans } from "#store/testing/ask.ts";
import { makeAccount, makeCertificate, START, visitEndpoint, visitHost } from "#store/testing/make-visit.ts";

/** Ninety days of life, due with thirty left. */
const shop = makeCertificate("shop", {
  notBefore: "2026-06-01T00:00:00Z",
  notAfter: "2026-08-30T00:00:00Z",
  warnFrom: "2026-07-31T00:00:00Z",
  urgentFrom: "2026-08-15T00:00:00Z",
});
const sha256 = shop.certificate.sha256;

const openMemory = () => openStore({ path: ":memory:", access: "write" });

function find(store: Store, thing: Parameters<Store["labels"]["findRow"]>[0]) {
  const row = store.labels.findRow(thing);
  if (!row) throw new Error("it was never seen");
  return row;
}

const NOTHING = { own: null, inherited: { kind: "none" } };
const NOTHING_SAID = {
  owner: NOTHING,
  purpose: NOTHING,
  environment: NOTHING,
  reviewOn: NOTHING,
  tags: [] as string[],
};
const NEW_TAG = {
  duePercent: null,
  owner: null,
  environment: null,
  hostCount: 0,
  certificateCount: 0,
  accountCount: 0,
  otherCount: 0,
};

const host = (store: Store, name: string) => find(store, { kind: "host", host: name });
const ownedBy = (store: Store, owner: string) => listCertificates(store, { owner }).total;
const severityAt = (store: Store, now: string) =>
  listFindings(store, { now: new Date(now) }).rows.map(({ severity }) => severity);

test("who answers for all hosts of a certificate answers for it, until somebody is named for it alone", () => {
  const store = openMemory();
  visitEndpoint(store, "shop1", { presented: { chain: [shop] } });
  store.labels.set(host(store, "shop1"), { owner: "team shop" });
  expect(ownedBy(store, "team shop")).toBe(1);

  visitEndpoint(store, "shop2", { presented: { chain: [shop] } });
  expect(ownedBy(store, "team shop")).toBe(0);
  expect(ownedBy(store, "")).toBe(1);
  store.labels.set(host(store, "shop2"), { owner: "team shop" });
  expect(ownedBy(store, "team shop")).toBe(1);
  store.labels.set(host(store, "shop2"), { owner: "team mail" });
  expect(ownedBy(store, "team shop")).toBe(0);

  const certificate = find(store, { kind: "certificate", sha256 });
  store.labels.set(certificate, { owner: "Ann" });
  expect(ownedBy(store, "Ann")).toBe(1);
  expect(ownedBy(store, "")).toBe(0);
  expect(store.labels.of(certificate)).toEqual({
    ...NOTHING_SAID,
    owner: {
      own: "Ann",
      inherited: { kind: "unsettled", by: "hosts", host: null, values: ["team mail", "team shop"] },
    },
  });
  store.labels.set(certificate, { owner: null });
  visitEndpoint(store, "shop2", { presented: { chain: [makeCertificate("other")] } });
  expect(ownedBy(store, "team shop")).toBe(1);
});

test("certificates that have an owner are all those that are not without one, in every order and page by page", () => {
  const store = openMemory();
  for (const name of ["a", "b", "c", "d", "e"])
    visitEndpoint(store, name, { presented: { chain: [makeCertificate(`${name}.example`)] } });
  expect(listCertificates(store, { owned: true })).toMatchObject({ rows: [], total: 0 });
  store.labels.set(host(store, "a"), { owner: "team shop" });
  store.labels.set(host(store, "c"), { owner: "team mail" });
  store.labels.set(host(store, "d"), { owner: "team shop" });
  const namesOf = (asked: object) => listCertificates(store, asked).rows.map(({ names }) => names[0]);
  for (const by of ["notAfter", "subject", "issuer", "keyType", "locationCount"] as const) {
    const sort = { by, descending: by === "issuer" };
    const all = namesOf({ sort });
    const without = new Set(namesOf({ sort, owner: "" }));
    const owned = all.filter((name) => !without.has(name));
    expect(namesOf({ sort, owned: true })).toEqual(owned);
    const first = listCertificates(store, { sort, owned: true, limit: 2 });
    expect([first.rows.length, first.total]).toEqual([2, 3]);
    const rest = namesOf({ sort, owned: true, limit: 2, after: first.next });
    expect([...first.rows.map(({ names }) => names[0]), ...rest]).toEqual(owned);
  }
  expect(namesOf({ owned: true, owner: "team mail" })).toEqual(["DNS:c.example"]);
  expect(namesOf({ owned: true, owner: "" })).toEqual([]);
  expect(namesOf({ owned: true, search: "d.example" })).toEqual(["DNS:d.example"]);
  expect(namesOf({ owned: true, search: "b.example" })).toEqual([]);
});

test("a tag of a host moves the day on which its certificates are due, and gives it back", () => {
  const store = openMemory();
  visitEndpoint(store, "shop1", { presented: { chain: [shop] } });
  expect(severityAt(store, "2026-07-20T00:00:00Z")).toEqual([]);
  store.labels.tag(host(store, "shop1"), "production");
  expect(severityAt(store, "2026-07-20T00:00:00Z")).toEqual([]);
  store.labels.setTag("production", { duePercent: 50 });
  expect(severityAt(store, "2026-07-15T23:59:59Z")).toEqual([]);
  expect(severityAt(store, "2026-07-16T00:00:00Z")).toEqual(["medium"]);
  expect(severityAt(store, "2026-08-07T12:00:00Z")).toEqual(["high"]);
  store.labels.setTag("production", { duePercent: 10 });
  expect(severityAt(store, "2026-08-20T00:00:00Z")).toEqual([]);
  store.labels.untag(host(store, "shop1"), "production");
  expect(severityAt(store, "2026-08-20T00:00:00Z")).toEqual(["high"]);
  expect(severityAt(store, "2026-07-31T00:00:00Z")).toEqual(["medium"]);
});

test("what is seen later on a host that has a tag is due by it, and of several tags the earliest counts", () => {
  const store = openMemory();
  visitEndpoint(store, "shop1", { presented: { chain: [makeCertificate("old")] } });
  store.labels.setTag("production", { duePercent: 50 });
  store.labels.setTag("careful", { duePercent: 80 });
  store.labels.tag(host(store, "shop1"), "production");
  visitEndpoint(store, "shop1", { presented: { chain: [shop] } });
  expect(severityAt(store, "2026-07-16T00:00:00Z")).toEqual(["medium"]);
  store.labels.tag(find(store, { kind: "certificate", sha256 }), "careful");
  expect(severityAt(store, "2026-06-19T00:00:00Z")).toEqual(["medium"]);
  expect(listCertificates(store, { tag: "production" }).total).toBe(1);
  expect(listCertificates(store, { tag: "careful" }).total).toBe(1);
  expect(store.labels.tags()).toEqual([
    { ...NEW_TAG, name: "careful", duePercent: 80, certificateCount: 1 },
    { ...NEW_TAG, name: "production", duePercent: 50, hostCount: 1 },
  ]);
});

test("when certificates end is added up by issuer, owner and life, and follows what is said of them", () => {
  const store = openMemory();
  visitEndpoint(store, "shop1", { presented: { chain: [shop, makeCertificate("ca", { isCa: true })] } });
  const due = () => store.expiry.due({ issuer: null, owner: null, today: START.slice(0, 10) });
  const row = { lifeDays: 91, issuer: "CN=An Issuer", public: "unknown", count: 1 };
  expect(due()).toEqual([{ ...row, dueOn: "2026-07-31", owner: "" }]);
  store.labels.set(host(store, "shop1"), { owner: "team shop" });
  store.labels.setTag("production", { duePercent: 50 });
  store.labels.tag(host(store, "shop1"), "production");
  expect(due()).toEqual([{ ...row, dueOn: "2026-07-16", owner: "team shop" }]);
  expect(store.expiry.due({ issuer: null, owner: "", today: "2026-06-01" })).toEqual([]);
  expect(store.expiry.due({ issuer: null, owner: null, today: "2026-08-31" })).toEqual([]);
  visitEndpoint(store, "shop1", { presented: { chain: [] } });
  expect(due()).toEqual([]);
});

test("who answers for a host answers for its accounts, until somebody is named for one alone", () => {
  const store = openMemory();
  const deploy = { kind: "account", host: "web1", port: 22, name: "deploy" } as const;
  const visit = (...names: string[]) =>
    visitHost(store, "web1", { collected: { accounts: names.map((name) => makeAccount(name)) } });
  const ownersNow = () => listAccounts(store).rows.map(({ name, owner }) => [name, owner]);
  visit("deploy");
  store.labels.set(host(store, "web1"), { owner: "team web" });
  visit("deploy", "late");
  expect(ownersNow()).toEqual([
    ["deploy", "team web"],
    ["late", "team web"],
  ]);
  store.labels.set(find(store, deploy), { owner: "Ann" });
  store.labels.tag(find(store, deploy), "production");
  store.labels.set(host(store, "web1"), { owner: "team shop" });
  expect(ownersNow()).toEqual([
    ["deploy", "Ann"],
    ["late", "team shop"],
  ]);
  expect(listAccounts(store, { owner: "Ann" }).total).toBe(1);
  expect(store.labels.of(find(store, deploy))).toEqual({
    ...NOTHING_SAID,
    owner: {
      own: "Ann",
      inherited: { kind: "value", value: "team shop", from: { kind: "host", host: "web1" } },
    },
    tags: ["production"],
  });
  expect(store.labels.owners()).toEqual(["Ann", "team shop"]);

  // What is said of an account holds when it is there again.
  visit("late");
  expect(store.labels.findRow(deploy)).toBe(null);
  visit("deploy", "late");
  store.labels.set(host(store, "web1"), { owner: null });
  expect(ownersNow()).toEqual([
    ["deploy", "Ann"],
    ["late", ""],
  ]);
  expect(listAccounts(store, { owner: "" }).rows.map(({ name }) => name)).toEqual(["late"]);
});

test("an account that is there under another number is somebody else's, of whom nothing was said", () => {
  const store = openMemory();
  const deploy = { kind: "account", host: "web1", port: 22, name: "deploy" } as const;
  const visit = (uid: number, lastLoginAt: string | null) =>
    visitHost(store, "web1", { collected: { accounts: [makeAccount("deploy", { uid, lastLoginAt })] } });
  visit(1_001, "2026-01-02T00:00:00Z");
  store.labels.set(host(store, "web1"), { owner: "team web" });
  store.labels.set(find(store, deploy), { owner: "Ann" });
  store.labels.tag(find(store, deploy), "production");
  visit(1_001, null);
  expect(listAccounts(store).rows).toMatchObject([{ owner: "Ann", lastLoginAt: "2026-01-02T00:00:00Z" }]);
  visit(2_001, null);
  expect(listAccounts(store).rows).toMatchObject([{ owner: "team web", lastLoginAt: null }]);
  expect(store.labels.of(find(store, deploy))).toMatchObject({ owner: { own: null }, tags: [] });
  expect(store.labels.tags()).toMatchObject([{ name: "production", accountCount: 0 }]);
});

test("what was said of an account waits for its number, whoever has its name meanwhile", () => {
  const store = openMemory();
  const deploy = { kind: "account", host: "web1", port: 22, name: "deploy" } as const;
  const visit = (...uids: number[]) =>
    visitHost(store, "web1", { collected: { accounts: uids.map((uid) => makeAccount("deploy", { uid })) } });
  const replaced = () => listFindings(store, { rule: "account-replaced" }).rows;
  const said = { owner: "Ann", purpose: "deploys", environment: "production", reviewOn: "2027-01-31" };
  visit(1_001);
  store.labels.set(find(store, deploy), said);
  store.labels.tag(find(store, deploy), "shop");
  // The directory does not answer for one scan: the host's own file has another number for the name.
  visit(2_001);
  expect(listAccounts(store).rows).toMatchObject([
    { owner: "", purpose: "", environment: "", reviewOn: null },
  ]);
  expect(replaced()).toMatchObject([
    {
      severity: "medium",
      sentence: "another account has this name: what was said of the one before is not said of this",
      evidence: ["uid 2001, and something was said of uid 1001", "the one before had the owner Ann"],
      label: "deploy",
      host: "web1",
      firstSeen: listScans(store).rows[0]?.startedAt,
    },
  ]);
  visit(1_001);
  expect(listAccounts(store).rows).toMatchObject([said]);
  expect(store.labels.of(find(store, deploy))).toMatchObject({ owner: { own: "Ann" }, tags: ["shop"] });
  expect(replaced()).toEqual([]);

  // A third one, which somebody answers for at last.
  visit(2_001);
  visit(3_001);
  expect(replaced()).toMatchObject([
    { evidence: ["uid 3001, and something was said of uid 1001", "the one before had the owner Ann"] },
  ]);
  store.labels.set(find(store, deploy), { owner: "Bob" });
  expect(replaced()).toEqual([]);
  store.labels.set(find(store, deploy), { owner: null });
  expect(replaced()).toHaveLength(1);
  visit();
  expect(replaced()).toEqual([]);
  visit(1_001);
  expect(listAccounts(store).rows).toMatchObject([said]);
});

test("a reading that does not know who becomes root leaves what is known", () => {
  const store = openMemory();
  const visit = (root: "becomes-root" | "unknown" | "no") =>
    visitHost(store, "web1", { collected: { accounts: [makeAccount("ann", { root })] } });
  const rootNow = () => listAccounts(store).rows.map(({ root }) => root);
  visit("becomes-root");
  visit("unknown");
  expect(rootNow()).toEqual(["becomes-root"]);
  visit("no");
  expect(rootNow()).toEqual(["no"]);
});
