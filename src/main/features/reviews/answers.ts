import { hashDecisions } from "#domain/reviews/evidence.ts";
import { writeOfflinePage } from "#domain/reviews/offline-page.ts";
import { evaluateDecision, readAnswer } from "#domain/reviews/read-answer.ts";
import { isOwnAccess } from "#domain/reviews/who-decides.ts";
import { checkSignature } from "#domain/signatures/ssh-signature.ts";
import {
  type AnswerFile,
  type ImportedAnswer,
  type ItemDecision,
  MOST_OFFLINE_ITEMS,
  REVIEW_NAMESPACE,
  type ReviewItem,
} from "#shared/model/access/review.ts";
import type { Workstation } from "#shared/model/hosts/workstation.ts";
import { toInstant } from "#shared/model/instant.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { formatSelection } from "#shared/text/access/review.ts";
import { formatCount, formatNumber } from "#shared/text/count.ts";
import type { ReviewRecord } from "#store/reviews/review-store.ts";
import type { Store } from "#store/store.ts";
import { openReviewPeople } from "./review-people.ts";

type PageDeps = { store: Store; findReview: (name: string) => ReviewRecord };

type Deps = { store: Store; workstation: Workstation; now: () => Date };

type AnswerInput = { base64: string; signature: string | null; acceptsUnsigned: boolean };

/** Files for reviewers who have no Latchkey, and the answers that came back. */
export function createPages({ store, findReview }: PageDeps) {
  return { exportPage, answerFile };

  /** With all items of the reviewer that nobody has decided. */
  function exportPage({ review: name, reviewer }: { review: string; reviewer: string }) {
    const review = findReview(name);
    refuseEnded(review);
    const reviewers = store.reviews.progress(review.id);
    const own = reviewers.find((one) => one.name === reviewer);
    if (!own)
      throw new Refusal(
        "not-found",
        `${reviewer} decides on nothing in review ${name}; its reviewers: ${reviewers.map((one) => one.name).join(", ")}`,
      );
    const open = own.items - own.decided;
    if (open === 0) throw new Refusal("conflict", `${reviewer} has decided on everything in review ${name}`);
    if (open > MOST_OFFLINE_ITEMS)
      throw new Refusal(
        "too-many",
        `${reviewer} has ${formatCount(open, "item")} to decide on, and a file takes ${formatNumber(MOST_OFFLINE_ITEMS)}: decide on the rest in the window, or have others decide (latchkey reviews assign)`,
      );
    const query = { search: "", reviewer, state: "open" as const, after: null, limit: MOST_OFFLINE_ITEMS };
    const counted = { id: review.id, items: review.items, itemsOf: () => own.items };
    const { rows } = store.reviews.items.list(counted, query);
    const { token, snapshot, dueAt } = review;
    const about = formatSelection(review.selection);
    const html = writeOfflinePage({ token, name, snapshot, reviewer, about, dueAt, items: rows });
    return { html, items: rows.length };
  }

  function answerFile({ review: name, answer }: { review: string; answer: number }) {
    const review = findReview(name);
    const found = store.reviews.answers.stored(review.id).find(({ id }) => id === answer);
    if (!found?.body)
      throw new Refusal("not-found", `review ${name} has no answer ${answer} that came in a file`);
    return { base64: Buffer.from(found.body).toString("base64"), signature: found.signature };
  }
}

