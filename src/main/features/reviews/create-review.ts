import { hashFrozen, toAccountEvidence, toGrantEvidence } from "#domain/reviews/evidence.ts";
import { chooseReviewer } from "#domain/reviews/who-decides.ts";
import type { ReviewDeciders, ReviewEvidence, ReviewSelection } from "#shared/model/access/review.ts";
import { type Instant, toInstant } from "#shared/model/instant.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { formatReviewed } from "#shared/text/access/review.ts";
import { formatCount } from "#shared/text/count.ts";
import { printableJson } from "#shared/text/untrusted-text.ts";
import type { FrozenItem } from "#store/reviews/review-items.ts";
import type { Store } from "#store/store.ts";
import { openReviewPeople } from "./review-people.ts";

type Deps = { store: Store; now: () => Date; randomToken: () => string };

type NewReview = { name: string; selection: ReviewSelection; deciders: ReviewDeciders; dueAt: Instant };

/** So many items are written at once: between them others read and write. */
const BATCH = 500;

type Candidate = { kind: "grant" | "account"; about: number; evidence: ReviewEvidence };

/** What is left to be read of a selection: all its grants, then all its accounts. */
type Position = { kind: "grant" | "account"; after: number };

/** Reviews that are being frozen by this process, which a second one of the same name must not remove. */
const freezing = new Set<string>();

/**
 * Freezes what a selection has now, piece by piece, and opens the review at the end. A review that is not opened is not there: what a
 * process left that ended before is removed when somebody uses its name again.
 */
export async function createReview(deps: Deps, review: NewReview): Promise<void> {
  const { store } = deps;
  if (freezing.has(review.name)) throw refuseExisting(review.name);
  freezing.add(review.name);
  try {
    const id = await begin(deps, review);
    try {
      await freeze(deps, id, review);
    } catch (error) {
      await store.queueWrite(() => store.reviews.drop(id));
      throw error;
    }
  } finally {
    freezing.delete(review.name);
  }
}

const refuseExisting = (name: string): Refusal =>
  new Refusal("conflict", `there is a review ${name} already; give this one another name`);

function begin({ store, now, randomToken }: Deps, review: NewReview): Promise<number> {
  const createdAt = toInstant(now());
  if (review.dueAt <= createdAt)
    throw new Refusal("invalid-input", `a review that is due at ${review.dueAt} is over before it begins`);
  return store.queueWrite(() => {
    const standing = store.reviews.standingOf(review.name);
    if (standing.kind === "opened") throw refuseExisting(review.name);
    if (standing.kind === "unopened") store.reviews.drop(standing.id);
    return store.reviews.begin({ ...review, createdAt, token: randomToken() });
  });
}

async function freeze({ store, now }: Deps, id: number, review: NewReview): Promise<void> {
  const digest = hashFrozen();
  const undecidable: ReviewEvidence[] = [];
  let undecidableCount = 0;
  let ordinal = 0;
  let leftOut = 0;
  let position: Position | null = { kind: "grant", after: 0 };
  while (position !== null) {
    const from: Position = position;
    position = await store.queueWrite(() => {
      const { found, left, next } = readCandidates(store, review.selection, from);
      leftOut += left;
      const people = openReviewPeople(store);
      for (const { kind, about, evidence } of found) {
        const reviewer = chooseReviewer(review.deciders, evidence, people);
        if (reviewer === null) {
          undecidableCount++;
          if (undecidable.length === 0) undecidable.push(evidence);
          continue;
        }
        const item: FrozenItem = { ordinal: ++ordinal, kind, about, evidence: printableJson(evidence) };
        store.reviews.items.add({ ...item, review: id, reviewer });
        digest.add(item);
      }
      return next;
    });
    await new Promise((resolve) => setImmediate(resolve));
  }
  const [first] = undecidable;
  if (first) throw refuseUndecidable(review.deciders, first, undecidableCount);
  if (ordinal === 0)
    throw new Refusal(
      "not-found",
      `nothing that was scanned is in the selection of this review; ${leftOut > 0 ? `of ${formatCount(leftOut, "grant or account", "grants and accounts")} the environment is not known: latchkey label says it` : "latchkey access and latchkey accounts list what is known"}`,
    );
  await store.queueWrite(() => {
    store.reviews.open(id, { snapshot: digest.end(), items: ordinal, leftOut });
    const { name, selection, deciders, dueAt } = review;
    store.events.append({
      at: toInstant(now()),
      kind: "review-created",
      detail: { name, selection, deciders, dueAt, items: ordinal, leftOut },
    });
  });
}

function refuseUndecidable(deciders: ReviewDeciders, first: ReviewEvidence, count: number): Refusal {
  const what = `${formatReviewed(first)}${count > 1 ? ` and ${formatCount(count - 1, "other")}` : ""}`;
  return deciders.kind === "owner"
    ? new Refusal(
        "invalid-input",
        `nobody can decide on ${what}: nobody answers for it, or it is their own access; name who decides otherwise`,
      )
    : new Refusal(
        "invalid-input",
        `nobody can decide on ${what}: it is the own access of everybody who is named; name one more reviewer`,
      );
}

type Found = { found: Candidate[]; left: number; next: Position | null };

function readCandidates(store: Store, selection: ReviewSelection, { kind, after }: Position): Found {
  const range = { after, limit: BATCH };
  if (kind === "account") {
    const accounts = store.reviews.candidates.accounts(selection, range);
    const last = accounts.length < BATCH ? undefined : accounts.at(-1);
    return {
      ...choose(accounts, (account): Candidate[] => {
        const row = store.accounts.findRow(account.id);
        return row ? [{ kind, about: account.id, evidence: toAccountEvidence(row, account) }] : [];
      }),
      next: last ? { kind, after: last.id } : null,
    };
  }
  const grants = store.reviews.candidates.grants(selection, range);
  const last = grants.length < BATCH ? undefined : grants.at(-1);
  return {
    ...choose(grants, (grant): Candidate[] => {
      const row = store.access.findRow(grant.id);
      return row ? [{ kind, about: grant.id, evidence: toGrantEvidence(row, grant) }] : [];
    }),
    next: last ? { kind, after: last.id } : { kind: "account", after: 0 },
  };
}

/** Those that are chosen, and of how many nobody knows whether they are. */
const choose = <One extends { isChosen: boolean | null }>(
  all: readonly One[],
  toCandidates: (one: One) => Candidate[],
) => ({
  found: all.filter(({ isChosen }) => isChosen).flatMap(toCandidates),
  left: all.filter(({ isChosen }) => isChosen === null).length,
});
