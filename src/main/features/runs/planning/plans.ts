import type { HostSessions, OpenSessions } from "#connect/host-sessions.ts";
import type { Prompts } from "#connect/prompts.ts";
import type { Unplannable } from "#domain/runs/access/change-set.ts";
import { requestOf } from "#domain/runs/access/imported/read-change-set.ts";
import { reviewPlan } from "#domain/runs/access/imported/recheck-plan.ts";
import { findError } from "#domain/runs/access/imported/validate-plan.ts";
import { makePlan } from "#domain/runs/access/make-plan.ts";
import type { PlanFacts } from "#domain/runs/access/plan-facts.ts";
import { hashPlan } from "#domain/runs/hash-plan.ts";
import { chooseIssuer } from "#domain/runs/renewal/choose-issuer.ts";
import { planRenewal } from "#domain/runs/renewal/plan-renewal.ts";
import { reviewRenewal } from "#domain/runs/renewal/recheck-renewal.ts";
import type { RenewalFacts } from "#domain/runs/renewal/renewal-facts.ts";
import type { Announcement } from "#shared/contract/events.ts";
import { type KeyRequest, type PlanDetail, RenewalRequest, type Wish } from "#shared/contract/runbooks.ts";
import { toInstant } from "#shared/model/instant.ts";
import type { Issuer } from "#shared/model/issuers/issuer.ts";
import { Refusal } from "#shared/model/refusal.ts";
import {
  isRenewal,
  type KeyOptions,
  type KeyPlan,
  Plan,
  type PlanId,
  type PlanOptions,
  type RenewalOptions,
  type RenewalPlan,
} from "#shared/model/runs/plan.ts";
import type { KnownHost } from "#store/runs/fact-reader.ts";
import type { Store } from "#store/store.ts";
import { findElsewhere, findPlanned, type Sought, seek } from "./find-changes.ts";
import {
  type Early,
  type FoundRenewal,
  findImportedRenewal,
  findRenewal,
  NOT_ASKED,
  readWindows,
} from "./find-renewals.ts";
import { type FactDeps, gatherFacts, isAllOffline, toHostRequest } from "./gather-facts.ts";
import { gatherRenewal, type RenewalMeans } from "./gather-renewal.ts";

/** What is looked at for a plan, and what it comes to. */
type Work = {
  hosts: readonly KnownHost[];
  /** Null: nothing is looked at from here. */
  openSessions: OpenSessions | null;
  make: (
    sessions: HostSessions | null,
    onRead: (read: number) => Promise<void>,
    signal: AbortSignal,
  ) => Promise<Plan | Unplannable>;
};

/** Work of which not all is known before others were asked. `total`: hosts that are known by now. */
type LaterWork = { total: number; begin: (signal: AbortSignal) => Promise<Work> };

const atOnce = (work: Work): LaterWork => ({ total: work.hosts.length, begin: async () => work });

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
type PlanRequest = PlanMeans & { wish: Wish; options: PlanOptions };
type PlanImport = PlanMeans & { plan: unknown; hash: string };

type PlanWorkRequest = PlanMeans & Work;

