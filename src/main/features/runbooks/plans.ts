import type { OpenSessions } from "#connect/host-sessions.ts";
import type { Prompts } from "#connect/prompts.ts";
import type { Unplannable } from "#domain/rotation/plan/draft.ts";
import { hashPlan } from "#domain/rotation/plan/hash-plan.ts";
import { makePlan } from "#domain/rotation/plan/make-plan.ts";
import type { PlanFacts } from "#domain/rotation/plan/plan-facts.ts";
import { wishOf } from "#domain/rotation/plan/taken/aim-of.ts";
import { findFlaw } from "#domain/rotation/plan/taken/find-flaw.ts";
import { recheckPlan } from "#domain/rotation/plan/taken/recheck-plan.ts";
import type { Announcement } from "#shared/contract/events.ts";
import type { KeyWish, PlanDetail, Wish } from "#shared/contract/runbooks.ts";
import { toInstant } from "#shared/model/instant.ts";
import { Plan, type PlanId, type PlanOptions } from "#shared/model/plan.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { Store } from "#store/store.ts";
import { type FactDeps, gatherFacts, isAllCarried, toHostRequest } from "./facts/gather-facts.ts";
import type { RenewalMeans } from "./facts/gather-renewal.ts";
import { type Sought, seek } from "./facts/seek.ts";
import { findElsewhere, seekPlanned } from "./facts/seek-planned.ts";
import { seekWork, takeRenewal } from "./plan-renewals.ts";
import { atOnce, type LaterWork, type Work } from "./plan-work.ts";

export type PlanDeps = {
  store: Store;
  questions: Prompts;
  openSessions: OpenSessions;
  /** `openSessions`: by a hand that knows servers and their files. */
  renewal: RenewalMeans & { openSessions: OpenSessions };
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

type Asked = PlanMeans & Work;

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
        ? await seekWork(deps, { wish, options })
        : atOnce(toChange(deps, { wish, options, sought: seek(wish, inventory) }, makePlan));
    const planId = await store.inTurn(() => {
      const id = plans.begin(wish, toInstant(now()));
      plans.progress(id, 0, work.total);
      return id;
    });
    makeInBackground(planId, { identityFiles, mayAsk }, work);
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
    const isRenewal = data.kind === "rotate-certificate";
    const work = atOnce(isRenewal ? takeRenewal(deps, data) : takeChange(deps, data));
    const at = toInstant(now());
    const planId = await store.inTurn(() => {
      const id = plans.begin(null, at);
      plans.progress(id, 0, work.total);
      const detail = { plan: id, kind: data.kind, hash: given.hash };
      store.events.append({ at, kind: "plan-taken", detail });
      return id;
    });
    makeInBackground(planId, { identityFiles, mayAsk }, work);
    return { planId };
  }

  function makeInBackground(planId: PlanId, means: PlanMeans, { begin }: LaterWork): void {
    announce({ kind: "plan-changed", planId });
    inBackground((closing) =>
      make(planId, async () => ({ ...means, ...(await begin(closing)) }), closing).finally(() =>
        announce({ kind: "plan-changed", planId }),
      ),
    );
  }
}

/** Makes a plan in the background; why none could be made is kept with it. */
function createMaker(deps: PlanDeps) {
  const { store, announce, now } = deps;
  const { plans } = store.runbooks;

  return async (planId: PlanId, asked: () => Promise<Asked>, closing: AbortSignal): Promise<void> => {
    try {
      const made = await make(planId, await asked(), closing);
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
    { hosts, openSessions, identityFiles, mayAsk, make: finish }: Asked,
    signal: AbortSignal,
  ): Promise<Plan> {
    const doorWish = {
      name: `plan ${planId}`,
      requests: hosts.map(toHostRequest),
      identityFiles,
      mayAsk,
      ask: deps.questions.askFor(mayAsk),
      signal,
    };
    const sessions = openSessions && (await openSessions(doorWish));
    const onRead = async (read: number) => {
      await store.inTurn(() => plans.progress(planId, read, hosts.length));
      announce({ kind: "plan-changed", planId });
    };
    const made = await finish(sessions, onRead, signal);
    if ("refused" in made) throw new Refusal("invalid-input", made.refused);
    return made;
  }
}

type Change = { wish: KeyWish; options: PlanOptions; sought: Sought };

/** Who may log in where. */
function toChange(deps: PlanDeps, asked: Change, finish: (facts: PlanFacts) => Plan | Unplannable): Work {
  const { sought } = asked;
  const isCarriedAlone = isAllCarried(deps.store.runbooks.facts, sought);
  return {
    hosts: sought.hosts.map(({ known }) => known),
    openSessions: isCarriedAlone ? null : deps.openSessions,
    make: async (sessions, onRead) =>
      finish(await gatherFacts(await deps.factDeps(), asked, sessions, onRead)),
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
