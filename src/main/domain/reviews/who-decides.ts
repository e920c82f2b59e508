import type { ReviewChoice, ReviewDeciders, ReviewEvidence } from "#shared/model/access/review.ts";

/**
 * Who decides on what. Nobody decides to keep their own access: whose a grant or an account is, people sources say, by its key
 * or its login; and the evidence, by whom it names as the holder of the key.
 */

/** People, by the ids of the entries that lead. */
type People = readonly { id: number }[];

/** Whom an item gives access to, as people sources have it, and whom they mean by a name. */
export type ReviewedPeople = { subjects: People; named: (name: string) => People };

/** Whether it is the access of whoever is called so. */
export function isOwnAccess(
  evidence: ReviewEvidence,
  name: string,
  { subjects, named }: ReviewedPeople,
): boolean {
  const isCalled = (word: string | null) => word !== null && word.toLowerCase() === name.toLowerCase();
  const isNamed =
    evidence.kind === "grant"
      ? evidence.keyOwner.state === "known" && isCalled(evidence.keyOwner.who)
      : evidence.accountKind === "person" && isCalled(evidence.account);
  if (isNamed) return true;
  const ids = new Set(subjects.map(({ id }) => id));
  return ids.size > 0 && named(name).some(({ id }) => ids.has(id));
}

/** To give up one's own access needs nobody else. */
export const mayDecide = (choice: ReviewChoice, isOwn: boolean): boolean => choice === "revoke" || !isOwn;

/** Who decides on an item, by the rule of its review; null where nobody can whose own access it is not. */
export function chooseReviewer(
  deciders: ReviewDeciders,
  evidence: ReviewEvidence,
  people: ReviewedPeople,
): string | null {
  const isOther = (name: string) => !isOwnAccess(evidence, name, people);
  if (deciders.kind === "named") return deciders.names.find(isOther) ?? null;
  const { otherwise } = deciders;
  if (evidence.owner !== "" && isOther(evidence.owner)) return evidence.owner;
  return otherwise !== null && isOther(otherwise) ? otherwise : null;
}
