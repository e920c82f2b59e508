import { hashDecisions } from "#domain/reviews/evidence.ts";
import { isOwnAccess, isRootItself, mayDecide } from "#domain/reviews/who-decides.ts";
import type { ItemDecision, ReviewChoice, ReviewItem } from "#shared/model/access/review.ts";
import type { Workstation } from "#shared/model/hosts/workstation.ts";
import { toInstant } from "#shared/model/instant.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { formatReviewed } from "#shared/text/access/review.ts";
import type { ReviewRecord } from "#store/reviews/review-store.ts";
import type { Store } from "#store/store.ts";
import { openReviewPeople } from "./review-people.ts";

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
