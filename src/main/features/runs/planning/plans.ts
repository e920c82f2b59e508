import { type HostSessions, type OpenSessions, toHostRequest } from "#connect/host-sessions.ts";
import type { Prompts } from "#connect/prompts.ts";
import type { Unplannable } from "#domain/runs/access/change-set.ts";
import { hashPlan } from "#domain/runs/hash-plan.ts";
import type { Announcement } from "#shared/contract/events.ts";
import type { PlanDetail, PlanRequest } from "#shared/contract/runs.ts";
import { toInstant } from "#shared/model/instant.ts";
import { Refusal } from "#shared/model/refusal.ts";
import {
  isRenewal,
  Plan,
  type PlanId,
  type PlanKind,
  plannedCertificates,
  plannedFiles,
} from "#shared/model/runs/plan.ts";
import type { PlanOptions } from "#shared/model/runs/plan-options.ts";
import { formatRest } from "#shared/text/access/review-numbers.ts";
import { formatCount } from "#shared/text/count.ts";
import { acknowledgementOf, countRemoved, countServers } from "#shared/text/runs/plan.ts";
import type { KnownHost } from "#store/runs/fact-reader.ts";
import type { Store } from "#store/store.ts";

/** The connection broke while a host was read. */
export class HostLost extends Error {}

/** What is inspected for a plan, and how the plan is made of it. */
export type PlanWork = {
  hosts: readonly KnownHost[];
  /** Null: no host is inspected from here. */
  openSessions: OpenSessions | null;
  make: (
    sessions: HostSessions | null,
    onRead: (read: number) => Promise<void>,
    signal: AbortSignal,
  ) => Promise<Plan | Unplannable>;
};

/** Work of which not all is known before issuers were asked. `total`: hosts that are known by now. */
export type LaterPlanWork = { total: number; begin: (signal: AbortSignal) => Promise<PlanWork> };

export const atOnce = (work: PlanWork): LaterPlanWork => ({
  total: work.hosts.length,
  begin: async () => work,
});

/** Makes the plans of one kind, or of several that are made alike. */
export type Planner<Request extends PlanRequest = PlanRequest, P extends Plan = Plan> = {
  plan(input: { request: Request; options: PlanOptions }): Promise<LaterPlanWork>;
  /** For an imported plan: its hosts are read again, and its checks are made anew. */
  review(plan: P): PlanWork;
};

type PlanDeps = {
  store: Store;
  prompts: Prompts;
  plannerOf: (kind: PlanKind) => Planner;
  announce: (announcement: Announcement) => void;
  inBackground: (work: (signal: AbortSignal) => Promise<void>) => void;
  log: (error: unknown) => void;
  now: () => Date;
};

type PlanMeans = { identityFiles: readonly string[]; mayPrompt: boolean };
/** `onBegun`: what else is written with the plan, or refuses it. */
type PlanInput = PlanMeans & {
  request: PlanRequest;
  options: PlanOptions;
  onBegun?: (planId: PlanId) => void;
};
type PlanImport = PlanMeans & { plan: unknown; hash: string };

type PlanWorkRequest = PlanMeans & PlanWork;

/** Plans: made of what hosts have now, or imported. */
export function createPlans(deps: PlanDeps) {
  const { store, announce, inBackground, now } = deps;
  const { plans } = store.runbooks;
  const make = createMaker(deps);
  return { plan, find, take };

  async function plan({
    identityFiles,
    mayPrompt,
    request,
    options,
    onBegun,
  }: PlanInput): Promise<{ planId: PlanId }> {
    const work = await deps.plannerOf(request.kind).plan({ request, options });
    const planId = await store.queueWrite(() => {
      const id = plans.begin(request, toInstant(now()));
      plans.progress(id, 0, work.total);
      onBegun?.(id);
      return id;
    });
    makeInBackground(planId, { identityFiles, mayPrompt }, work);
    return { planId };
  }

  function find(planId: number): PlanDetail {
    const found = plans.find(planId);
    if (!found) throw new Refusal("not-found", `there is no plan ${planId}`);
    return found;
  }

  /**
   * What it shows must be what it would write; then its hosts are inspected once more, and its checks are made anew.
   */
  async function take({ identityFiles, mayPrompt, ...input }: PlanImport): Promise<{ planId: PlanId }> {
    const read = Plan.safeParse(input.plan);
    if (!read.success)
      throw new Refusal("invalid-input", "this is no plan of this Latchkey; export it again, or plan anew");
    const { data } = read;
    if (hashPlan(data) !== input.hash)
      throw new Refusal("invalid-input", "the plan was edited: its hash does not fit; plan anew");
    const work = atOnce(deps.plannerOf(data.kind).review(data));
    const at = toInstant(now());
    const planId = await store.queueWrite(() => {
      const id = plans.begin(null, at);
      plans.progress(id, 0, work.total);
      const detail = { plan: id, kind: data.kind, hash: input.hash };
      store.events.append({ at, kind: "plan-imported", detail });
      return id;
    });
    makeInBackground(planId, { identityFiles, mayPrompt }, work);
    return { planId };
  }

  function makeInBackground(planId: PlanId, means: PlanMeans, { begin }: LaterPlanWork): void {
    announce({ kind: "plan-changed", planId });
    inBackground((closing) =>
      make(planId, async () => ({ ...means, ...(await begin(closing)) }), closing).finally(() =>
        announce({ kind: "plan-changed", planId }),
      ),
    );
  }
}

