import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { createRouterClient } from "@orpc/server";
import { expect, test } from "vitest";
import { createApp } from "#app";
import { settleStandings } from "#domain/people/standing.ts";
import { inspectThisComputer, readKeyFolder } from "#net/local/this-computer.ts";
import { readKeyFile } from "#net/ssh/identities.ts";
import type { Announcement } from "#shared/contract/events.ts";
import type { Labelled } from "#shared/model/label.ts";
import { openStore } from "#store/store.ts";
import { listGrants } from "#store/testing/ask.ts";
import {
  fingerprintOf,
  makeAccount,
  makeCertificate,
  makeKeyFile as makeFoundKey,
  makeGrant,
  visitEndpoint,
  visitHost,
} from "#store/testing/make-visit.ts";
import { makeKeyFile } from "#testing/ssh/key-files.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { createPeople } from "./index.ts";

/**
 * People over a store that somebody else may fill, with a clock that tests set, on a computer with a home of its own.
 */
async function openPeople() {
  const folder = await makeTemporaryFolder();
  const ssh = join(folder.path, ".ssh");
  await mkdir(ssh, { mode: 0o700 });
  const store = openStore({ path: ":memory:", access: "write" });
  const announced: Announcement["kind"][] = [];
  const clock = { now: new Date("2026-06-01T00:00:00Z") };
  const workstation = { user: "jo", home: folder.path, agentSocket: null };
  const people = createPeople({
    store,
    here: { workstation, inspectComputer: inspectThisComputer, readKeyFile, readKeyFolder },
    hold: async ({ found, wholeKinds }, at) => {
      store.people.holdHere(found, ({ kind }) => wholeKinds.includes(kind), at);
      store.people.settle(
        settleStandings(store.people.entries(), at.slice(0, 10), store.people.decisions()),
        at,
      );
    },
    announce: ({ kind }) => announced.push(kind),
    now: () => clock.now,
  });
  return {
    store,
    announced,
    clock,
    ssh,
    people,
    client: createRouterClient(people.procedures),
    /** Grants of keys by their fingerprints, on one host. */
    visit: (fingerprints: readonly string[]) =>
      visitHost(store, "web", {
        collected: {
          grants: fingerprints.map((fingerprint, index) =>
            makeGrant(`key ${index}`, { fingerprint, line: index + 1 }),
          ),
        },
      }),
    owners: () => listGrants(store).rows.map(({ verdict: { owner } }) => owner.state),
    [Symbol.asyncDispose]: () => folder.remove(),
  };
}

const csv = (text: string) => [{ name: "people.csv", base64: Buffer.from(text).toString("base64") }];

test("a people source is imported, told of, and on the record", async () => {
  await using desk = await openPeople();
  const key = await makeKeyFile(desk.ssh, "elsewhere");
  desk.visit([key.fingerprint]);
  const text = `login,state,key\ncarol,gone,${key.publicLine.trim()}\n`;
  expect(await desk.client.import({ name: "people.csv", files: csv(text) })).toEqual({
    kind: "csv",
    people: 1,
    keys: 1,
    gone: 1,
    missing: 0,
    notes: [],
    broken: { total: 0, first: [] },
  });
  expect(desk.owners()).toEqual(["gone"]);
  expect(desk.announced).toEqual(["people-changed"]);
  expect((await desk.client.list({})).rows).toMatchObject([{ name: "carol", keyCount: 1, grantCount: 1 }]);
  expect(await desk.client.sources()).toMatchObject([{ name: "people.csv", people: 1, keys: 1 }]);
  expect(desk.store.events.count()).toBe(1);

  expect(await desk.client.remove({ name: "people.csv" })).toEqual({ people: 1 });
  expect(desk.owners()).toEqual(["unknown"]);
});

