import { expect, test } from "vitest";
import { openStore, type Store } from "#store/store.ts";
import { listAccounts } from "#store/testing/ask.ts";
import { findInconsistencies } from "#store/testing/consistent.ts";
import {
  fingerprintOf,
  makeAccount,
  makeCertificate,
  makeGrant,
  visitEndpoint,
  visitHost,
} from "#store/testing/make-visit.ts";
import { openFile } from "#store/testing/open-file.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

const openMemory = () => openStore({ path: ":memory:", access: "write" });

type Thing = Parameters<Store["labels"]["findRow"]>[0];

function find(store: Store, thing: Thing) {
  const row = store.labels.findRow(thing);
  if (!row) throw new Error("it was never seen");
  return row;
}

const WEB1: Thing = { kind: "host", host: "web1" };
const DEPLOY: Thing = { kind: "account", host: "web1", port: 22, name: "deploy" };
const shop = makeCertificate("shop");
const SHOP: Thing = { kind: "certificate", sha256: shop.certificate.sha256 };

const visit = (store: Store, ...accounts: Parameters<typeof makeAccount>[]) =>
  visitHost(store, "web1", { collected: { accounts: accounts.map((each) => makeAccount(...each)) } });

const rowsNow = (store: Store) =>
  listAccounts(store).rows.map(({ name, owner, purpose, environment, reviewOn }) => ({
    name,
    owner,
    purpose,
    environment,
    reviewOn,
  }));

test("what is said of a host holds for its accounts, those that come later too, until it is said of one itself", () => {
  const store = openMemory();
  visit(store, ["deploy"]);
  const web1 = { owner: "team web", purpose: "the shop", environment: "production", reviewOn: "2027-01-31" };
  store.labels.set(find(store, WEB1), web1);
  visit(store, ["deploy"], ["late"]);
  expect(rowsNow(store)).toEqual([
    { name: "deploy", ...web1 },
    { name: "late", ...web1 },
  ]);
  const own = { purpose: "deploys the shop", reviewOn: "2026-12-24" };
  store.labels.set(find(store, DEPLOY), own);
  expect(rowsNow(store)).toEqual([
    { name: "deploy", ...web1, ...own },
    { name: "late", ...web1 },
  ]);
  expect(store.labels.of(find(store, DEPLOY)).purpose).toEqual({
    own: "deploys the shop",
    inherited: { kind: "value", value: "the shop", from: { kind: "host", host: "web1" } },
  });
  expect(listAccounts(store, { environment: "production" }).total).toBe(2);
  expect(listAccounts(store, { environment: "" }).total).toBe(0);
  expect(listAccounts(store, { lacksPurpose: true }).total).toBe(0);
  store.labels.set(find(store, WEB1), { environment: null, purpose: null });
  expect(listAccounts(store, { environment: "" }).total).toBe(2);
  expect(listAccounts(store, { lacksPurpose: true }).rows.map(({ name }) => name)).toEqual(["late"]);
});

test("a tag names owner and environment of what has it, and the nearest one counts", () => {
  const store = openMemory();
  visit(store, ["deploy"]);
  store.labels.setTag("production", { environment: "production", owner: "team web" });
  store.labels.tag(find(store, WEB1), "production");
  expect(rowsNow(store)).toMatchObject([{ owner: "team web", environment: "production" }]);
  expect(store.labels.of(find(store, DEPLOY)).environment.inherited).toEqual({
    kind: "value",
    value: "production",
    from: { kind: "tag", name: "production", host: "web1" },
  });

  store.labels.set(find(store, WEB1), { environment: "staging" });
  expect(rowsNow(store)).toMatchObject([{ owner: "team web", environment: "staging" }]);

  store.labels.setTag("builds", { environment: "build", owner: "team build" });
  store.labels.tag(find(store, DEPLOY), "builds");
  expect(rowsNow(store)).toMatchObject([{ owner: "team build", environment: "build" }]);
  store.labels.setTag("builds", { environment: null });
  expect(rowsNow(store)).toMatchObject([{ owner: "team build", environment: "staging" }]);
  store.labels.set(find(store, DEPLOY), { owner: "Ann" });
  expect(rowsNow(store)).toMatchObject([{ owner: "Ann" }]);
  store.labels.untag(find(store, DEPLOY), "builds");
  store.labels.set(find(store, DEPLOY), { owner: null });
  expect(rowsNow(store)).toMatchObject([{ owner: "team web" }]);
});

