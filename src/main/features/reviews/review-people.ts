import type { ReviewedPeople } from "#domain/reviews/who-decides.ts";
import type { ReviewEvidence } from "#shared/model/access/review.ts";
import type { Store } from "#store/store.ts";

/**
 * Whom items give access to, and whom names mean, as people sources have it now. Each name is looked up once: open it anew for
 * each call.
 */
export function openReviewPeople({ reviews }: Store): (evidence: ReviewEvidence) => ReviewedPeople {
  const known = new Map<string, ReturnType<typeof reviews.people.named>>();
  const named = (name: string) => {
    const found = known.get(name) ?? reviews.people.named(name);
    known.set(name, found);
    return found;
  };
  return (evidence) => ({ subjects: subjectsOf(evidence), named });

  function subjectsOf(evidence: ReviewEvidence): ReviewedPeople["subjects"] {
    if (evidence.kind === "account") return named(evidence.account);
    return evidence.fingerprint === null ? [] : reviews.people.ofKey(evidence.fingerprint);
  }
}
