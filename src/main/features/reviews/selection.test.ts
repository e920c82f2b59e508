import { expect, test } from "vitest";
import { fingerprintOf, makeAccount, makeGrant } from "#store/testing/make-visit.ts";
import { ANN, APP, BOB, DEPLOY, nameOf, openWorld, ROOT } from "./testing/review-world.ts";

type World = ReturnType<typeof openWorld>;

const until = { dueAt: "2026-06-30T23:59:59Z" };

/** What a review of a selection is about, each with who decides. */
async function listOf({ api }: World, name: string, request: object) {
  const created = await api.create({
    name,
    selection: { kind: "root" },
    deciders: { kind: "named", names: ["jo"] },
    ...until,
    ...request,
  } as Parameters<World["api"]["create"]>[0]);
  const { rows } = await api.items({ review: name });
  return {
    created,
    names: rows.map(nameOf),
    reviewers: new Map(rows.map((row) => [nameOf(row), row.reviewer])),
  };
}

const selected = (environment: string) => ({ selection: { kind: "root", environment, tag: null } });

test("a host whose tags name two environments is reviewed in each, and production is prod", async () => {
  const world = openWorld();
  const { labels, visit } = world;
  visit("web3");
  await labels.setTag({ name: "blue", environment: "production" });
  await labels.setTag({ name: "green", environment: "staging" });
  await labels.set({ things: [{ kind: "host", host: "web1" }], addTags: ["blue", "green"] });
  await labels.set({ things: [{ kind: "host", host: "web2" }], environment: "prod" });
  const hostsOf = (names: string[]) => [...new Set(names.map((name) => name.split("@")[1]))].toSorted();
  const production = await listOf(world, "production", selected("production"));
  expect(hostsOf(production.names)).toEqual(["web1", "web2"]);
  expect(hostsOf((await listOf(world, "prod", selected("prod"))).names)).toEqual(["web1", "web2"]);
  expect(hostsOf((await listOf(world, "staging", selected("staging"))).names)).toEqual(["web1"]);
  // Of web3 nobody has said it: its three grants and two accounts may be production's.
  expect(production.created).toMatchObject({ items: 10, leftOut: 5 });
  await expect(listOf(world, "none", selected("test"))).rejects.toThrow("the environment is not known");
});

test("what tags say of the account that had a name before does not leave out the one that has it now", async () => {
  const world = openWorld();
  const deploy = { kind: "account", host: "web1", port: 22, name: "deploy" } as const;
  await world.labels.setTag({ name: "blue", environment: "production" });
  await world.labels.setTag({ name: "green", environment: "staging" });
  await world.labels.set({ things: [deploy], addTags: ["green"] });
  world.visit("web1", [ANN, BOB], [ROOT, { ...DEPLOY, uid: 2_000 }, APP]);
  await world.labels.set({ things: [{ kind: "host", host: "web1" }], addTags: ["blue", "green"] });
  expect((await listOf(world, "q2", selected("production"))).names).toContain("account deploy@web1");
});

test("all of an owner has their keys at accounts of others, too", async () => {
  const world = openWorld();
  const key = { kind: "key", fingerprint: fingerprintOf("ci") } as const;
  await world.labels.set({ things: [key], owner: "team build" });
  const team = { selection: { kind: "owner", owner: "team build" } };
  expect((await listOf(world, "team", team)).names).toEqual(["ci deploy@web1", "ci deploy@web2"]);
  // A person by the keys that a people source has as theirs.
  const ann = { selection: { kind: "owner", owner: "Ann" } };
  expect((await listOf(world, "ann", ann)).names).toEqual(["ann root@web1", "ann root@web2"]);
});

test("root itself is an item of its team, and of what nobody answers for", async () => {
  const world = openWorld();
  world.visit(
    "web1",
    [ANN],
    [{ ...ROOT, kind: "system" }, makeAccount("daemon", { uid: 1, kind: "system" })],
  );
  const root = { kind: "account", host: "web1", port: 22, name: "root" } as const;
  const selection = { kind: "no-owner" };
  expect((await listOf(world, "unowned", { selection })).names).toContain("account root@web1");
  await world.labels.set({ things: [root], owner: "team build" });
  const team = await listOf(world, "team", { selection: { kind: "owner", owner: "team build" } });
  expect(team.names).toEqual(["ann root@web1", "account root@web1"]);
  const { names } = await listOf(world, "rest", { selection });
  expect(names).not.toContain("account root@web1");
  expect(names).not.toContain("account daemon@web1");
});

test("an account's own person decides neither on it nor on a key that nobody knows to it, in whatever case they are named", async () => {
  const world = openWorld();
  const more = { uid: 1_010, root: "becomes-root", kind: "person" } as const;
  const ann = makeAccount("ann", more);
  const reasons = [{ what: "one-person" as const, person: "ann", isUsed: true }];
  const ubuntu = makeAccount("ubuntu", { ...more, uid: 1_011, reasons });
  const grants = [
    makeGrant("stranger", { account: "ann", uid: 1_010, file: "/home/ann/.ssh/authorized_keys" }),
    makeGrant("other", { account: "ubuntu", uid: 1_011, file: "/home/ubuntu/.ssh/authorized_keys" }),
  ];
  world.visit("web3", grants, [ann, ubuntu]);
  const { reviewers } = await listOf(world, "q2", { deciders: { kind: "named", names: ["Ann", "bob"] } });
  for (const name of ["account ann@web3", "stranger ann@web3", "account ubuntu@web3", "other ubuntu@web3"])
    expect({ name, by: reviewers.get(name) }).toEqual({ name, by: "bob" });
  expect(reviewers.get("ci deploy@web1")).toBe("Ann");
});

test("a reviewer whom no people source has is named as one", async () => {
  const { created } = await listOf(openWorld(), "q2", { deciders: { kind: "named", names: ["anm", "bob"] } });
  expect(created.reviewers).toEqual([{ name: "anm", items: 10, decided: 0, isUnknown: true }]);
});

test("whoever is called by other letters than ASCII is known in whatever case, and however their marks are written", async () => {
  const world = openWorld();
  const person = { handle: "ec", name: "Émile Zola", email: null, said: "active" as const, leftOn: null };
  const keys = [{ fingerprint: fingerprintOf("bob"), keyType: "ssh-ed25519" }];
  const people = [{ ...person, logins: ["ec"], keys }];
  const source = {
    name: "more.csv",
    kind: "csv" as const,
    isWhole: false,
    people,
    at: "2026-06-01T00:00:00Z",
  };
  world.store.atomically(() => {
    world.store.people.removeSource("people.csv");
    world.store.people.replaceSource(source);
  });
  for (const name of ["Émile Zola", "émile zola", "ÉMILE ZOLA".normalize("NFD")]) {
    const deciders = { kind: "named", names: [name, "jo"] };
    const { reviewers, created } = await listOf(world, `q${[...name].length}${name.charCodeAt(0)}`, {
      deciders,
    });
    expect(reviewers.get("bob root@web1")).toBe("jo");
    expect(created.reviewers.find((one) => one.name === name)?.isUnknown).toBe(false);
  }
});