test("a people source that names nobody takes nothing away", async () => {
  await using desk = await openPeople();
  await desk.client.import({ name: "people.csv", files: csv("login,state\ncarol,gone\n") });
  const empty = desk.client.import({ name: "people.csv", files: csv("login,state\n"), isWhole: true });
  await expect(empty).rejects.toThrow("people.csv names nobody: write a line for each person");
  expect((await desk.client.list({})).total).toBe(1);
});

test("whose last day passes is gone from the next scan on, without another import", async () => {
  await using desk = await openPeople();
  await desk.client.import({ name: "people.csv", files: csv("login,left on\ncarol,2026-06-15\n") });
  const standing = async () =>
    (await desk.client.list({})).rows.map((person) => [person.standing, person.why]);
  expect(await standing()).toEqual([["known", "carol is in people.csv and leaves on 2026-06-15"]]);
  desk.clock.now = new Date("2026-06-16T08:00:00Z");
  await desk.people.refreshHeldKeys(new Map());
  expect(await standing()).toEqual([["gone", "carol left on 2026-06-15, according to people.csv"]]);
});

test("the private keys of this computer are matched as long as they are here, those that a scan was given among them", async () => {
  await using desk = await openPeople();
  const usual = await makeKeyFile(desk.ssh, "work");
  const named = await makeKeyFile(join(desk.ssh, ".."), "audit");
  desk.visit([usual.fingerprint, named.fingerprint]);
  await desk.people.refreshHeldKeys(new Map());
  expect(desk.owners()).toEqual(["known", "unknown"]);
  await desk.people.refreshHeldKeys(new Map([[named.path, named.fingerprint]]));
  expect(desk.owners()).toEqual(["known", "known"]);
  // Its path is remembered, and read again.
  await desk.people.refreshHeldKeys(new Map());
  expect(desk.owners()).toEqual(["known", "known"]);
  await rm(named.path);
  await desk.people.refreshHeldKeys(new Map());
  expect(desk.owners()).toEqual(["known", "unknown"]);
});

test("before the scope is declared whole, the keys of this computer are looked at", async () => {
  await using desk = await openPeople();
  const { fingerprint } = await makeKeyFile(desk.ssh, "id_ed25519");
  desk.visit([fingerprint]);
  expect(await desk.client.markInventory({ isWhole: true, note: " two laptops " })).toEqual({
    isWhole: true,
    note: "two laptops",
    markedAt: "2026-06-01T00:00:00Z",
    gaps: { total: 0, first: [] },
  });
  expect(listGrants(desk.store, { orphaned: true }).total).toBe(0);
  expect(await desk.client.inventory()).toMatchObject({ isWhole: true });
});

/** Carol has left by the table; her keys are in a folder, where she has another name. */
async function importCarol(desk: Awaited<ReturnType<typeof openPeople>>) {
  const key = await makeKeyFile(desk.ssh, "carols");
  const line = key.publicLine.trim();
  await desk.client.import({
    name: "people.csv",
    files: csv("name,login,state\nCarol Nolan,carol,gone\nAnn Moore,ann,active\n"),
  });
  const keyFile = (name: string) => ({ name, base64: Buffer.from(`${line}\n`).toString("base64") });
  await desk.client.import({ name: "team-keys", files: [keyFile("carol.keys"), keyFile("cnolan.keys")] });
  desk.visit([key.fingerprint]);
  return key;
}

test("a person is one row over all sources, with the keys and grants of every entry", async () => {
  await using desk = await openPeople();
  await importCarol(desk);
  const { rows } = await desk.client.list({});
  expect(
    rows.map(({ name, sources, keyCount, grantCount, standing }) => [
      name,
      sources,
      keyCount,
      grantCount,
      standing,
    ]),
  ).toEqual([
    ["Ann Moore", ["people.csv"], 0, 0, "known"],
    ["Carol Nolan", ["people.csv", "team-keys"], 1, 1, "gone"],
    ["cnolan", ["team-keys"], 1, 1, "known"],
  ]);
  const carol = await desk.client.find({ id: rows[1]?.id ?? 0 });
  expect(carol).toMatchObject({
    grants: [],
    sharedKeys: [{ grants: [1], people: ["cnolan"] }],
    alike: [{ name: "cnolan" }],
  });
  expect(carol.entries.map(({ name, source }) => `${name} in ${source}`)).toEqual([
    "Carol Nolan in people.csv",
    "carol in team-keys",
  ]);
  expect((await desk.client.list({ search: "team-keys carol" })).rows.map(({ name }) => name)).toEqual([
    "Carol Nolan",
  ]);
});