test("tags that name different things name nothing, and that is said with what they name", () => {
  const store = openMemory();
  visit(store, ["deploy"]);
  store.labels.set(find(store, WEB1), { owner: "team web", environment: "production" });
  for (const [name, environment] of [
    ["a", "test"],
    ["b", "staging"],
  ] as const) {
    store.labels.setTag(name, { environment });
    store.labels.tag(find(store, DEPLOY), name);
  }
  expect(rowsNow(store)).toMatchObject([{ owner: "team web", environment: "" }]);
  expect(store.labels.of(find(store, DEPLOY)).environment).toEqual({
    own: null,
    inherited: { kind: "unsettled", by: "tags", host: null, values: ["test", "staging"] },
  });
  // What the host has is farther away than its own tags, and settles nothing.
  store.labels.untag(find(store, DEPLOY), "a");
  expect(rowsNow(store)).toMatchObject([{ environment: "staging" }]);
});

test("to a run a host is of every environment that its tags name, where they differ and nobody says which", () => {
  const store = openMemory();
  visit(store, ["deploy"]);
  const words = () => store.runbooks.facts.allHosts().map(({ tags }) => tags.toSorted());
  for (const [name, environment] of [
    ["web", "production"],
    ["blue", "staging"],
  ] as const) {
    store.labels.setTag(name, { environment });
    store.labels.tag(find(store, WEB1), name);
  }
  expect(words()).toEqual([["blue", "production", "staging", "web"]]);
  store.labels.set(find(store, WEB1), { environment: "staging" });
  expect(words()).toEqual([["blue", "staging", "web"]]);
});

test("a certificate has what all hosts have where it is seen, and its own tags come first", () => {
  const store = openMemory();
  for (const name of ["web1", "web2"]) visitEndpoint(store, name, { presented: { chain: [shop] } });
  const of = () => store.labels.of(find(store, SHOP));
  store.labels.set(find(store, WEB1), { owner: "team web", environment: "production", purpose: "shop" });
  expect(of()).toMatchObject({
    owner: { inherited: { kind: "none" } },
    environment: { inherited: { kind: "none" } },
  });
  store.labels.set(find(store, { kind: "host", host: "web2" }), {
    environment: "production",
    owner: "team mail",
  });
  expect(of().environment.inherited).toEqual({ kind: "value", value: "production", from: { kind: "hosts" } });
  expect(of().owner.inherited).toMatchObject({ kind: "unsettled", by: "hosts" });
  store.labels.setTag("public", { owner: "team edge" });
  store.labels.tag(find(store, SHOP), "public");
  expect(store.labels.ownerOf(find(store, SHOP))).toBe("team edge");
  expect(of().owner.inherited).toMatchObject({ value: "team edge", from: { kind: "tag", host: null } });
  // A place more or less changes nothing of what its tag says.
  visitEndpoint(store, "web3", { presented: { chain: [shop] } });
  expect(store.labels.ownerOf(find(store, SHOP))).toBe("team edge");
});

