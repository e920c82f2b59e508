import { planRenewal } from "#domain/rotation/plan/certificates/plan-renewal.ts";
import { recheckRenewal } from "#domain/rotation/plan/certificates/recheck-renewal.ts";
import type { RenewalFacts } from "#domain/rotation/plan/certificates/renewal-facts.ts";
import type { Unplannable } from "#domain/rotation/plan/draft.ts";
import { hashPlan } from "#domain/rotation/plan/hash-plan.ts";
import { makePlan } from "#domain/rotation/plan/make-plan.ts";
import type { PlanFacts } from "#domain/rotation/plan/plan-facts.ts";
import { wishOf } from "#domain/rotation/plan/taken/aim-of.ts";
import { findFlaw } from "#domain/rotation/plan/taken/find-flaw.ts";
import { recheckPlan } from "#domain/rotation/plan/taken/recheck-plan.ts";
import type { Door, OpenDoor } from "#net/ssh/door.ts";
import type { Announcement } from "#shared/contract/events.ts";
import { type KeyWish, type PlanDetail, RenewalWish, type Wish } from "#shared/contract/runbooks.ts";
import { toInstant } from "#shared/model/instant.ts";
import { Plan, type PlanId, type PlanOptions } from "#shared/model/plan.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { KnownHost } from "#store/runbooks/fact-reader.ts";
import type { Store } from "#store/store.ts";
import { type FactDeps, gatherFacts, isAllCarried, toDoorWish } from "./facts/gather-facts.ts";
import { gatherRenewal, type RenewalMeans } from "./facts/gather-renewal.ts";
import { type SoughtRenewal, seekRenewal } from "./facts/renewal/seek-renewal.ts";
import { seekTaken } from "./facts/renewal/seek-taken.ts";
import { type Sought, seek } from "./facts/seek.ts";
import { findElsewhere, seekPlanned } from "./facts/seek-planned.ts";
import type { Questions } from "./questions.ts";

export type PlanDeps = {
  store: Store;
  questions: Questions;
  openDoor: OpenDoor;
  /** `openDoor`: by a hand that knows servers and their files. */
  renewal: RenewalMeans & { openDoor: OpenDoor };
  /** What facts are gathered with; ssh_config is read anew for every plan. */
  factDeps: () => Promise<FactDeps>;
  announce: (announcement: Announcement) => void;
  inBackground: (work: (signal: AbortSignal) => Promise<void>) => void;
  log: (error: unknown) => void;
  now: () => Date;
};

type PlanMeans = { identityFiles: readonly string[]; mayAsk: boolean };
type PlanWish = PlanMeans & { wish: Wish; options: PlanOptions };
type TakenPlan = PlanMeans & { plan: unknown; hash: string };

/** What is looked at for a plan, and what it comes to. */
type Asked = PlanMeans & {
  hosts: readonly KnownHost[];
  /** Null: nothing is looked at from here. */
  openDoor: OpenDoor | null;
  make: (
    door: Door | null,
    onRead: (read: number) => Promise<void>,
    signal: AbortSignal,
  ) => Promise<Plan | Unplannable>;
};

/** Plans: made of what hosts hold now, or brought from elsewhere. */
export function createPlans(deps: PlanDeps) {
  const { store, announce, inBackground, now } = deps;
  const { plans, facts: inventory } = store.runbooks;
  const make = createMaker(deps);
  return { plan, find, take };

  async function plan({ identityFiles, mayAsk, ...asked }: PlanWish): Promise<{ planId: PlanId }> {
    const { wish, options } = asked;
    const work =
      wish.kind === "rotate-certificate"
        ? toRenew(
            deps,
            { wish, options, sought: seekRenewal(wish, store.runbooks, toInstant(now())) },
            planRenewal,
          )
        : toChange(deps, { wish, options, sought: seek(wish, inventory) }, makePlan);
    const planId = await store.inTurn(() => {
      const id = plans.begin(wish, toInstant(now()));
      plans.progress(id, 0, work.hosts.length);
      return id;
    });
    makeInBackground(planId, { ...work, identityFiles, mayAsk });
    return { planId };
  }

  function find(planId: number): PlanDetail {
    const found = plans.find(planId);
    if (!found) throw new Refusal("not-found", `there is no plan ${planId}`);
    return found;
  }

  /** What it shows has to be what it would write; then its hosts are looked at once more, and its checks are those of now. */
  async function take({ identityFiles, mayAsk, ...given }: TakenPlan): Promise<{ planId: PlanId }> {
    const read = Plan.safeParse(given.plan);
    if (!read.success)
      throw new Refusal("invalid-input", "this is no plan of this Latchkey; export it again, or plan anew");
    const { data } = read;
    if (hashPlan(data) !== given.hash)
      throw new Refusal("invalid-input", "the plan was edited: its hash does not fit; plan anew");
    const work = data.kind === "rotate-certificate" ? takeRenewal(deps, data) : takeChange(deps, data);
    const at = toInstant(now());
    const planId = await store.inTurn(() => {
      const id = plans.begin(null, at);
      plans.progress(id, 0, work.hosts.length);
      const detail = { plan: id, kind: data.kind, hash: given.hash };
      store.events.append({ at, kind: "plan-taken", detail });
      return id;
    });
    makeInBackground(planId, { ...work, identityFiles, mayAsk });
    return { planId };
  }

  function makeInBackground(planId: PlanId, asked: Asked): void {
    announce({ kind: "plan-changed", planId });
    inBackground((closing) =>
      make(planId, asked, closing).finally(() => announce({ kind: "plan-changed", planId })),
    );
  }
}

