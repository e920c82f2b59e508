import type { PlanRequest } from "#shared/contract/runs.ts";
import type { PlanWhat, ReviewItem, ReviewItemState, UnplannedAccount } from "#shared/model/access/review.ts";
import { toInstant } from "#shared/model/instant.ts";
import type { Labelled } from "#shared/model/label.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { PlanId } from "#shared/model/runs/plan.ts";
import type { PlanOptions } from "#shared/model/runs/plan-options.ts";
import type { ReviewRecord } from "#store/reviews/review-store.ts";
import type { Store } from "#store/store.ts";
import { findItem } from "./decide.ts";
import { findProblems } from "./verify-review.ts";

type PlanInput = { options: PlanOptions; identityFiles: readonly string[]; mayPrompt: boolean };

/** What other features do for a review. `onBegun` is written with the plan itself, or refuses it. */
export type ReviewTools = {
  makePlan: (
    plan: PlanInput & { request: PlanRequest; onBegun: (planId: PlanId) => void },
  ) => Promise<{ planId: PlanId }>;
  setOwner: (things: readonly Labelled[], owner: string) => Promise<unknown>;
};

type Deps = ReviewTools & {
  store: Store;
  now: () => Date;
  findReview: (name: string) => ReviewRecord;
};

type Planned = {
  planId: PlanId | null;
  grants: number;
  accounts: number;
  reassigned: number;
  /** Accounts that no plan disables, each with the reason. */
  unplanned: UnplannedAccount[];
};

/** A plan takes so many grants, or accounts; the rest is in the next one. */
const MOST_GRANTS = 10_000;
const MOST_ACCOUNTS = 1_000;
/** What a plan takes of reasons. */
const LONGEST_REASON = 1_000;
/** So many accounts are labelled at once. */
const MOST_LABELLED = 1_000;

/** What was decided is done: owners are set here, grants and accounts go by one plan each. */
export function createPlanning(deps: Deps) {
  const { store, findReview, makePlan } = deps;
  return { plan };

  async function plan({
    review: name,
    what,
    ...input
  }: PlanInput & { review: string; what: PlanWhat }): Promise<Planned> {
    const review = findReview(name);
    const problems = await findProblems(store, review);
    if (problems.length > 0)
      throw new Refusal("conflict", `nothing is done for review ${name}: ${problems.join("; ")}`);
    const accounts = itemsIn(review, "to-disable", MOST_ACCOUNTS);
    const chosen = accounts.filter((item) => refusalOf(item) === null);
    const unplanned = accounts.flatMap(toUnplanned);
    if (what === "accounts") return { ...(await disable(review, chosen, input)), reassigned: 0, unplanned };
    const { reassigned, left } = await reassign(itemsIn(review, "to-reassign", MOST_GRANTS), review, deps);
    const revoked = await revoke(review, chosen, input);
    return { ...revoked, accounts: chosen.length, reassigned, unplanned: [...unplanned, ...left] };
  }

  function itemsIn(
    review: ReviewRecord,
    state: "to-reassign" | "to-revoke" | "to-disable",
    limit: number,
  ): ReviewItem[] {
    return store.reviews.items.inState(review.id, state, limit).map((item) => findItem(store, review, item));
  }

  /** Why no plan disables an account that was revoked; null where one does. */
  function refusalOf({ evidence }: ReviewItem): UnplannedAccount["why"] | null {
    if (evidence.uid === 0) return "root";
    return store.reviews.candidates.isThere(evidence) ? null : "gone";
  }

  function toUnplanned(item: ReviewItem): UnplannedAccount[] {
    const why = refusalOf(item);
    return why === null ? [] : [{ ...addressOf(item), why }];
  }

  /** Grants of accounts that are to be disabled go with these. */
  async function revoke(
    review: ReviewRecord,
    accounts: readonly ReviewItem[],
    input: PlanInput,
  ): Promise<Pick<Planned, "planId" | "grants">> {
    const disabled = new Set(accounts.map(nameOf));
    const chosen: { item: number; grants: number[] }[] = [];
    let grants = 0;
    for (const item of itemsIn(review, "to-revoke", MOST_GRANTS)) {
      const standing = store.reviews.items.standing(review.id, item.item);
      if (standing.length === 0 || disabled.has(nameOf(item))) continue;
      if (grants + standing.length > MOST_GRANTS) break;
      chosen.push({ item: item.item, grants: standing });
      grants += standing.length;
    }
    if (grants === 0) return { planId: null, grants: 0 };
    const request: PlanRequest = {
      kind: "remove-grants",
      grants: [...new Set(chosen.flatMap((one) => one.grants))],
    };
    const onBegun = claimItems(deps, review, [{ state: "to-revoke", items: chosen.map(({ item }) => item) }]);
    return { ...(await makePlan({ ...input, request, onBegun })), grants };
  }

  async function disable(
    review: ReviewRecord,
    accounts: readonly ReviewItem[],
    input: PlanInput,
  ): Promise<Pick<Planned, "planId" | "grants" | "accounts">> {
    if (accounts.length === 0) return { planId: null, grants: 0, accounts: 0 };
    const disabled = new Set(accounts.map(nameOf));
    const grants = itemsIn(review, "to-revoke", MOST_GRANTS).filter((item) => disabled.has(nameOf(item)));
    const reasons = new Set(accounts.map(({ decision }) => decision?.reason ?? ""));
    const reason = `review ${review.name}: ${[...reasons].join("; ")}`.slice(0, LONGEST_REASON);
    const request: PlanRequest = { kind: "disable-account", accounts: accounts.map(addressOf), reason };
    const onBegun = claimItems(deps, review, [
      { state: "to-disable", items: accounts.map(({ item }) => item) },
      { state: "to-revoke", items: grants.map(({ item }) => item) },
    ]);
    const { planId } = await makePlan({ ...input, request, onBegun });
    return { planId, grants: grants.length, accounts: accounts.length };
  }
}

