import { expect, test } from "vitest";
import { hashPlan } from "#domain/runs/hash-plan.ts";
import { makePlanValue } from "#domain/runs/testdata/make-plan-value.ts";
import { PlanId } from "#shared/model/runs/plan.ts";
import { beginScan, makeGrant, visitHost } from "#store/testing/make-visit.ts";
import { ANN, APP, CI, DEPLOY, GRANTS, nameOf, openWorld, ROOT, statesOf } from "./testing/review-world.ts";

test("a review of root access has the grants of all accounts that become root, and these accounts, as they are then", async () => {
  const { create, items, visit } = openWorld();
  const review = await create();
  expect(review).toMatchObject({ items: 10, decided: 0, states: [{ state: "open", count: 10 }] });
  const names = (await items()).map(nameOf);
  expect(names.toSorted()).toEqual(
    ["web1", "web2"]
      .flatMap((host) => [
        `ann root@${host}`,
        `bob root@${host}`,
        `ci deploy@${host}`,
        `account root@${host}`,
        `account deploy@${host}`,
      ])
      .toSorted(),
  );
  const frozen = await items();
  visit("web1", [makeGrant("ann", { options: "restrict", text: "restrict ssh-ed25519 ann" })]);
  expect((await items()).map(({ evidence }) => evidence)).toEqual(frozen.map(({ evidence }) => evidence));
});

test("a tag, an owner, and the want of one choose what is reviewed", async () => {
  const { create, api, labels } = openWorld();
  await labels.set({
    things: [{ kind: "host", host: "web1" }],
    addTags: ["edge"],
    owner: "team shop",
    environment: "production",
  });
  const listed = async (name: string, selection: object) => {
    await create({ name, selection: selection as never });
    return (await api.items({ review: name })).rows.map(nameOf);
  };
  expect(await listed("tagged", { kind: "root", tag: "edge" })).toEqual([
    "ann root@web1",
    "bob root@web1",
    "ci deploy@web1",
    "account root@web1",
    "account deploy@web1",
  ]);
  expect(await listed("production", { kind: "root", environment: "production" })).toHaveLength(5);
  expect(await listed("team", { kind: "owner", owner: "team shop" })).toContain("account app@web1");
  const unowned = await listed("unowned", { kind: "no-owner" });
  expect(unowned).toContain("account app@web2");
  expect(unowned).not.toContain("account app@web1");
  await expect(create({ name: "none", selection: { kind: "owner", owner: "nobody" } })).rejects.toThrow(
    "nothing that was scanned is in the selection",
  );
  // What was refused has left nothing, and its name is free.
  await create({ name: "none" });
});

test("a reviewer gets no access of their own: the next one does, and where there is none the review is refused", async () => {
  const { create, items, api, labels } = openWorld();
  await create();
  const reviewers = new Map((await items()).map((item) => [nameOf(item), item.reviewer]));
  expect(reviewers.get("ann root@web1")).toBe("bob");
  expect(reviewers.get("bob root@web1")).toBe("ann");
  await expect(create({ name: "own", deciders: { kind: "named", names: ["ann"] } })).rejects.toThrow(
    "nobody can decide on ann (SHA256:",
  );
  await labels.set({ things: [{ kind: "host", host: "web1" }], owner: "ann" });
  await expect(create({ name: "owned", deciders: { kind: "owner" } })).rejects.toThrow(
    "name who decides otherwise",
  );
  const owned = await create({
    name: "owned",
    deciders: { kind: "owner", otherwise: "bob" },
    selection: { kind: "owner", owner: "ann" },
  });
  expect(owned.reviewers).toEqual([
    { name: "ann", items: 5, decided: 0, isUnknown: false },
    { name: "bob", items: 2, decided: 0, isUnknown: false },
  ]);
  await expect(api.assign({ review: "owned", items: [1], to: "ann" })).rejects.toThrow("ann's own access");
});

