import { type Aim, makeCheck } from "#domain/rotation/plan/draft.ts";
import { findStuckHolders, formatStuckPlaces } from "#domain/rotation/plan/known-holders.ts";
import type { PlanFacts } from "#domain/rotation/plan/plan-facts.ts";
import type { Check, HolderPlan } from "#shared/model/plan.ts";
import { formatCount } from "#shared/text/count.ts";
import { checkClaims, isOpenedHere, otherKey } from "./check-possession.ts";

/** Who has the private half of the key that goes, and whether they get the new one; and what earlier runs have left beside it. */
export const checkHolders = (facts: PlanFacts, aim: Aim, holders: readonly HolderPlan[]): Check[] => [
  ...checkHalves(facts, aim, holders),
  ...holders.flatMap((holder) => checkKept(facts, holder)),
];

function checkKept({ keptKeys }: PlanFacts, { host, path }: HolderPlan): Check[] {
  return keptKeys
    .filter(
      (one) => one.path === path && one.host === (host?.host ?? null) && one.port === (host?.port ?? null),
    )
    .map(({ kept, run }) =>
      makeCheck(
        "warning",
        "kept-key",
        { host },
        `run ${run} has kept an older private key at ${kept}, which stays: latchkey runs resume ${run} --remove-old removes it`,
      ),
    );
}

function checkHalves(facts: PlanFacts, aim: Aim, holders: readonly HolderPlan[]): Check[] {
  const { key, wish, here } = facts;
  if (wish.kind !== "rotate-key" || !key) return [];
  const stuck = here.flatMap((holder): Check[] => {
    const { path, stuck: why, possession } = holder;
    if (why === null) return possession.kind === "other-key" ? [otherKey(null, holder)] : [];
    return [
      makeCheck("consent", "holder", { host: null }, `the private key ${path} here is not replaced: ${why}`),
    ];
  });
  const people = key.people.length > 0 ? `; by the roster it is ${key.people.join(", ")}'s` : "";
  if (holders.length > 0) {
    const claims = checkClaims(holders, aim.newKey);
    const verified = holders.length - claims.length;
    const text =
      verified === 0
        ? "no location has shown that it holds the private half"
        : `the private half is verified in ${formatPlaces(holders, verified)}`;
    const more = claims.length > 0 ? `; ${formatCount(claims.length, "location")} only claimed` : "";
    const state = verified === 0 ? "warning" : "ok";
    return [...stuck, makeCheck(state, "holders", { host: null }, `${text}${more}${people}`), ...claims];
  }
  if (aim.newKey?.kind === "given" && aim.newKey.path === null) {
    const text = `whoever made the new key has its private half${people}; the old one goes once a log tells of a login by it`;
    return [...stuck, makeCheck("warning", "holders", { host: null }, text)];
  }
  const known = findStuckHolders(facts);
  const text =
    known.length > 0
      ? `the private half is at ${formatStuckPlaces(known)}, and is not replaced there${people}: whoever logs in by it is shut out when it is removed`
      : `no private half of the key is known${people}: whoever holds it is shut out when it is removed`;
  return [...stuck, makeCheck("consent", "holders", { host: null }, text)];
}

/** What is locked here is opened, and signs, before anything is handed over. */
function formatPlaces(holders: readonly HolderPlan[], count: number): string {
  const locked = holders.filter(isOpenedHere).length;
  const places = count === 1 ? "one place" : `${count} places`;
  if (locked === 0) return places;
  return `${places}, ${locked === count ? "which" : `${locked} of which`} once its passphrase opens it`;
}
