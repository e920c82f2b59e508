import { expect, test } from "vitest";
import { hashPlan } from "#domain/runs/hash-plan.ts";
import { makePlanValue } from "#domain/runs/testdata/make-plan-value.ts";
import { Check, type PlanId } from "#shared/model/runs/plan.ts";
import { nameOf, openWorld } from "./testing/review-world.ts";

/** A review in which three grants and an account of web1 are revoked, each by its name. */
async function revokeSome() {
  const world = openWorld();
  await world.create();
  const items = await world.items();
  const numberOf = (name: string): number => items.find((item) => nameOf(item) === name)?.item ?? 0;
  const named = {
    bob1: numberOf("bob root@web1"),
    bob2: numberOf("bob root@web2"),
    ci: numberOf("ci deploy@web1"),
    deploy: numberOf("account deploy@web1"),
  };
  await world.api.decide({
    review: "q2",
    items: Object.values(named),
    choice: "revoke",
    reason: "has left",
  });
  const stateOf = async (item: number) => (await world.api.item({ review: "q2", item })).state;
  const finish = (planId: PlanId | null, refused: Partial<Check>[] = []) => {
    if (planId === null) throw new Error("nothing was planned");
    const checks = refused.map((check) =>
      Check.parse({ state: "refused", id: "own-login", host: null, account: null, text: "no", ...check }),
    );
    const plan = makePlanValue({ hosts: [], checks });
    const made = { plan, hash: hashPlan(plan), at: "2026-06-02T13:00:00Z" };
    world.store.atomically(() => world.store.runbooks.plans.finish(planId, made));
    return planId;
  };
  return { ...world, ...named, stateOf, finish };
}

test("what a plan refuses is left out by its number, and stays to be revoked", async () => {
  const { api, planned, items, bob1, bob2, ci, stateOf } = await revokeSome();
  const about = new Map((await items()).map((item) => [item.item, item.about]));
  expect(await api.plan({ review: "q2", except: [bob1] })).toMatchObject({
    planId: 1,
    grants: 1,
    leftOut: 1,
  });
  expect(planned).toEqual([{ kind: "remove-grants", grants: [about.get(bob2)] }]);
  expect([await stateOf(bob1), await stateOf(bob2), await stateOf(ci)]).toEqual([
    "to-revoke",
    "planned",
    "to-revoke",
  ]);
});

test("an account that is left out stays to be disabled, and the grants that open it go by the plan of grants", async () => {
  const { api, planned, deploy, ci, bob1, bob2, stateOf } = await revokeSome();
  expect(await api.plan({ review: "q2", what: "accounts", except: [deploy] })).toMatchObject({
    planId: null,
    accounts: 0,
    leftOut: 1,
  });
  expect(await api.plan({ review: "q2", except: [deploy, bob1, bob2] })).toMatchObject({
    planId: 1,
    grants: 1,
    leftOut: 3,
  });
  expect(planned).toHaveLength(1);
  expect([await stateOf(deploy), await stateOf(ci)]).toEqual(["to-disable", "planned"]);
});

test("a grant is not left out while the account that it opens is disabled with all that lets in", async () => {
  const { api, deploy, ci } = await revokeSome();
  await expect(api.plan({ review: "q2", what: "accounts", except: [ci] })).rejects.toThrow(
    `item ${ci} goes with the account deploy@web1, item ${deploy}: leave out ${deploy}, too`,
  );
});

test("what the review has no item for is not left out of it", async () => {
  const { api } = await revokeSome();
  await expect(api.plan({ review: "q2", except: [99] })).rejects.toThrow("its items are 1 to 10");
});

test("a plan that a check refuses holds none of its items, and says by which numbers they are left out", async () => {
  const { api, store, bob1, bob2, finish, stateOf } = await revokeSome();
  const { planId } = await api.plan({ review: "q2" });
  expect(await stateOf(bob1)).toBe("planned");
  const id = finish(planId, [{ host: "web1", account: "root" }]);
  expect([await stateOf(bob1), await stateOf(bob2)]).toEqual(["to-revoke", "to-revoke"]);
  expect(store.runbooks.plans.find(id)?.review).toEqual({ name: "q2", refused: [bob1] });
  expect(await api.plan({ review: "q2", except: [bob1] })).toMatchObject({ planId: 2, grants: 1 });
});

test("a plan that nobody has applied gives way to the next one, which has all of it", async () => {
  const { api, store, bob1, bob2, finish, stateOf } = await revokeSome();
  const first = finish((await api.plan({ review: "q2", except: [bob2] })).planId);
  expect([await stateOf(bob1), await stateOf(bob2)]).toEqual(["planned", "to-revoke"]);
  expect(await api.plan({ review: "q2" })).toMatchObject({ planId: 2, grants: 2 });
  expect(store.runbooks.plans.find(first)).toBeNull();
  expect([await stateOf(bob1), await stateOf(bob2)]).toEqual(["planned", "planned"]);
});
