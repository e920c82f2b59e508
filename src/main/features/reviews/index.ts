import { implement } from "@orpc/server";
import { toSnapshotLine } from "#domain/reviews/evidence.ts";
import { randomNonce } from "#net/local/sign-bytes.ts";
import { reviews as contract } from "#shared/contract/access/reviews.ts";
import type { Announcement } from "#shared/contract/events.ts";
import type { ReviewDetail } from "#shared/model/access/review.ts";
import type { Workstation } from "#shared/model/hosts/workstation.ts";
import { toInstant } from "#shared/model/instant.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { ReviewRecord } from "#store/reviews/review-store.ts";
import type { Store } from "#store/store.ts";
import { createAnswers, createPages } from "./answers.ts";
import { createReview } from "./create-review.ts";
import { createDeciding, findItem } from "./decide.ts";
import { createPlanning, type ReviewTools } from "./plan-revoked.ts";
import { findProblems, signSums } from "./verify-review.ts";

type Deps = ReviewTools & {
  store: Store;
  workstation: Workstation;
  announce: (announcement: Announcement) => void;
  now: () => Date;
};

/** So many lines are read at once. */
const SNAPSHOT_LINES = 1_000;

/** Reviews of access: somebody decides on each grant and account, and what they revoke goes. */
export function createReviews(deps: Deps) {
  const { store, announce, now, workstation } = deps;
  const os = implement(contract);
  const findReview = (name: string) => findRecord(store, name);
  const { decide, assign } = createDeciding({ ...deps, findReview });
  const { exportPage, answerFile } = createPages({ store, findReview });
  const { importAnswer } = createAnswers(deps);
  const { plan } = createPlanning({ ...deps, findReview });

  return {
    list: os.list.handler(({ input }) => store.reviews.list(input)),
    find: os.find.handler(({ input }) => toDetail(findReview(input.review))),
    items: os.items.handler(({ input: { review: name, ...query } }) => {
      const review = findReview(name);
      const reviewers = new Map(store.reviews.progress(review.id).map((one) => [one.name, one.items]));
      const itemsOf = (reviewer: string) => reviewers.get(reviewer) ?? 0;
      return store.reviews.items.list({ id: review.id, items: review.items, itemsOf }, query);
    }),
    item: os.item.handler(({ input }) => findItem(store, findReview(input.review), input.item)),
    create: os.create.handler(async ({ input }) => {
      await createReview({ store, now, randomToken: randomNonce }, input);
      return announced(await toDetail(findReview(input.name)));
    }),
    decide: os.decide.handler(async ({ input }) => announced(await decide(input))),
    assign: os.assign.handler(async ({ input }) => announced(await assign(input))),
    plan: os.plan.handler(async ({ input }) => announced(await plan(input))),
    export: os.export.handler(({ input }) => exportPage(input)),
    import: os.import.handler(async ({ input }) => announced(await importAnswer(input))),
    answers: os.answers.handler(({ input: { review, ...page } }) =>
      store.reviews.answers.list(findReview(review).id, page),
    ),
    decisions: os.decisions.handler(({ input: { review, ...page } }) =>
      store.reviews.answers.recorded(findReview(review).id, page),
    ),
    snapshot: os.snapshot.handler(({ input: { review, after } }) => readSnapshot(findReview(review), after)),
    answerFile: os.answerFile.handler(({ input }) => answerFile(input)),
    end: os.end.handler(async ({ input }) => announced(await end(input.review))),
    verify: os.verify.handler(async ({ input }) => ({
      problems: await findProblems(store, findReview(input.review)),
    })),
    sign: os.sign.handler(({ input }) => signSums(input, workstation)),
  };

  async function toDetail({ token: _, ...review }: ReviewRecord): Promise<ReviewDetail> {
    const { id, items, decided } = review;
    const states = await store.reviews.items.states(id);
    const open = items > decided ? [{ state: "open" as const, count: items - decided }] : [];
    return {
      ...review,
      reviewers: store.reviews.reviewers(id),
      states: [...open, ...states],
      answerCount: store.reviews.answers.count(id),
      moment: store.version(),
      plans: store.reviews.plans.list(id),
    };
  }

  function readSnapshot({ id }: ReviewRecord, after: number): { lines: string; last: number | null } {
    const items = store.reviews.items.frozen(id, after, SNAPSHOT_LINES);
    return {
      lines: items.map(toSnapshotLine).join(""),
      last: items.length < SNAPSHOT_LINES ? null : (items.at(-1)?.ordinal ?? null),
    };
  }

  async function end(name: string): Promise<ReviewDetail> {
    await store.queueWrite(() => {
      const review = findReview(name);
      if (review.endedAt !== null)
        throw new Refusal("conflict", `review ${name} has ended already, on ${review.endedAt.slice(0, 10)}`);
      const at = toInstant(now());
      store.reviews.end(review.id, at);
      const undecided = review.items - review.decided;
      store.events.append({ at, kind: "review-ended", detail: { name, undecided } });
    });
    return toDetail(findReview(name));
  }

  function announced<Result>(result: Result): Result {
    announce({ kind: "reviews-changed" });
    return result;
  }
}

function findRecord(store: Store, name: string): ReviewRecord {
  const review = store.reviews.find(name);
  if (review) return review;
  throw new Refusal("not-found", `there is no review ${name}; latchkey reviews lists them`);
}
