import type { ReviewChoice, ReviewDeciders, ReviewEvidence } from "#shared/model/access/review.ts";
import { foldName } from "#shared/text/fold-name.ts";

/**
 * Who decides on what. Nobody decides to keep their own access: whose a grant or an account is, people sources say, by its key or
 * its login; and the evidence, by whom it names as the holder of the key, or as the one whose keys alone open the account.
 */

/** People, by the ids of the entries that lead. */
type People = readonly { id: number }[];

/** Who has a key, and whom people sources mean by a name. */
export type ReviewedPeople = {
  ofKey: (fingerprint: string) => People;
  named: (name: string) => People;
};

/** Whether it is the access of whoever is called so. */
export function isOwnAccess(evidence: ReviewEvidence, name: string, people: ReviewedPeople): boolean {
  const isCalled = (word: string) => foldName(word) === foldName(name);
  const words = namesIn(evidence);
  if (words.some(isCalled)) return true;
  const ids = new Set([
    ...words.flatMap((word) => people.named(word).map(({ id }) => id)),
    ...keysIn(evidence).flatMap((key) => people.ofKey(key).map(({ id }) => id)),
  ]);
  return ids.size > 0 && people.named(name).some(({ id }) => ids.has(id));
}

const keysIn = (evidence: ReviewEvidence): string[] =>
  evidence.kind === "grant" && evidence.fingerprint !== null ? [evidence.fingerprint] : [];

/** Those whose access it is by the evidence. A machine's account is called like whatever runs as it. */
function namesIn(evidence: ReviewEvidence): string[] {
  const { accountKind, account, person } = evidence;
  const owner =
    evidence.kind === "grant" && evidence.keyOwner.state === "known" ? evidence.keyOwner.who : null;
  return [
    ...(accountKind === "person" || accountKind === "unknown" ? [account] : []),
    ...(person === null ? [] : [person]),
    ...(owner === null ? [] : [owner]),
  ];
}

/** Nothing disables the account that all else is mended by. */
export const isRootItself = ({ kind, uid, account }: ReviewEvidence): boolean =>
  kind === "account" && uid === 0 && account === "root";

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