/** Plans: made of what hosts hold now, or brought from elsewhere. */
export function createPlans(deps: PlanDeps) {
  const { store, announce, inBackground, now } = deps;
  const { plans, facts: inventory } = store.runbooks;
  const make = createMaker(deps);
  return { plan, find, take };

  async function plan({ identityFiles, mayAsk, ...asked }: PlanRequest): Promise<{ planId: PlanId }> {
    const { wish, options } = asked;
    const work =
      wish.kind === "rotate-certificate"
        ? await findWork(deps, { wish, options })
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
  async function take({ identityFiles, mayAsk, ...given }: PlanImport): Promise<{ planId: PlanId }> {
    const read = Plan.safeParse(given.plan);
    if (!read.success)
      throw new Refusal("invalid-input", "this is no plan of this Latchkey; export it again, or plan anew");
    const { data } = read;
    if (hashPlan(data) !== given.hash)
      throw new Refusal("invalid-input", "the plan was edited: its hash does not fit; plan anew");
    const work = atOnce(isRenewal(data) ? takeRenewal(deps, data) : takeChange(deps, data));
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

  return async (
    planId: PlanId,
    asked: () => Promise<PlanWorkRequest>,
    closing: AbortSignal,
  ): Promise<void> => {
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
    { hosts, openSessions, identityFiles, mayAsk, make: finish }: PlanWorkRequest,
    signal: AbortSignal,
  ): Promise<Plan> {
    const sessionRequest = {
      name: `plan ${planId}`,
      requests: hosts.map(toHostRequest),
      identityFiles,
      mayAsk,
      ask: deps.questions.askFor(mayAsk),
      signal,
    };
    const sessions = openSessions && (await openSessions(sessionRequest));
    const onRead = async (read: number) => {
      await store.inTurn(() => plans.progress(planId, read, hosts.length));
      announce({ kind: "plan-changed", planId });
    };
    const made = await finish(sessions, onRead, signal);
    if ("refused" in made) throw new Refusal("invalid-input", made.refused);
    return made;
  }
}

type Change = { wish: KeyRequest; options: KeyOptions; sought: Sought };

/** Who may log in where. */
function toChange(deps: PlanDeps, asked: Change, finish: (facts: PlanFacts) => KeyPlan | Unplannable): Work {
  const { sought } = asked;
  const isOfflineAlone = isAllOffline(deps.store.runbooks.facts, sought);
  return {
    hosts: sought.hosts.map(({ known }) => known),
    openSessions: isOfflineAlone ? null : deps.openSessions,
    make: async (sessions, onRead) =>
      finish(await gatherFacts(await deps.factDeps(), asked, sessions, onRead)),
  };
}

function takeChange(deps: PlanDeps, data: KeyPlan): Work {
  const { facts: inventory } = deps.store.runbooks;
  const flaw = findError(data);
  if (flaw) throw new Refusal("invalid-input", `the plan was edited: ${flaw}; plan anew`);
  const sought = findPlanned(data, inventory);
  const finish = (facts: PlanFacts) =>
    reviewPlan({ plan: data, facts, elsewhere: findElsewhere(data, inventory, facts.hosts) });
  return toChange(deps, { wish: requestOf(data), options: data.options, sought }, finish);
}

type Deps = Pick<PlanDeps, "store" | "renewal" | "factDeps" | "now">;
type RenewalToPlan = { wish: RenewalRequest; options: RenewalOptions };

/** What is wished by name is sought now, and refused where it is not known; of what is due issuers are asked first. */
async function findWork(deps: Deps, asked: RenewalToPlan): Promise<LaterWork> {
  refuseChallenge(asked.wish, await deps.renewal.issuers());
  const known = renewAll(deps, asked, NOT_ASKED);
  if (!asked.wish.isDue) return atOnce(known);
  return {
    total: known.hosts.length,
    begin: async (signal) => renewAll(deps, asked, await askAll(deps, signal)),
  };
}

/** `early`: what its issuers want renewed before it is due. */
function renewAll(deps: Deps, { wish, options }: RenewalToPlan, early: Early): Work {
  const sought = findRenewal(wish, deps.store.runbooks, { now: toInstant(deps.now()), early });
  return toRenew(deps, { wish, options, sought }, planRenewal);
}

async function askAll({ store, renewal, now }: Deps, signal: AbortSignal): Promise<Early> {
  const { servers, certificates } = store.runbooks;
  const at = toInstant(now());
  return readWindows({
    issuers: await renewal.issuers(),
    askWindow: renewal.askWindow,
    seenOf: certificates.seenOf,
    due: new Set(servers.due(at).map(({ sha256 }) => sha256)),
    now: at,
    signal,
  });
}

/** Only an ACME directory asks to be shown whose names they are. */
function refuseChallenge({ challenge, issuer: wished }: RenewalRequest, issuers: readonly Issuer[]): void {
  if (challenge === null || wished === null) return;
  const { issuer } = chooseIssuer({ issuers, wished, tags: [], before: null });
  if (!issuer || issuer.kind === "acme") return;
  throw new Refusal(
    "invalid-input",
    `${issuer.name} is no ACME directory (${issuer.kind}), and asks for no challenge; leave --challenge out`,
  );
}

/** Which certificates are served. */
function toRenew(
  deps: Deps,
  { wish, options, sought }: RenewalToPlan & { sought: FoundRenewal },
  finish: (facts: RenewalFacts) => RenewalPlan | Unplannable,
): Work {
  const { store, renewal } = deps;
  return {
    hosts: sought.hosts.map(({ known }) => known),
    openSessions: renewal.openSessions,
    make: async (sessions, onRead, signal) => {
      if (!sessions) throw new Error("hosts are looked at for a renewal");
      const means = { ...(await deps.factDeps()), store, renewal };
      return finish(await gatherRenewal(means, { wish, options, sought, signal }, sessions, onRead));
    },
  };
}

/** It is planned once more; what comes of that has to be the same. */
function takeRenewal(deps: Deps, data: RenewalPlan): Work {
  const sought = findImportedRenewal(data, deps.store.runbooks.facts);
  const wish = RenewalRequest.parse({ kind: "rotate-certificate" });
  const asked = { wish, options: data.options, sought };
  return toRenew(deps, asked, (facts) => reviewRenewal(data, facts));
}