test("nobody types that their own access stays, and everybody may give it up", async () => {
  const { create, items, api } = openWorld({ user: "bob" });
  await create({ deciders: { kind: "named", names: ["ann", "jo"] } });
  const own = (await items()).filter((item) => nameOf(item).startsWith("bob "));
  const decide = { review: "q2", items: own.map(({ item }) => item), reason: "on call" };
  await expect(api.decide({ ...decide, choice: "keep" })).rejects.toThrow("is bob's own access");
  await expect(api.decide({ ...decide, choice: "reassign", to: "ann" })).rejects.toThrow(
    "is bob's own access",
  );
  expect(await api.decide({ ...decide, choice: "revoke" })).toEqual({ decided: 2 });
});

test("what is revoked is closed by a later reading of its host alone, and is open again where the key is there once more", async () => {
  const { store, create, items, api, visit, clock, planned } = openWorld();
  await create();
  const [web1, web2] = (await items()).filter((item) => nameOf(item).startsWith("bob "));
  const revoked = [web1?.item ?? 0, web2?.item ?? 0];
  await api.decide({ review: "q2", items: revoked, choice: "revoke", reason: "has left the team" });
  expect(statesOf(await items(), "bob")).toEqual(["to-revoke", "to-revoke"]);
  expect(await api.plan({ review: "q2" })).toMatchObject({ planId: 1, grants: 2, accounts: 0 });
  expect(planned).toEqual([{ kind: "remove-grants", grants: [web1?.about, web2?.about] }]);
  expect(statesOf(await items(), "bob")).toEqual(["planned", "planned"]);
  // What no plan came of holds nothing.
  store.atomically(() => store.runbooks.plans.fail(PlanId.parse(1), "a host could not be read"));
  expect(statesOf(await items(), "bob")).toEqual(["to-revoke", "to-revoke"]);

  // A reading that began before the review was created, and is recorded after it.
  const early = beginScan(store, "2026-06-01T00:00:00Z");
  visitHost(store, "web1", {
    scanId: early,
    collected: { grants: [ANN, CI], accounts: [ROOT, DEPLOY, APP] },
  });
  expect(statesOf(await items(), "bob")).toEqual(["to-revoke", "to-revoke"]);

  visit("web1", GRANTS);
  clock.now = new Date("2026-06-03T00:00:00Z");
  visit("web1", [ANN, CI]);
  const [closed] = (await items()).filter((item) => nameOf(item).startsWith("bob "));
  expect(closed).toMatchObject({ state: "closed", closedBy: { at: "2026-06-03T00:00:00Z" } });
  expect(statesOf(await items(), "bob")).toEqual(["closed", "to-revoke"]);
  // The same key in another line is the same access.
  visit("web1", [ANN, CI, makeGrant("bob", { line: 3, options: "no-pty", text: "no-pty ssh-ed25519 bob" })]);
  expect(statesOf(await items(), "bob")).toEqual(["to-revoke", "to-revoke"]);
  expect((await api.find({ review: "q2" })).states).toContainEqual({ state: "to-revoke", count: 2 });
  const again = await api.plan({ review: "q2" });
  expect(again).toMatchObject({ grants: 2 });
  expect(planned[1]).toMatchObject({ grants: expect.not.arrayContaining([web1?.about]) });
});

test("a revoked key that somebody puts back once the run has removed it is to be revoked again", async () => {
  const { store, create, items, api, visit, clock } = openWorld();
  await create();
  const [web1] = (await items()).filter((item) => nameOf(item).startsWith("bob "));
  await api.decide({ review: "q2", items: [web1?.item ?? 0], choice: "revoke", reason: "has left the team" });
  const plan = makePlanValue({ hosts: [] });
  const at = "2026-06-02T00:00:00Z";
  const { planId } = await api.plan({ review: "q2" });
  if (planId === null) throw new Error("nothing was planned");
  store.atomically(() => store.runbooks.plans.finish(planId, { plan, hash: hashPlan(plan), at }));
  expect(statesOf(await items(), "bob")).toEqual(["planned", "open"]);
  const counts = { hosts: 1, adds: 0, changes: 0, removes: 1 };
  const run = { planId, token: "one", kind: plan.kind, title: "", at, acknowledgements: [], counts };
  const id = store.runbooks.runs.begin({ ...run, origin: "live" });
  store.runbooks.runs.setState({
    id,
    state: "committed",
    reasons: [],
    byHand: [],
    endedAt: "2026-06-02T18:00:00Z",
  });
  expect(statesOf(await items(), "bob")).toEqual(["planned", "open"]);
  clock.now = new Date("2026-06-03T00:00:00Z");
  visit("web1", [ANN, CI]);
  expect(statesOf(await items(), "bob")).toEqual(["closed", "open"]);
  clock.now = new Date("2026-06-04T00:00:00Z");
  visit("web1", [ANN, CI, makeGrant("bob", { line: 3, text: "ssh-ed25519 bob again" })]);
  expect(statesOf(await items(), "bob")).toEqual(["to-revoke", "open"]);
});

