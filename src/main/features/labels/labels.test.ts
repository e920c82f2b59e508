import { createRouterClient } from "@orpc/server";
import { expect, test } from "vitest";
import { listAccounts } from "#store/testing/ask.ts";
import { makeAccount, makeCertificate, START, visitEndpoint, visitHost } from "#store/testing/make-visit.ts";
import { openFile } from "#store/testing/open-file.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { createLabels } from "./index.ts";

const shop = makeCertificate("shop");

test("labels of several things are set at once, or none are, and recorded", async () => {
  await using folder = await makeTemporaryFolder();
  using database = openFile(folder.path);
  const { store } = database;
  for (const host of ["shop1", "shop2"]) visitEndpoint(store, host, { presented: { chain: [shop] } });
  const announce = () => undefined;
  const labels = createRouterClient(createLabels({ store, announce, now: () => new Date(START) }));
  const things = ["shop1", "shop2"].map((host) => ({ kind: "host" as const, host }));

  expect(await labels.set({ things, owner: "team shop", addTags: ["production"] })).toEqual({
    labelled: 2,
    change: 1,
  });
  const certificate = { kind: "certificate", sha256: shop.certificate.sha256 } as const;
  expect((await labels.find({ thing: certificate })).owner).toEqual({
    own: null,
    inherited: { kind: "value", value: "team shop", from: { kind: "hosts" } },
  });
  expect(await labels.setTag({ name: "production", duePercent: 50 })).toEqual({ hasChanged: true });
  expect(await labels.setTag({ name: "production", duePercent: 50 })).toEqual({ hasChanged: false });
  expect(await labels.read()).toEqual({
    tags: [
      {
        name: "production",
        duePercent: 50,
        owner: null,
        environment: null,
        hostCount: 2,
        certificateCount: 0,
        accountCount: 0,
        otherCount: 0,
      },
    ],
    owners: ["team shop"],
    environments: [],
  });

  const beyond = [...things, { kind: "host" as const, host: "nowhere" }];
  await expect(labels.set({ things: beyond, owner: null })).rejects.toMatchObject({ code: "not-found" });
  await expect(labels.set({ things, addTags: ["No Tag"] })).rejects.toThrow();
  expect((await labels.find({ thing: { kind: "host", host: "shop1" } })).owner.own).toBe("team shop");
  expect(database.read("SELECT kind FROM event WHERE kind IN ('labels-set', 'tag-set') ORDER BY id")).toEqual(
    [{ kind: "labels-set" }, { kind: "tag-set" }],
  );
});

async function openAccounts() {
  const folder = await makeTemporaryFolder();
  const database = openFile(folder.path);
  const { store } = database;
  const names = ["ann", "app", "deploy"];
  const seeAll = () =>
    visitHost(store, "web1", { collected: { accounts: names.map((name) => makeAccount(name)) } });
  seeAll();
  const announce = () => undefined;
  const labels = createRouterClient(createLabels({ store, announce, now: () => new Date(START) }));
  const things = names.map((name) => ({ kind: "account" as const, host: "web1", port: 22, name }));
  return {
    store,
    database,
    labels,
    things,
    seeAll,
    ownersNow: () => listAccounts(store).rows.map(({ owner }) => owner),
    async [Symbol.asyncDispose]() {
      database[Symbol.dispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

test("a change of many things is undone at once, and each change once", async () => {
  await using world = await openAccounts();
  const { labels, things, ownersNow } = world;
  const [ann] = things;
  if (!ann) throw new Error("no account");
  const first = await labels.set({ things: [ann], owner: "Ann", purpose: "mine" });
  const second = await labels.set({
    things,
    owner: "team web",
    environment: "production",
    addTags: ["shop"],
  });
  expect([first.change, second.change]).toEqual([1, 2]);
  expect(ownersNow()).toEqual(["team web", "team web", "team web"]);

  expect(await labels.undo({})).toEqual({ things, gone: [] });
  expect(ownersNow()).toEqual(["Ann", "", ""]);
  expect(await labels.find({ thing: ann })).toMatchObject({
    purpose: { own: "mine" },
    environment: { own: null },
    tags: [],
  });
  await expect(labels.undo({ change: 2 })).rejects.toMatchObject({ code: "conflict" });
  expect(await labels.undo({})).toEqual({ things: [ann], gone: [] });
  expect(ownersNow()).toEqual(["", "", ""]);
  await expect(labels.undo({})).rejects.toMatchObject({ code: "not-found" });
  expect(world.database.read("SELECT count(*) AS count FROM event WHERE kind = 'labels-undone'")).toEqual([
    { count: 2 },
  ]);
});

test("what was so before is no change, and there is nothing to undo of it", async () => {
  await using world = await openAccounts();
  const { labels, things } = world;
  await labels.set({ things, owner: "team web", addTags: ["shop"] });
  expect(await labels.set({ things, owner: "team web", addTags: ["shop"], removeTags: ["other"] })).toEqual({
    labelled: 3,
    change: null,
  });
});

test("nothing is undone where one thing was changed again since", async () => {
  await using world = await openAccounts();
  const { labels, things, ownersNow } = world;
  const { change } = await labels.set({ things, owner: "team web", addTags: ["shop"] });
  const later = await labels.set({ things: things.slice(1, 2), owner: "team app" });
  await expect(labels.undo({ change })).rejects.toMatchObject({
    code: "conflict",
    message: "the labels of app@web1 were changed again since; nothing was undone",
  });
  expect(ownersNow()).toEqual(["team web", "team app", "team web"]);
  await labels.undo({ change: later.change });
  await labels.set({ things: things.slice(0, 1), removeTags: ["shop"] });
  await expect(labels.undo({ change })).rejects.toMatchObject({ code: "conflict" });
});

test("a bulk change is undone for the account that it was of, whoever has its name by now", async () => {
  await using world = await openAccounts();
  const { store, labels, things, seeAll, ownersNow } = world;
  const { change } = await labels.set({ things, owner: "team web", addTags: ["shop"] });
  visitHost(store, "web1", { collected: { accounts: [makeAccount("ann", { uid: 4_711 })] } });
  const [ann] = things;
  if (!ann) throw new Error("no account");
  await labels.set({ things: [ann], owner: "Bob" });
  await labels.undo({ change });
  expect(ownersNow()).toEqual(["Bob"]);
  seeAll();
  expect(ownersNow()).toEqual(["", "", ""]);
});

test("an issuer that was removed keeps nobody from undoing a change, and is named", async () => {
  await using world = await openAccounts();
  const { store, labels, things, ownersNow } = world;
  const add = () => store.issuers.add({ name: "shop CA", kind: "csr", createdAt: START, note: "" });
  const issuer = { kind: "issuer", name: "shop CA" } as const;
  const id = add();
  const { change } = await labels.set({ things: [...things, issuer], owner: "team web" });
  store.issuers.remove(id);
  // Another one of its name, of which something else was said.
  add();
  await labels.set({ things: [issuer], owner: "team CA" });
  expect(await labels.undo({ change })).toEqual({ things, gone: [issuer] });
  expect(ownersNow()).toEqual(["", "", ""]);
  expect(await labels.find({ thing: issuer })).toMatchObject({ owner: { own: "team CA" } });
});

test("a bulk change is undone for an account that is gone, too", async () => {
  await using world = await openAccounts();
  const { store, labels, things, ownersNow } = world;
  await labels.set({ things, owner: "team web" });
  visitHost(store, "web1", { collected: { accounts: [makeAccount("ann")] } });
  await labels.undo({});
  world.seeAll();
  expect(ownersNow()).toEqual(["", "", ""]);
});