/** Makes a plan in the background; why none could be made is kept with it. */
function createMaker(deps: PlanDeps) {
  const { store, announce, now } = deps;
  const { plans } = store.runbooks;

  return async (planId: PlanId, asked: Asked, closing: AbortSignal): Promise<void> => {
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
    { hosts, openDoor, identityFiles, mayAsk, make: finish }: Asked,
    signal: AbortSignal,
  ): Promise<Plan> {
    const doorWish = {
      ...{ name: `plan ${planId}`, wishes: hosts.map(toDoorWish) },
      ...{ identityFiles, mayAsk, ask: deps.questions.askFor(mayAsk), signal },
    };
    const door = openDoor && (await openDoor(doorWish));
    const onRead = async (read: number) => {
      await store.inTurn(() => plans.progress(planId, read, hosts.length));
      announce({ kind: "plan-changed", planId });
    };
    const made = await finish(door, onRead, signal);
    if ("refused" in made) throw new Refusal("invalid-input", made.refused);
    return made;
  }
}

type Change = { wish: KeyWish; options: PlanOptions; sought: Sought };
type Work = Pick<Asked, "hosts" | "openDoor" | "make">;

/** Who may log in where. */
function toChange(deps: PlanDeps, asked: Change, finish: (facts: PlanFacts) => Plan | Unplannable): Work {
  const { sought } = asked;
  const isCarriedAlone = isAllCarried(deps.store.runbooks.facts, sought);
  return {
    hosts: sought.hosts.map(({ known }) => known),
    openDoor: isCarriedAlone ? null : deps.openDoor,
    make: async (door, onRead) => finish(await gatherFacts(await deps.factDeps(), asked, door, onRead)),
  };
}

/** Which certificates are served. */
function toRenew(
  deps: PlanDeps,
  { wish, options, sought }: { wish: RenewalWish; options: PlanOptions; sought: SoughtRenewal },
  finish: (facts: RenewalFacts) => Plan | Unplannable,
): Work {
  const { store, renewal } = deps;
  return {
    hosts: sought.hosts.map(({ known }) => known),
    openDoor: renewal.openDoor,
    make: async (door, onRead, signal) => {
      if (!door) throw new Error("hosts are looked at for a renewal");
      const means = { ...(await deps.factDeps()), store, renewal };
      return finish(await gatherRenewal(means, { wish, options, sought, signal }, door, onRead));
    },
  };
}

function takeChange(deps: PlanDeps, data: Plan): Work {
  const { facts: inventory } = deps.store.runbooks;
  const flaw = findFlaw(data);
  if (flaw) throw new Refusal("invalid-input", `the plan was edited: ${flaw}; plan anew`);
  const sought = seekPlanned(data, inventory);
  const finish = (facts: PlanFacts) =>
    recheckPlan({ plan: data, facts, elsewhere: findElsewhere(data, inventory, facts.hosts) });
  return toChange(deps, { wish: wishOf(data), options: data.options, sought }, finish);
}

/** It is planned once more; what comes of that has to be the same. */
function takeRenewal(deps: PlanDeps, data: Plan): Work {
  const sought = seekTaken(data, deps.store.runbooks.facts);
  const wish = RenewalWish.parse({ kind: "rotate-certificate" });
  const asked = { wish, options: data.options, sought };
  return toRenew(deps, asked, (facts) => recheckRenewal(data, facts));
}
