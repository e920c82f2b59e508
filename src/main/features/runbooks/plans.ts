import { hashPlan } from "#domain/rotation/plan/hash-plan.ts";
import { makePlan } from "#domain/rotation/plan/make-plan.ts";
import type { OpenDoor } from "#net/ssh/door.ts";
import type { Announcement } from "#shared/contract/events.ts";
import type { PlanDetail, Wish } from "#shared/contract/runbooks.ts";
import { toInstant } from "#shared/model/instant.ts";
import { Plan, type PlanId, type PlanOptions } from "#shared/model/plan.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { Store } from "#store/store.ts";
import { type FactDeps, gatherFacts, toDoorWish } from "./facts/gather-facts.ts";
import { seek } from "./facts/seek.ts";
import type { Questions } from "./questions.ts";

export type PlanDeps = {
  store: Store;
  questions: Questions;
  openDoor: OpenDoor;
  /** What facts are gathered with; ssh_config is read anew for every plan. */
  factDeps: () => Promise<FactDeps>;
  announce: (announcement: Announcement) => void;
  inBackground: (work: (signal: AbortSignal) => Promise<void>) => void;
  log: (error: unknown) => void;
  now: () => Date;
};

type PlanWish = { wish: Wish; options: PlanOptions; identityFiles: readonly string[]; mayAsk: boolean };

/** Plans: made of what hosts hold now, or brought from elsewhere. */
export function createPlans(deps: PlanDeps) {
  const { store, announce, inBackground, now } = deps;
  const { plans, facts: inventory } = store.runbooks;
  const make = createMaker(deps);
  return { plan, find, take };

  async function plan(asked: PlanWish): Promise<{ planId: PlanId }> {
    const { hosts } = seek(asked.wish, inventory);
    const planId = await store.inTurn(() => {
      const id = plans.begin(asked.wish, toInstant(now()));
      plans.progress(id, 0, hosts.length);
      return id;
    });
    announce({ kind: "plan-changed", planId });
    inBackground((closing) =>
      make(planId, asked, closing).finally(() => announce({ kind: "plan-changed", planId })),
    );
    return { planId };
  }

  function find(planId: number): PlanDetail {
    const found = plans.find(planId);
    if (!found) throw new Refusal("not-found", `there is no plan ${planId}`);
    return found;
  }

  function take(given: { plan: unknown; hash: string }): Promise<{ planId: PlanId }> {
    const read = Plan.safeParse(given.plan);
    if (!read.success)
      throw new Refusal("invalid-input", "this is no plan of this Latchkey; export it again, or plan anew");
    const { data } = read;
    if (hashPlan(data) !== given.hash)
      throw new Refusal("invalid-input", "the plan was edited: its hash does not fit; plan anew");
    const at = toInstant(now());
    return store.inTurn(() => {
      const planId = plans.take({ plan: data, hash: given.hash, at });
      const detail = { plan: planId, kind: data.kind, hash: given.hash };
      store.events.append({ at, kind: "plan-taken", detail });
      return { planId };
    });
  }
}

/** Makes a plan in the background; why none could be made is kept with it. */
function createMaker(deps: PlanDeps) {
  const { store, announce, now } = deps;
  const { plans, facts: inventory } = store.runbooks;

  return async (planId: PlanId, asked: PlanWish, closing: AbortSignal): Promise<void> => {
    try {
      const made = await make(planId, asked, closing);
      const [at, hash] = [toInstant(now()), hashPlan(made)];
      await store.inTurn(() => {
        plans.finish(planId, { plan: made, hash, at });
        store.events.append({ at, kind: "plan-made", detail: { plan: planId, kind: made.kind, hash } });
      });
    } catch (error) {
      if (!(error instanceof Refusal) && !closing.aborted) deps.log(error);
      const why = error instanceof Refusal ? error.message : "something went wrong; the log has the details";
      await store.inTurn(() => plans.fail(planId, closing.aborted ? "Latchkey was closed" : why));
    }
  };

  async function make(
    planId: PlanId,
    { wish, options, identityFiles, mayAsk }: PlanWish,
    signal: AbortSignal,
  ): Promise<Plan> {
    const sought = seek(wish, inventory);
    const total = sought.hosts.length;
    const door = await deps.openDoor({
      ...{ name: `plan ${planId}`, wishes: sought.hosts.map(({ known }) => toDoorWish(known)) },
      ...{ identityFiles, mayAsk, ask: deps.questions.askFor(mayAsk), signal },
    });
    const onRead = async (read: number) => {
      await store.inTurn(() => plans.progress(planId, read, total));
      announce({ kind: "plan-changed", planId });
    };
    const facts = await gatherFacts(await deps.factDeps(), { wish, options, sought }, door, onRead);
    const made = makePlan(facts);
    if ("refused" in made) throw new Refusal("invalid-input", made.refused);
    return made;
  }
}