/** Takes answers of reviewers. */
export function createAnswers({ store, workstation, now }: Deps) {
  return { importAnswer };

  async function importAnswer(input: AnswerInput): Promise<ImportedAnswer> {
    const bytes = Buffer.from(input.base64, "base64");
    const answer = readAnswer(bytes);
    return store.queueWrite(() => {
      const review = findAnswered(answer);
      const signer = findSigner(store.reviews, input.signature, bytes, answer);
      if (!signer.isReviewer && !input.acceptsUnsigned) throw refuseUnsigned(answer, signer);
      const earlier = store.reviews.answers.withBody(review.id, bytes);
      if (earlier && (earlier.source === "signed" || !signer.isReviewer))
        throw new Refusal("conflict", `this answer was imported already, as answer ${earlier.id}`);
      return take(review, { answer, bytes, signature: input.signature, ...signer });
    });
  }

  function take(review: ReviewRecord, { answer, bytes, signature, ...signer }: Taking): ImportedAnswer {
    const { reviewer } = answer;
    const at = toInstant(now());
    const people = openReviewPeople(store);
    const accepted: ItemDecision[] = [];
    const refused: ImportedAnswer["refused"] = [];
    let same = 0;
    for (const decision of answer.decisions) {
      const item = findAnsweredItem(review, decision.item);
      // An answer that nobody has signed is the word of whoever imports it, too.
      const names = signer.isReviewer ? [reviewer] : [reviewer, workstation.user];
      const isOwn = names.some((name) => isOwnAccess(item.evidence, name, people));
      const outcome = evaluateDecision(item, decision, { reviewer, isSigned: signer.isReviewer, isOwn });
      if (outcome === "accepted") accepted.push(decision);
      else if (outcome === "same") same++;
      else refused.push({ item: decision.item, why: outcome });
    }
    const source = signer.isReviewer ? ("signed" as const) : ("unsigned" as const);
    const isLate = at > review.dueAt;
    const fingerprint = signer.isReviewer ? signer.fingerprint : null;
    if (accepted.length > 0) {
      const made = { reviewer, source, madeBy: workstation.user, at, isLate, fingerprint };
      const digest = hashDecisions(accepted);
      store.reviews.answers.add({ ...made, review: review.id, digest, body: bytes, signature }, accepted);
      const detail = {
        name: review.name,
        reviewer,
        source,
        fingerprint,
        items: accepted.map(({ item }) => item),
      };
      store.events.append({ at, kind: "review-decided", detail });
    }
    const counts = { accepted: accepted.length, same, refused };
    return { review: review.name, reviewer, source, fingerprint: signer.fingerprint, isLate, ...counts };
  }

  /** The review that the answer is to, with the very snapshot, and its reviewer. */
  function findAnswered(answer: AnswerFile): ReviewRecord {
    const review = store.reviews.ofToken(answer.review);
    if (!review)
      throw new Refusal(
        "not-found",
        `this is an answer to another review, which it calls ${answer.name}: none here has sent it`,
      );
    refuseEnded(review);
    const isReviewer = store.reviews.progress(review.id).some(({ name }) => name === answer.reviewer);
    if (review.snapshot !== answer.snapshot || review.name !== answer.name || !isReviewer)
      throw new Refusal(
        "invalid-input",
        isReviewer
          ? `the answer to review ${review.name} was edited: it is about another snapshot`
          : `${answer.reviewer} decides on nothing in review ${review.name}: the answer was edited, or others decide by now`,
      );
    return review;
  }

  function findAnsweredItem({ id, name }: ReviewRecord, ordinal: number): ReviewItem {
    const item = store.reviews.items.find(id, ordinal);
    if (item) return item;
    throw new Refusal("invalid-input", `the answer was edited: review ${name} has no item ${ordinal}`);
  }
}

/** `isReviewer`: the key is the reviewer's by people sources, and nobody else's, and they have not left. */
type Signer = { isReviewer: boolean; fingerprint: string | null };

type Taking = Signer & { answer: AnswerFile; bytes: Buffer; signature: string | null };

/** Whose signature it is. Refuses one that does not fit. */
function findSigner(
  { people }: Store["reviews"],
  signature: string | null,
  bytes: Uint8Array,
  { reviewer }: AnswerFile,
): Signer {
  if (signature === null) return { isReviewer: false, fingerprint: null };
  const checked = checkSignature(signature, bytes, REVIEW_NAMESPACE);
  if (checked.kind !== "good")
    throw new Refusal(
      "invalid-input",
      `the signature does not fit this answer (${checked.why}); have it signed again by ssh-keygen -Y sign -n ${REVIEW_NAMESPACE}`,
    );
  const { fingerprint } = checked.key;
  const [owner, ...others] = people.ofKey(fingerprint);
  const [named, ...namesakes] = people.named(reviewer);
  const isAlone = others.length === 0 && namesakes.length === 0;
  const isReviewer = isAlone && owner !== undefined && owner.id === named?.id && owner.standing === "known";
  return { isReviewer, fingerprint };
}

function refuseEnded({ name, endedAt }: ReviewRecord): void {
  if (endedAt === null) return;
  throw new Refusal(
    "conflict",
    `review ${name} has ended on ${endedAt.slice(0, 10)}: it takes no answer any more`,
  );
}

function refuseUnsigned({ reviewer }: AnswerFile, { fingerprint }: Signer): Refusal {
  const why =
    fingerprint === null
      ? "nobody has signed this answer"
      : `this answer is signed by ${fingerprint}, which is not known as the key of ${reviewer} alone`;
  return new Refusal(
    "conflict",
    `${why}: anybody can have written it; have it signed by a key that a people source has, or accept it as not signed`,
  );
}
