import { createRouterClient } from "@orpc/server";
import { expect, test } from "vitest";
import type { RatedAccount } from "#shared/model/access/account.ts";
import type { ReviewItem } from "#shared/model/access/review.ts";
import { PlanId } from "#shared/model/runs/plan.ts";
import { listFacts } from "#shared/text/access/review.ts";
import { describeLine } from "#shared/text/today.ts";
import { makeAccount, makeGrant } from "#store/testing/make-visit.ts";
import { createToday } from "../today/index.ts";
import { ANN, APP, BOB, CI, DEPLOY, nameOf, openWorld, ROOT } from "./testing/review-world.ts";

const called = (items: readonly ReviewItem[], name: string): ReviewItem => {
  const found = items.find((item) => nameOf(item) === name);
  if (!found) throw new Error(`no item is ${name}`);
  return found;
};

/** The account of web1 and the key that opens it are revoked; it is the day after. */
async function revokeDeploy() {
  const world = openWorld();
  await world.create();
  const items = await world.items();
  const [account, grant] = [called(items, "account deploy@web1"), called(items, "ci deploy@web1")];
  await world.api.decide({
    review: "q2",
    items: [account.item, grant.item],
    choice: "revoke",
    reason: "the job is gone",
  });
  world.clock.now = new Date("2026-06-03T00:00:00Z");
  const outcome = async () => {
    const { state, waitsFor } = await world.api.item({ review: "q2", item: account.item });
    return { state, waitsFor };
  };
  return { ...world, account, grant, outcome };
}

test("what was revoked and is not done is named today, with or without a plan, and also after the end", async () => {
  const { store, api, clock, visit } = await revokeDeploy();
  const today = async () => {
    const read = await createRouterClient(
      createToday({ store, announce: () => undefined, now: () => clock.now }),
    ).read({});
    return read.lines.flatMap((line) =>
      line.kind === "undone-review" ? [`${line.severity} ${describeLine(line, clock.now).sentence}`] : [],
    );
  };
  expect(await today()).toEqual(["medium 2 items revoked or reassigned, and in no plan"]);
  await api.end({ review: "q2" });
  expect(await today()).toEqual(["high ended, and not done: 2 items revoked or reassigned, and in no plan"]);
  await api.plan({ review: "q2", what: "accounts" });
  expect(await today()).toEqual([
    "medium ended, and not done: 2 items planned, and not shown to be gone by a scan",
  ]);
  visit("web1", [ANN, BOB], [ROOT, APP]);
  expect(await today()).toEqual([]);
});

test("accounts that were revoked are disabled by one plan, which the keys that open them go with", async () => {
  const { api, planned, account, grant } = await revokeDeploy();
  expect(await api.plan({ review: "q2" })).toEqual({
    planId: null,
    grants: 0,
    accounts: 1,
    reassigned: 0,
    leftOut: 0,
    unplanned: [],
  });
  expect(await api.plan({ review: "q2", what: "accounts" })).toEqual({
    planId: 1,
    grants: 1,
    accounts: 1,
    reassigned: 0,
    leftOut: 0,
    unplanned: [],
  });
  expect(planned).toEqual([
    {
      kind: "disable-account",
      accounts: [{ host: "web1", port: 22, account: "deploy" }],
      reason: "review q2: the job is gone",
    },
  ]);
  for (const { item } of [account, grant])
    expect(await api.item({ review: "q2", item })).toMatchObject({ state: "planned", planId: 1 });
  expect((await api.find({ review: "q2" })).plans).toMatchObject([{ planId: 1, items: 2 }]);
  expect((await api.plan({ review: "q2", what: "accounts" })).planId).toBeNull();
});

const SHUT: Partial<RatedAccount> = {
  passwordState: "locked",
  shell: "/usr/sbin/nologin",
  disabled: [{ by: "expired", since: "2026-06-02T18:00:00Z" }],
  grantCount: 0,
};