test("keys, endpoints and issuers have labels and tags as hosts have, and who is added later under a name has none", () => {
  const store = openMemory();
  visitHost(store, "web1", { collected: { grants: [makeGrant("ann")] } });
  visitEndpoint(store, "web1", { presented: { chain: [shop] } });
  const add = () =>
    store.issuers.add({ name: "shop CA", kind: "csr", createdAt: "2026-06-01T00:00:00Z", note: "" });
  const id = add();
  const things: Thing[] = [
    { kind: "key", fingerprint: fingerprintOf("ann") },
    { kind: "endpoint", host: "web1", port: 443, serverName: null, protocol: "tls" },
    { kind: "issuer", name: "shop CA" },
  ];
  store.labels.setTag("shop", { environment: "production" });
  store.labels.set(find(store, WEB1), { reviewOn: "2027-01-31" });
  for (const thing of things) {
    const row = find(store, thing);
    store.labels.set(row, { owner: "Ann", purpose: "signs" });
    store.labels.tag(row, "shop");
    expect(store.labels.of(row)).toMatchObject({
      owner: { own: "Ann" },
      purpose: { own: "signs" },
      environment: { inherited: { value: "production" } },
      reviewOn: { own: null, inherited: { kind: thing.kind === "endpoint" ? "value" : "none" } },
      tags: ["shop"],
    });
  }
  expect(store.labels.tags()).toMatchObject([{ name: "shop", otherCount: 3 }]);
  expect(store.labels.owners()).toEqual(["Ann"]);
  expect(store.labels.environments()).toEqual(["production"]);

  store.issuers.remove(id);
  add();
  expect(store.labels.of(find(store, { kind: "issuer", name: "shop CA" }))).toMatchObject({
    owner: { own: null },
    tags: [],
  });
  expect(store.labels.findRow({ kind: "key", fingerprint: "SHA256:nowhere" })).toBe(null);
});

test("an account that is there under another number has no label of the one before it", () => {
  const store = openMemory();
  visit(store, ["deploy", { uid: 1_001 }]);
  store.labels.set(find(store, WEB1), { environment: "production" });
  const own = { purpose: "deploys", environment: "test", reviewOn: "2027-01-31" };
  store.labels.set(find(store, DEPLOY), own);
  visit(store);
  visit(store, ["deploy", { uid: 1_001 }]);
  expect(rowsNow(store)).toMatchObject([own]);
  visit(store, ["deploy", { uid: 2_001 }]);
  expect(rowsNow(store)).toMatchObject([{ purpose: "", environment: "production", reviewOn: null }]);
  expect(store.labels.of(find(store, DEPLOY))).toMatchObject({ purpose: { own: null } });
});

test("whatever is labelled in whatever order, the columns have what follows of it, and every row is sealed", async () => {
  await using folder = await makeTemporaryFolder();
  using database = openFile(folder.path);
  const { store } = database;
  const visitNumbered = (name: string, uid: number) =>
    visitHost(store, name, {
      collected: { accounts: [makeAccount("deploy", { uid }), makeAccount("app", { uid: 990 })] },
    });
  for (const name of ["web1", "web2"]) {
    visitNumbered(name, 1_001);
    visitEndpoint(store, name, { presented: { chain: [shop] } });
  }
  let seed = 7;
  const upTo = (most: number): number => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % most;
  };
  const oneOf = <Item>(items: readonly Item[]): Item => items[upTo(items.length)] as Item;
  const things: Thing[] = ["web1", "web2"].flatMap((name): Thing[] => [
    { kind: "host", host: name },
    { kind: "account", host: name, port: 22, name: "deploy" },
    { kind: "account", host: name, port: 22, name: "app" },
  ]);
  const words = [null, "a", "b"];
  const inconsistent = () => findInconsistencies((sql) => database.read(sql));
  for (let step = 0; step < 120; step++) {
    const row = find(store, oneOf([...things, SHOP]));
    const act = upTo(6);
    if (act === 5) visitNumbered(oneOf(["web1", "web2"]), oneOf([1_001, 2_001]));
    store.atomically(() => {
      if (act === 0) store.labels.set(row, { owner: oneOf(words), environment: oneOf(words) });
      if (act === 1) store.labels.set(row, { purpose: oneOf(words), reviewOn: oneOf([null, "2027-01-31"]) });
      if (act === 2) store.labels.tag(row, oneOf(["x", "y"]));
      if (act === 3) store.labels.untag(row, oneOf(["x", "y"]));
      if (act === 4)
        store.labels.setTag(oneOf(["x", "y"]), { owner: oneOf(words), environment: oneOf(words) });
    });
    if (step % 8 === 7) expect({ step, inconsistent: inconsistent() }).toEqual({ step, inconsistent: [] });
  }
  expect(store.sealAnew().before).toEqual([]);
});
