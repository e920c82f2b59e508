import { chooseIssuer } from "#domain/rotation/plan/certificates/choose-issuer.ts";
import { planRenewal } from "#domain/rotation/plan/certificates/plan-renewal.ts";
import { recheckRenewal } from "#domain/rotation/plan/certificates/recheck-renewal.ts";
import type { RenewalFacts } from "#domain/rotation/plan/certificates/renewal-facts.ts";
import type { Unplannable } from "#domain/rotation/plan/draft.ts";
import { RenewalWish } from "#shared/contract/runbooks.ts";
import { toInstant } from "#shared/model/instant.ts";
import type { Issuer } from "#shared/model/issuer.ts";
import type { Plan, PlanOptions } from "#shared/model/plan.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { gatherRenewal } from "./facts/gather-renewal.ts";
import { askWindows, type Early, NOT_ASKED } from "./facts/renewal/ask-windows.ts";
import { type SoughtRenewal, seekRenewal } from "./facts/renewal/seek-renewal.ts";
import { seekTaken } from "./facts/renewal/seek-taken.ts";
import { atOnce, type LaterWork, type Work } from "./plan-work.ts";
import type { PlanDeps } from "./plans.ts";

type Deps = Pick<PlanDeps, "store" | "renewal" | "factDeps" | "now">;
type RenewalAsked = { wish: RenewalWish; options: PlanOptions };

/** What is wished by name is sought now, and refused where it is not known; of what is due issuers are asked first. */
export async function seekWork(deps: Deps, asked: RenewalAsked): Promise<LaterWork> {
  refuseChallenge(asked.wish, await deps.renewal.issuers());
  const known = renewAll(deps, asked, NOT_ASKED);
  if (!asked.wish.isDue) return atOnce(known);
  return {
    total: known.hosts.length,
    begin: async (signal) => renewAll(deps, asked, await askAll(deps, signal)),
  };
}

/** `early`: what its issuers want renewed before it is due. */
function renewAll(deps: Deps, { wish, options }: RenewalAsked, early: Early): Work {
  const sought = seekRenewal(wish, deps.store.runbooks, { now: toInstant(deps.now()), early });
  return toRenew(deps, { wish, options, sought }, planRenewal);
}

async function askAll({ store, renewal, now }: Deps, signal: AbortSignal): Promise<Early> {
  const { servers, certificates } = store.runbooks;
  const at = toInstant(now());
  return askWindows({
    issuers: await renewal.issuers(),
    askWindow: renewal.askWindow,
    seenOf: certificates.seenOf,
    due: new Set(servers.due(at).map(({ sha256 }) => sha256)),
    now: at,
    signal,
  });
}

/** Only an ACME directory asks to be shown whose names they are. */
function refuseChallenge({ challenge, issuer: wished }: RenewalWish, issuers: readonly Issuer[]): void {
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
  { wish, options, sought }: RenewalAsked & { sought: SoughtRenewal },
  finish: (facts: RenewalFacts) => Plan | Unplannable,
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
export function takeRenewal(deps: Deps, data: Plan): Work {
  const sought = seekTaken(data, deps.store.runbooks.facts);
  const wish = RenewalWish.parse({ kind: "rotate-certificate" });
  const asked = { wish, options: data.options, sought };
  return toRenew(deps, asked, (facts) => recheckRenewal(data, facts));
}