test("an account is closed by the name that is gone, or by a reading by root in which nothing lets in any more", async () => {
  const { visit, outcome, clock } = await revokeDeploy();
  const readAs = (more: Partial<RatedAccount>, grants = [ANN, BOB], collected = {}) => {
    clock.now = new Date(clock.now.getTime() + 86_400_000);
    visit("web1", grants, [ROOT, { ...DEPLOY, ...more }, APP], collected);
  };
  const open = { isLocked: true, isExpired: true, grants: 0, authorities: 0 };
  readAs(SHUT, [ANN, BOB, CI]);
  expect(await outcome()).toMatchObject({ waitsFor: { for: "entries", ...open, grants: 1 } });
  readAs({ ...SHUT, disabled: [] });
  expect(await outcome()).toMatchObject({ waitsFor: { ...open, isExpired: false } });
  readAs({ ...SHUT, passwordState: "set" });
  expect(await outcome()).toMatchObject({ waitsFor: { ...open, isLocked: false } });
  const gap = { why: "file", path: "/etc/ssh/keys/deploy" } as const;
  readAs(SHUT, [ANN, BOB], { keysReadings: [{ uid: 1_000, gap }] });
  expect(await outcome()).toEqual({ state: "to-disable", waitsFor: { for: "reading", gap } });
  clock.now = new Date(clock.now.getTime() + 86_400_000);
  const twin = makeAccount("deploy2", { uid: 1_000, passwordState: "set" });
  visit("web1", [ANN, BOB], [ROOT, { ...DEPLOY, ...SHUT }, twin, APP]);
  expect(await outcome()).toEqual({ state: "to-disable", waitsFor: { for: "name", account: "deploy2" } });
  readAs(SHUT);
  expect(await outcome()).toEqual({ state: "closed", waitsFor: null });
  // Somebody has enabled it again.
  readAs({ ...SHUT, disabled: [], passwordState: "set" });
  expect((await outcome()).state).toBe("to-disable");
  clock.now = new Date("2026-06-20T00:00:00Z");
  visit("web1", [ANN, BOB], [ROOT, APP]);
  expect((await outcome()).state).toBe("closed");
});

test("what an account says of itself closes nothing", async () => {
  const { visit, outcome } = await revokeDeploy();
  const gap = { why: "not-root" } as const;
  visit("web1", [ANN, BOB], [ROOT, { ...DEPLOY, ...SHUT }, APP], {
    readAs: "deploy",
    keysReadings: [{ uid: 1_000, gap }],
  });
  expect((await outcome()).state).toBe("to-disable");
});

test("what an account says of itself after a reading by root, which is the last that evaluated it, closes nothing either", async () => {
  const { visit, outcome, clock } = await revokeDeploy();
  visit("web1");
  clock.now = new Date("2026-06-04T00:00:00Z");
  visit("web1", [ANN, BOB], [ROOT, { ...DEPLOY, ...SHUT, shell: DEPLOY.shell }, APP], {
    readAs: "deploy",
    keysReadings: [{ uid: 1_000, gap: { why: "not-root" } }],
  });
  expect((await outcome()).state).toBe("to-disable");
});

test("root itself is an item, which is not revoked; another name of it is, and no plan disables that", async () => {
  const { create, items, api, visit } = openWorld();
  const toor = makeAccount("toor", { uid: 0, root: "is-root", passwordState: "set" });
  visit("web1", [ANN], [ROOT, toor]);
  await create();
  const root = called(await items(), "account root@web1");
  const revoke = { review: "q2", choice: "revoke" as const, reason: "nobody needs it" };
  await expect(api.decide({ ...revoke, items: [root.item] })).rejects.toThrow("no run disables");
  await api.decide({ ...revoke, items: [called(await items(), "account toor@web1").item] });
  expect(await api.plan({ review: "q2", what: "accounts" })).toMatchObject({
    planId: null,
    accounts: 0,
    unplanned: [{ host: "web1", port: 22, account: "toor", why: "root" }],
  });
});