/** Makes a plan in the background; if none could be made, the reason is stored with it. */
function createMaker(deps: PlanDeps) {
  const { store, announce, now } = deps;
  const { plans } = store.runbooks;

  return async (
    planId: PlanId,
    request: () => Promise<PlanWorkRequest>,
    closing: AbortSignal,
  ): Promise<void> => {
    try {
      const made = await make(planId, await request(), closing);
      const [at, hash] = [toInstant(now()), hashPlan(made)];
      await store.queueWrite(() => {
        plans.finish(planId, { plan: made, hash, at });
        store.events.append({ at, kind: "plan-made", detail: { plan: planId, kind: made.kind, hash } });
      });
    } catch (error) {
      if (!(error instanceof Refusal) && !closing.aborted) deps.log(error);
      const why = error instanceof Refusal ? error.message : "something went wrong; the log has the details";
      await store.queueWrite(() => plans.fail(planId, closing.aborted ? "Latchkey was closed" : why));
    }
  };

  async function make(
    planId: PlanId,
    { hosts, openSessions, identityFiles, mayPrompt, make: finish }: PlanWorkRequest,
    signal: AbortSignal,
  ): Promise<Plan> {
    const sessionRequest = {
      name: `plan ${planId}`,
      requests: hosts.map((host) => toHostRequest(host, host.transport)),
      identityFiles,
      mayPrompt,
      promptUser: deps.prompts.promptUserFor(mayPrompt, { planId }),
      signal,
    };
    const sessions = openSessions && (await openSessions(sessionRequest));
    const onRead = async (read: number) => {
      await store.queueWrite(() => plans.progress(planId, read, hosts.length));
      announce({ kind: "plan-changed", planId });
    };
    const made = await finish(sessions, onRead, signal);
    if ("refused" in made) throw new Refusal("invalid-input", made.refused);
    return made;
  }
}

/** What the user agrees to: acknowledgements by their names, and the confirmation word that was typed. */
export type Agreement = { acknowledgements: readonly string[]; typed: string | null };

type Approval = Agreement & { hash: string };

/** How many missing acknowledgements one refusal names. */
const MOST_SAID = 5;

/** The plan to be run, if it is the one that was shown and all acknowledgements that it needs were given. */
export function approve(
  { id, plan, hash, state, message, runId, request, review }: PlanDetail,
  input: Approval,
): Plan {
  if (!plan)
    throw new Refusal(
      "conflict",
      `plan ${id} is not ready${state === "failed" ? `: ${message}${formatRest(review, request?.kind ?? null)}` : "; wait for it"}`,
    );
  if (hash !== input.hash)
    throw new Refusal("conflict", `plan ${id} is not the one that was approved; read it again`);
  if (runId !== null)
    throw new Refusal(
      "conflict",
      `plan ${id} was run already, as run ${runId}; plan it again, or resume that run`,
    );
  if ("asOf" in plan && plan.asOf !== null)
    throw new Refusal(
      "conflict",
      `plan ${id} was made of what was collected on ${plan.asOf.slice(0, 10)}, and no host was inspected: run its scripts there`,
    );
  const refused = plan.checks.find((check) => check.state === "refused");
  if (refused)
    throw new Refusal(
      "conflict",
      `plan ${id} cannot be run: ${refused.text}${formatRest(review, plan.kind)}`,
    );
  refuseUnagreed(id, plan, input);
  return plan;
}

/** For whatever executes a plan: refuses it without all acknowledgements and the confirmation word. */
export function refuseUnagreed(id: PlanId, plan: Plan, input: Agreement): void {
  const missing = plan.checks.filter(
    (check) => check.state === "acknowledge" && !input.acknowledgements.includes(acknowledgementOf(check)),
  );
  if (missing.length > 0) {
    const said = missing.slice(0, MOST_SAID).map((check) => `${acknowledgementOf(check)} (${check.text})`);
    const more = missing.length - said.length;
    throw new Refusal(
      "conflict",
      `${formatCount(missing.length, "acknowledgement")} missing: ${said.join("; ")}${more > 0 ? `; and ${more} more` : ""}`,
    );
  }
  if (plan.confirm && input.typed !== plan.confirm.word)
    throw new Refusal(
      "conflict",
      `type "${plan.confirm.word}" to run plan ${id}: ${plan.confirm.why.join("; ")}`,
    );
}

/** The size of a plan, in numbers. */
export const countsOf = (plan: Plan) => {
  const files = plannedFiles(plan);
  const sum = (of: (file: (typeof files)[number]) => number) =>
    files.reduce((total, file) => total + of(file), 0);
  const renewed = isRenewal(plan) ? plannedCertificates(plan).length : 0;
  const reloaded = plan.kind === "reload" ? countServers(plan) : 0;
  const removed = plan.kind === "remove-account" ? countRemoved(plan) : 0;
  return {
    hosts: plan.hosts.length,
    adds: sum(({ adds }) => adds),
    changes: sum(({ changes }) => changes) + renewed + reloaded,
    removes: sum(({ removes }) => removes) + removed,
  };
};

/** The plan, if it is made and nothing refuses it. */
export function readyPlan({ id, plan, hash, review }: PlanDetail): Plan {
  if (!plan || hash === null) throw new Refusal("conflict", `plan ${id} is not ready; wait for it`);
  const refused = plan.checks.find(({ state }) => state === "refused");
  if (refused)
    throw new Refusal(
      "conflict",
      `plan ${id} cannot be executed: ${refused.text}${formatRest(review, plan.kind)}`,
    );
  return plan;
}