test("a key joins nobody; what the user joins and splits stays so over another import, until it is withdrawn", async () => {
  await using desk = await openPeople();
  await importCarol(desk);
  const names = async () =>
    (await desk.client.list({})).rows.map(({ name, standing }) => `${name} ${standing}`);
  const idOf = async (name: string) => (await desk.client.list({ search: name })).rows[0]?.id ?? 0;
  // Somebody who is there is listed with the key of somebody who has left: it is not hers alone.
  expect(desk.owners()).toEqual(["known"]);
  const other = await idOf("cnolan");
  await desk.client.join({ ids: [await idOf("Carol Nolan"), other] });
  expect(await names()).toEqual(["Ann Moore known", "Carol Nolan gone"]);
  expect(desk.owners()).toEqual(["gone"]);

  await desk.client.import({ name: "people.csv", files: csv("name,login,state\nCarol Nolan,carol,gone\n") });
  expect(await names()).toContain("Carol Nolan gone");
  expect(await names()).not.toContain("cnolan known");

  expect(await desk.client.regroup({ id: other })).toEqual({ withdrawn: 1 });
  expect(await names()).toContain("cnolan known");
  const carol = await desk.client.find({ id: await idOf("Carol Nolan") });
  const ofKeys = carol.entries.find(({ source }) => source === "team-keys");
  await desk.client.split({ id: ofKeys?.id ?? 0 });
  expect(await names()).toContain("carol known");
  expect(await desk.client.find({ id: ofKeys?.id ?? 0 })).toMatchObject({
    name: "carol",
    entries: [{ isSplit: true }],
  });
});

test("people that are one already cannot be joined, and nobody is split who is not there", async () => {
  await using desk = await openPeople();
  await importCarol(desk);
  const carol = (await desk.client.list({ search: "Carol Nolan" })).rows[0]?.id ?? 0;
  const { entries } = await desk.client.find({ id: carol });
  await expect(desk.client.join({ ids: entries.map(({ id }) => id) })).rejects.toThrow("one person already");
  await expect(desk.client.join({ ids: [carol, 999] })).rejects.toThrow("there is no person 999");
  await expect(desk.client.split({ id: 999 })).rejects.toThrow("there is no person 999");
});

test("read-only, nothing of it can be changed", async () => {
  await using app = createApp({ databasePath: ":memory:", isReadOnly: true });
  const { people } = app.client;
  for (const command of [
    people.import({ name: "people.csv", files: csv("login,state\ncarol,gone\n") }),
    people.remove({ name: "people.csv" }),
    people.markInventory({ isWhole: true }),
  ])
    await expect(command).rejects.toThrow("Latchkey is read-only");
});