/** Gives items to a plan as it is written: what somebody has decided or planned meanwhile refuses it. */
function claimItems(
  { store, now }: Pick<Deps, "store" | "now">,
  review: ReviewRecord,
  parts: readonly { state: ReviewItemState; items: readonly number[] }[],
) {
  return (planId: PlanId): void => {
    const at = toInstant(now());
    for (const { state, items } of parts)
      for (const item of items) {
        if (findItem(store, review, item).state !== state)
          throw new Refusal("conflict", `item ${item} was decided or planned meanwhile; plan again`);
        store.reviews.items.setPlan(review.id, item, planId);
      }
    store.reviews.plans.add(review.id, planId, at);
    const items = parts.flatMap((part) => part.items);
    store.events.append({
      at,
      kind: "review-planned",
      detail: { name: review.name, plan: planId, items },
    });
  };
}

/** Of several decisions about one account the latest counts. */
async function reassign(
  items: readonly ReviewItem[],
  review: ReviewRecord,
  { store, setOwner }: Pick<Deps, "store" | "setOwner">,
): Promise<{ reassigned: number; left: UnplannedAccount[] }> {
  const owners = new Map(
    (items.length > 0 ? store.reviews.items.reassigned(review.id) : []).map(({ to, ...address }) => [
      JSON.stringify(address),
      to,
    ]),
  );
  const left = new Map<string, UnplannedAccount>();
  const chosen = new Map<string, { owner: string; item: ReviewItem }>();
  for (const item of items) {
    const [address, owner] = [addressOf(item), item.decision?.to ?? ""];
    const name = JSON.stringify(address);
    if (owners.get(name) !== owner) left.set(name, { ...address, why: "owners" });
    else if (!store.reviews.candidates.isThere(item.evidence)) left.set(name, { ...address, why: "gone" });
    else chosen.set(name, { owner, item });
  }
  for (const [owner, theirs] of Map.groupBy(chosen.values(), (one) => one.owner)) {
    const things = theirs.map(({ item }) => toLabelled(item));
    for (let at = 0; at < things.length; at += MOST_LABELLED)
      await setOwner(things.slice(at, at + MOST_LABELLED), owner);
  }
  return { reassigned: chosen.size, left: [...left.values()] };
}

const addressOf = ({ evidence: { host, port, account } }: ReviewItem) => ({ host, port, account });

const nameOf = (item: ReviewItem): string => JSON.stringify(addressOf(item));

const toLabelled = ({ evidence: { host, port, account } }: ReviewItem): Labelled => ({
  kind: "account",
  host,
  port,
  name: account,
});
