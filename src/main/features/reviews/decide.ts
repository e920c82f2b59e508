import { hashDecisions } from "#domain/reviews/evidence.ts";
import { isOwnAccess, mayDecide } from "#domain/reviews/who-decides.ts";
import type { ItemDecision, ReviewChoice, ReviewItem } from "#shared/model/access/review.ts";
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
          if (!mayDecide(choice, isOwnAccess(item.evidence, name, people(item.evidence))))
            throw refuseOwn(item, name);
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
        if (isOwnAccess(item.evidence, to, people(item.evidence))) throw refuseOwn(item, to);
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
function refuseUnderway({ item, state, planId }: ReviewItem, choice: ReviewChoice): void {
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

/** What other features do for a review. */
export type ReviewTools = {
  planRemoval: (grants: readonly number[], input: PlanInput) => Promise<{ planId: PlanId }>;
  setOwner: (things: readonly Labelled[], owner: string) => Promise<unknown>;
};

type ExecutionDeps = ReviewTools & {
  store: Store;
  now: () => Date;
  findReview: (name: string) => ReviewRecord;
};

type Execution = {
  planId: PlanId | null;
  grants: number;
  reassigned: number;
  accounts: { host: string; port: number; account: string }[];
};

/** A plan takes so many grants; the rest is in the next one. */
const MOST_PLANNED = 10_000;
/** So many accounts are labelled at once. */
const MOST_LABELLED = 1_000;

/** What was decided is done: owners are set here, grants are removed by a run, accounts are named. */
export function createExecution({ store, now, findReview, planRemoval, setOwner }: ExecutionDeps) {
  return { plan };

  async function plan({ review: name, ...input }: PlanInput & { review: string }): Promise<Execution> {
    const review = findReview(name);
    const problems = await findProblems(store, review);
    if (problems.length > 0)
      throw new Refusal("conflict", `nothing is done for review ${name}: ${problems.join("; ")}`);
    const itemsIn = (state: "to-reassign" | "to-disable") =>
      store.reviews.items
        .inState(review.id, state, MOST_PLANNED)
        .map((item) => findItem(store, review, item));
    const reassigned = await reassign(itemsIn("to-reassign"));
    const { planId, grants } = await revoke(review, input);
    const accounts = itemsIn("to-disable").map(({ evidence: { host, port, account } }) => ({
      host,
      port,
      account,
    }));
    return { planId, grants, reassigned, accounts };
  }

  /** An account that is no longer there keeps its item as it is. */
  async function reassign(items: readonly ReviewItem[]): Promise<number> {
    let count = 0;
    for (const [owner, theirs] of Map.groupBy(items, ({ decision }) => decision?.to ?? "")) {
      const accounts = new Map(
        theirs.map(({ evidence }) => [JSON.stringify(toLabelled(evidence)), evidence]),
      );
      const things = [...accounts.values()].map(toLabelled).filter((thing) => store.labels.findRow(thing));
      for (let at = 0; at < things.length; at += MOST_LABELLED)
        await setOwner(things.slice(at, at + MOST_LABELLED), owner);
      count += things.length;
    }
    return count;
  }

  async function revoke(
    review: ReviewRecord,
    input: PlanInput,
  ): Promise<{ planId: PlanId | null; grants: number }> {
    const chosen: { item: number; grants: number[] }[] = [];
    let count = 0;
    for (const item of store.reviews.items.inState(review.id, "to-revoke", MOST_PLANNED)) {
      const grants = store.reviews.items.standing(review.id, item);
      if (grants.length === 0) continue;
      if (count + grants.length > MOST_PLANNED) break;
      chosen.push({ item, grants });
      count += grants.length;
    }
    if (count === 0) return { planId: null, grants: 0 };
    const { planId } = await planRemoval([...new Set(chosen.flatMap(({ grants }) => grants))], input);
    await store.queueWrite(() => {
      const at = toInstant(now());
      store.reviews.plans.add(review.id, planId, at);
      for (const { item } of chosen) store.reviews.items.setPlan(review.id, item, planId);
      const detail = { name: review.name, plan: planId, items: chosen.map(({ item }) => item) };
      store.events.append({ at, kind: "review-planned", detail });
    });
    return { planId, grants: count };
  }
}

const toLabelled = ({
  host,
  port,
  account,
}: ReviewItem["evidence"]): Extract<Labelled, { kind: "account" }> => ({
  kind: "account",
  host,
  port,
  name: account,
});