test("of somebody is known what names them as its owner, and which accounts nobody but they get into", async () => {
  await using opened = await openPeople();
  const { store, client } = opened;
  const [carols, anns] = [fingerprintOf("carol's"), fingerprintOf("ann's")];
  const csv = `name,login,fingerprint\nCarol Stone,carol,${carols}\nAnn Moore,ann,${anns}\n`;
  await client.import({ name: "people.csv", files: [{ name: "people.csv", base64: btoa(csv) }] });
  const locked = { passwordState: "locked" as const };
  const grant = (key: string, account: string, line: number) =>
    makeGrant(key, { account, line, file: `/home/${account}/.ssh/authorized_keys` });
  visitHost(store, "web", {
    collected: {
      accounts: [
        makeAccount("report", locked),
        makeAccount("deploy", { uid: 1_001, kind: "bot", grantCount: 2, passwordState: "locked" }),
        makeAccount("carol", { uid: 1_002 }),
        makeAccount("backup", { uid: 1_003, passwordState: "locked" }),
      ],
      grants: [
        grant("carol's", "report", 1),
        grant("carol's", "deploy", 1),
        grant("ann's", "deploy", 2),
        grant("carol's", "carol", 1),
      ],
    },
  });
  const label = (thing: Labelled, owner: string) => {
    const row = store.labels.findRow(thing);
    if (row) store.atomically(() => store.labels.set(row, { owner }));
  };
  const account = (name: string) => ({ kind: "account" as const, host: "web", port: 22, name });
  label(account("backup"), "Carol Stone");
  label(account("deploy"), "carol");
  label(account("report"), "team web");
  label({ kind: "key", fingerprint: carols }, "carol");
  const shop = makeCertificate("shop");
  visitEndpoint(store, "web", { presented: { chain: [shop] } });
  const endpoint = { kind: "endpoint", host: "web", port: 443, serverName: null, protocol: "tls" } as const;
  const certificate = { kind: "certificate", sha256: shop.certificate.sha256 } as const;
  label(endpoint, "carol");
  label(certificate, "Carol Stone");
  store.atomically(() => store.labels.setTag("shop", { owner: "carol" }));
  const carol = (await client.list({ search: "carol" })).rows[0]?.id ?? 0;
  const found = await client.find({ id: carol });
  expect(found.owned).toEqual([
    account("backup"),
    account("deploy"),
    certificate,
    endpoint,
    { kind: "key", fingerprint: carols },
  ]);
  expect(found.ownedTags).toEqual(["shop"]);
  // Into deploy Ann gets, too, and carol has a password.
  expect(found.ownAccounts.map(({ host, name }) => `${name}@${host}`)).toEqual(["report@web"]);
  label({ kind: "host", host: "web" }, "Carol Stone");
  expect((await client.find({ id: carol })).owned).toContainEqual({ kind: "host", host: "web" });
  // Another Carol Stone is there, too: what has that name alone is nobody's to hand over.
  const another = btoa("name,login,state\nCarol Stone,carol.stone,active\n");
  await client.import({ name: "more.csv", files: [{ name: "more.csv", base64: another }] });
  expect((await client.find({ id: carol })).owned).toEqual([
    account("deploy"),
    endpoint,
    { kind: "key", fingerprint: carols },
  ]);
  expect((await client.find({ id: (await client.list({ search: "ann" })).rows[0]?.id ?? 0 })).owned).toEqual(
    [],
  );
});

test("of somebody's keys only those are named that are there: one whose file is gone would refuse to be handed over", async () => {
  await using opened = await openPeople();
  const { store, client } = opened;
  await client.import({
    name: "people.csv",
    files: [
      {
        name: "people.csv",
        base64: btoa(`name,login,fingerprint\nCarol Stone,carol,${fingerprintOf("carol's")}\n`),
      },
    ],
  });
  const key = { kind: "key", fingerprint: fingerprintOf("deploy") } as const;
  const visit = (files: string[]) =>
    visitHost(store, "web", { collected: { keyFiles: files.map(makeFoundKey) } });
  visit(["deploy"]);
  const row = store.labels.findRow(key);
  if (row) store.atomically(() => store.labels.set(row, { owner: "carol" }));
  const carol = (await client.list({ search: "carol" })).rows[0]?.id ?? 0;
  const owned = async () => (await client.find({ id: carol })).owned;
  expect(await owned()).toEqual([key]);
  visit([]);
  expect(await owned()).toEqual([]);
  visit(["deploy"]);
  expect(await owned()).toEqual([key]);
});