test("of two decisions about the owner of one account the later counts, and the other is named", async () => {
  const { create, items, api, labels } = openWorld();
  await create();
  const all = await items();
  const reassign = { review: "q2", choice: "reassign" as const, reason: "moved" };
  const [grant, account] = [called(all, "ci deploy@web1"), called(all, "account deploy@web1")];
  await api.decide({ ...reassign, items: [grant.item], to: "team build" });
  await api.decide({ ...reassign, items: [account.item], to: "team shop" });
  const { unplanned, reassigned } = await api.plan({ review: "q2" });
  expect({ unplanned, reassigned }).toEqual({
    reassigned: 1,
    unplanned: [{ host: "web1", port: 22, account: "deploy", why: "owners" }],
  });
  expect((await api.plan({ review: "q2" })).reassigned).toBe(0);
  const thing = { kind: "account", host: "web1", port: 22, name: "deploy" } as const;
  expect((await labels.find({ thing })).owner.own).toBe("team shop");
});

test("an account that is gone needs nobody to answer for it: what was reassigned is closed", async () => {
  const { create, items, api, clock, visit } = openWorld();
  await create();
  const all = await items();
  const [grant, account] = [called(all, "ci deploy@web1"), called(all, "account deploy@web1")];
  const both = [grant.item, account.item];
  await api.decide({ review: "q2", items: both, choice: "reassign", to: "team build", reason: "moved" });
  const states = async () =>
    (await Promise.all(both.map((item) => api.item({ review: "q2", item })))).map(({ state }) => state);
  clock.now = new Date("2026-06-03T00:00:00Z");
  // The key is gone, and the account disabled: somebody answers for it nevertheless.
  visit("web1", [ANN, BOB], [ROOT, { ...DEPLOY, ...SHUT }, APP]);
  expect(await states()).toEqual(["to-reassign", "to-reassign"]);
  visit("web1", [ANN, BOB], [ROOT, APP]);
  expect(await states()).toEqual(["closed", "closed"]);
  expect((await api.items({ review: "q2", state: "closed" })).rows).toHaveLength(2);
  expect((await api.find({ review: "q2" })).states).toContainEqual({ state: "closed", count: 2 });
  expect(await api.plan({ review: "q2" })).toMatchObject({ reassigned: 0, unplanned: [] });
});

test("what was decided or planned while a plan is made refuses that plan, and leaves nothing of it", async () => {
  const { create, items, api, store, meanwhile } = openWorld();
  await create();
  const [bob] = (await items()).filter((item) => nameOf(item).startsWith("bob "));
  const item = bob?.item ?? 0;
  const decide = { review: "q2", items: [item], reason: "x" };
  await api.decide({ ...decide, choice: "revoke" });
  meanwhile.work = () => api.decide({ ...decide, choice: "keep" });
  await expect(api.plan({ review: "q2" })).rejects.toThrow("was decided or planned meanwhile");
  expect(store.runbooks.plans.find(PlanId.parse(1))).toBeNull();
  expect(await api.item({ review: "q2", item })).toMatchObject({ state: "kept", planId: null });

  await api.decide({ ...decide, choice: "revoke" });
  meanwhile.work = async () => {
    meanwhile.work = async () => undefined;
    expect((await api.plan({ review: "q2" })).grants).toBe(1);
  };
  await expect(api.plan({ review: "q2" })).rejects.toThrow("was decided or planned meanwhile");
  expect((await api.find({ review: "q2" })).plans).toHaveLength(1);
});

test("what is not known of an account is not said as known", async () => {
  const { create, items, visit } = openWorld();
  const more = { root: "becomes-root" as const, kind: "person" as const, grantCount: 0 };
  const account = makeAccount("zoe", { ...more, uid: 1_010, passwordState: "unknown" });
  visit("web3", [makeGrant("x")], [ROOT, account], {
    readAs: "zoe",
    keysReadings: [{ uid: 1_010, gap: { why: "not-root" } }],
  });
  await create();
  const { evidence } = called(await items(), "account zoe@web3");
  const facts = Object.fromEntries(listFacts(evidence).map(({ name, value }) => [name, value]));
  expect(facts).toMatchObject({
    "Entered by": "keys not known: it was not by root; password not known",
    "Last login": "not known: no log was read",
    "As of": expect.stringContaining("not by root"),
  });
});
