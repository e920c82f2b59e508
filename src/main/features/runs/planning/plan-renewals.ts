/** Plans of renewals. */
import type { OpenSessions } from "#connect/host-sessions.ts";
import type { Unplannable } from "#domain/runs/access/change-set.ts";
import { chooseIssuer } from "#domain/runs/renewal/choose-issuer.ts";
import { planRenewal } from "#domain/runs/renewal/plan-renewal.ts";
import type { RenewalFacts } from "#domain/runs/renewal/renewal-facts.ts";
import { reviewRenewal } from "#domain/runs/renewal/review-renewal.ts";
import { RenewalRequest } from "#shared/contract/runs.ts";
import { toInstant } from "#shared/model/instant.ts";
import type { Issuer } from "#shared/model/issuers/issuer.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { RenewalPlan } from "#shared/model/runs/plan.ts";
import type { RenewalOptions } from "#shared/model/runs/plan-options.ts";
import type { Store } from "#store/store.ts";
import {
  type Early,
  type FoundRenewal,
  findImportedRenewal,
  findRenewal,
  MOST_DUE,
  NOT_READ,
  readWindows,
} from "./find-renewals.ts";
import { gatherRenewal, type RenewalMeans } from "./gather-renewal.ts";
import type { FactDeps } from "./plan-keys.ts";
import { atOnce, type LaterPlanWork, type Planner, type PlanWork } from "./plans.ts";

export type RenewalPlannerDeps = {
  store: Store;
  /** `openSessions`: sessions with the verbs for servers and their files. */
  renewal: RenewalMeans & { openSessions: OpenSessions };
  /** What facts are gathered with; ssh_config is read anew for every plan. */
  factDeps: () => Promise<FactDeps>;
  now: () => Date;
};

export const createRenewalPlanner = (deps: RenewalPlannerDeps): Planner<RenewalRequest, RenewalPlan> => ({
  plan: (request) => findWork(deps, request),
  review: (plan) => takeRenewal(deps, plan),
});

type RenewalToPlan = { request: RenewalRequest; options: RenewalOptions };

/**
 * What the request names is looked up now, and refused if it is not known; for what is due, issuers are asked first.
 */
async function findWork(deps: RenewalPlannerDeps, request: RenewalToPlan): Promise<LaterPlanWork> {
  refuseChallenge(request.request, await deps.renewal.issuers());
  const known = renewAll(deps, request, NOT_READ);
  if (!request.request.isDue) return atOnce(known);
  return {
    total: known.hosts.length,
    begin: async (signal) => renewAll(deps, request, await readAllWindows(deps, signal)),
  };
}

/** `early`: what its issuers want renewed before it is due. */
function renewAll(deps: RenewalPlannerDeps, { request, options }: RenewalToPlan, early: Early): PlanWork {
  const target = findRenewal(request, deps.store.runbooks, { now: toInstant(deps.now()), early });
  return toRenew(deps, { request, options, target }, planRenewal);
}

async function readAllWindows(
  { store, renewal, now }: RenewalPlannerDeps,
  signal: AbortSignal,
): Promise<Early> {
  const { servers, certificates } = store.runbooks;
  const at = toInstant(now());
  return readWindows({
    issuers: await renewal.issuers(),
    readWindow: renewal.readWindow,
    seenOf: certificates.seenOf,
    due: new Set(servers.due(at, MOST_DUE).map(({ sha256 }) => sha256)),
    now: at,
    signal,
  });
}

/** Only an ACME directory needs a challenge that shows whose names they are. */
function refuseChallenge({ challenge, issuer: wished }: RenewalRequest, issuers: readonly Issuer[]): void {
  if (challenge === null || wished === null) return;
  const { issuer } = chooseIssuer({ issuers, wished, tags: [], before: null });
  if (!issuer || issuer.kind === "acme") return;
  throw new Refusal(
    "invalid-input",
    `${issuer.name} is no ACME directory (${issuer.kind}), and asks for no challenge; leave --challenge out`,
  );
}

/** The work of a plan: inspects hosts and what they serve. */
function toRenew(
  deps: RenewalPlannerDeps,
  { request, options, target }: RenewalToPlan & { target: FoundRenewal },
  finish: (facts: RenewalFacts) => RenewalPlan | Unplannable,
): PlanWork {
  const { store, renewal } = deps;
  return {
    hosts: target.hosts.map(({ known }) => known),
    openSessions: renewal.openSessions,
    make: async (sessions, onRead, signal) => {
      if (!sessions) throw new Error("hosts are inspected for a renewal");
      const means = { ...(await deps.factDeps()), store, renewal };
      return finish(await gatherRenewal(means, { request, options, target, signal }, sessions, onRead));
    },
  };
}

/** It is planned once more; the result must be the same. */
function takeRenewal(deps: RenewalPlannerDeps, data: RenewalPlan): PlanWork {
  const target = findImportedRenewal(data, deps.store.runbooks.facts);
  const request = RenewalRequest.parse({ kind: "rotate-certificate" });
  const query = { request, options: data.options, target };
  return toRenew(deps, query, (facts) => reviewRenewal(data, facts));
}
