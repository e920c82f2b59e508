import { hashDecisions } from "#domain/reviews/evidence.ts";
import { isOwnAccess, isRootItself, mayDecide } from "#domain/reviews/who-decides.ts";
import type { PlanRequest } from "#shared/contract/runs.ts";
import type {
  ItemDecision,
  PlanWhat,
  ReviewChoice,
  ReviewItem,
  ReviewItemState,
  UnplannedAccount,
} from "#shared/model/access/review.ts";
import type { Workstation } from "#shared/model/hosts/workstation.ts";
import { toInstant } from "#shared/model/instant.ts";
import type { Labelled } from "#shared/model/label.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { PlanId } from "#shared/model/runs/plan.ts";
import type { PlanOptions } from "#shared/model/runs/plan-options.ts";
import { formatReviewed } from "#shared/text/access/review.ts";
import type { ReviewRecord } from "#store/reviews/review-store.ts";
import type { Store } from "#store/store.ts";
import { openReviewPeople } from "./review-people.ts";
import { findProblems } from "./verify-review.ts";

type Deps = {
  store: Store;
  workstation: Workstation;
  now: () => Date;
  findReview: (name: string) => ReviewRecord;
};

type DecisionRequest = {
  review: string;
  items: readonly number[];
  choice: ReviewChoice;
  to: string | null;
  reason: string;
};

/** What is decided by whoever uses this program, and who decides instead of somebody else. */
export function createDeciding({ store, workstation, now, findReview }: Deps) {
  return { decide, assign };

  function decide(request: DecisionRequest): Promise<{ decided: number }> {
    const { items, choice, to, reason } = request;
    if ((choice === "reassign") !== (to !== null))
      throw new Refusal(
        "invalid-input",
        choice === "reassign"
          ? "to reassign needs somebody: name who answers for it from now on"
          : `only what is reassigned names somebody; to ${choice} names nobody`,
      );
    return store.queueWrite(() => {
      const review = findOpen(request.review);
      const at = toInstant(now());
      const chosen = [...new Set(items)].map((item) => findItem(store, review, item));
      const people = openReviewPeople(store);
      for (const item of chosen) {
        refuseUnderway(item, choice);
        for (const name of [item.reviewer, workstation.user])
          if (!mayDecide(choice, isOwnAccess(item.evidence, name, people))) throw refuseOwn(item, name);
      }
      for (const [reviewer, theirs] of Map.groupBy(chosen, (item) => item.reviewer)) {
        const decisions = theirs.map(({ item }): ItemDecision => ({ item, choice, to, reason }));
        const made = { madeBy: workstation.user, at, isLate: at > review.dueAt, fingerprint: null };
        const digest = hashDecisions(decisions);
        const typed = { review: review.id, reviewer, source: "typed", digest, body: null } as const;
        store.reviews.answers.add({ ...made, ...typed, signature: null }, decisions);
      }
      const detail = { name: review.name, choice, to, reason, items: chosen.map(({ item }) => item) };
      store.events.append({ at, kind: "review-decided", detail });
      return { decided: chosen.length };
    });
  }

  function assign(request: {
    review: string;
    items: readonly number[];
    to: string;
  }): Promise<{ assigned: number }> {
    const { items, to } = request;
    return store.queueWrite(() => {
      const review = findOpen(request.review);
      const chosen = [...new Set(items)].map((item) => findItem(store, review, item));
      const people = openReviewPeople(store);
      for (const item of chosen) {
        if (item.decision !== null)
          throw new Refusal("conflict", `item ${item.item} is decided already; nobody else needs to`);
        if (isOwnAccess(item.evidence, to, people)) throw refuseOwn(item, to);
      }
      for (const { item } of chosen) store.reviews.items.assign(review.id, item, to);
      const detail = { name: review.name, to, items: chosen.map(({ item }) => item) };
      store.events.append({ at: toInstant(now()), kind: "review-assigned", detail });
      return { assigned: chosen.length };
    });
  }

  function findOpen(name: string): ReviewRecord {
    const review = findReview(name);
    if (review.endedAt === null) return review;
    throw new Refusal(
      "conflict",
      `review ${name} has ended on ${review.endedAt.slice(0, 10)} and takes no decision; create another one`,
    );
  }
}

export function findItem({ reviews }: Store, { id, name, items }: ReviewRecord, ordinal: number): ReviewItem {
  const item = reviews.items.find(id, ordinal);
  if (item) return item;
  throw new Refusal("not-found", `review ${name} has no item ${ordinal}; its items are 1 to ${items}`);
}

/** What a plan removes already is not decided otherwise: that plan would go on. */
function refuseUnderway({ item, state, planId, evidence }: ReviewItem, choice: ReviewChoice): void {
  if (choice === "revoke" && isRootItself(evidence))
    throw new Refusal(
      "conflict",
      `item ${item} is root itself, which no run disables: revoke the grants that open it, or lock its password by hand, and keep it`,
    );
  if (state === "closed")
    throw new Refusal(
      "conflict",
      `item ${item} is closed: what it is about is gone; review what takes its place`,
    );
  if (state === "planned" && choice !== "revoke")
    throw new Refusal(
      "conflict",
      `plan ${planId} revokes item ${item} already; drop that plan, or roll its run back, and decide then`,
    );
}

const refuseOwn = ({ item, evidence }: ReviewItem, name: string): Refusal =>
  new Refusal(
    "conflict",
    `item ${item} is ${name}'s own access (${formatReviewed(evidence)}): somebody else decides whether it stays; have it decided by another one`,
  );

type PlanInput = { options: PlanOptions; identityFiles: readonly string[]; mayPrompt: boolean };

/** What other features do for a review. `onBegun` is written with the plan itself, or refuses it. */
export type ReviewTools = {
  makePlan: (
    plan: PlanInput & { request: PlanRequest; onBegun: (planId: PlanId) => void },
  ) => Promise<{ planId: PlanId }>;
  setOwner: (things: readonly Labelled[], owner: string) => Promise<unknown>;
};

type PlanningDeps = ReviewTools & {
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
export function createPlanning(deps: PlanningDeps) {
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
  { store, now }: Pick<PlanningDeps, "store" | "now">,
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
  { store, setOwner }: Pick<PlanningDeps, "store" | "setOwner">,
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