test("two lines with one key are two items: to revoke the one leaves the other", async () => {
  const { create, items, api, visit, clock, planned } = openWorld();
  const twice = makeGrant("bob", { line: 3, options: "no-pty", text: "no-pty ssh-ed25519 bob" });
  visit("web1", [...GRANTS, twice]);
  await create();
  const [first] = (await items()).filter((item) => nameOf(item) === "bob root@web1");
  await api.decide({ review: "q2", items: [first?.item ?? 0], choice: "revoke", reason: "once is enough" });
  await api.plan({ review: "q2" });
  expect(planned).toMatchObject([{ grants: [first?.about] }]);
  clock.now = new Date("2026-06-03T00:00:00Z");
  visit("web1", [ANN, CI, twice]);
  expect((await api.item({ review: "q2", item: first?.item ?? 0 })).state).toBe("closed");
});

test("whoever is named answers for the account once the review is planned", async () => {
  const { create, items, api, labels } = openWorld();
  await create();
  const [ci] = (await items()).filter((item) => nameOf(item) === "ci deploy@web1");
  const item = ci?.item ?? 0;
  const reassign = { review: "q2", items: [item], choice: "reassign" as const, reason: "they run the jobs" };
  await expect(api.decide(reassign)).rejects.toThrow("name who answers for it");
  await api.decide({ ...reassign, to: "team build" });
  expect((await api.item({ review: "q2", item })).state).toBe("to-reassign");
  expect(await api.plan({ review: "q2" })).toMatchObject({ reassigned: 1, planId: null });
  expect((await api.item({ review: "q2", item })).state).toBe("reassigned");
  const thing = { kind: "account", host: "web1", port: 22, name: "deploy" } as const;
  expect(await labels.find({ thing })).toMatchObject({ owner: { own: "team build" } });
});

test("a decision takes the place of an earlier one, both stay, and one that is late is marked", async () => {
  const { create, api, clock } = openWorld();
  await create();
  const decide = { review: "q2", items: [1], reason: "on call" };
  await api.decide({ ...decide, choice: "keep" });
  clock.now = new Date("2026-07-01T00:00:00Z");
  await api.decide({ ...decide, choice: "revoke", reason: "not any more" });
  expect(await api.item({ review: "q2", item: 1 })).toMatchObject({
    decision: { choice: "revoke", reason: "not any more", source: "typed", by: "jo", isLate: true },
  });
  const { answerCount, reviewers } = await api.find({ review: "q2" });
  const { rows: answers } = await api.answers({ review: "q2" });
  expect(answerCount).toBe(2);
  expect(answers.map(({ isLate, decisions }) => ({ isLate, decisions }))).toEqual([
    { isLate: false, decisions: 1 },
    { isLate: true, decisions: 1 },
  ]);
  const { rows } = await api.decisions({ review: "q2" });
  expect(rows.map(({ item, choice, reason, answer }) => [item, choice, reason, answer])).toEqual([
    [1, "keep", "on call", 1],
    [1, "revoke", "not any more", 2],
  ]);
  expect(reviewers.reduce((sum, { decided }) => sum + decided, 0)).toBe(1);
});

test("a review that has ended takes no decision", async () => {
  const { create, api } = openWorld();
  await create();
  expect(await api.end({ review: "q2" })).toMatchObject({ endedAt: "2026-06-02T12:00:00Z" });
  await expect(api.decide({ review: "q2", items: [1], choice: "keep", reason: "x" })).rejects.toThrow(
    "has ended on 2026-06-02",
  );
  await expect(api.end({ review: "q2" })).rejects.toThrow("has ended already");
});
