import { hashDecisions, hashFrozen } from "#domain/reviews/evidence.ts";
import { parseAnswer } from "#domain/reviews/read-answer.ts";
import { checkSignature } from "#domain/signatures/ssh-signature.ts";
import { signBytes } from "#net/local/sign-bytes.ts";
import { type ItemDecision, REVIEW_NAMESPACE } from "#shared/model/access/review.ts";
import type { Workstation } from "#shared/model/hosts/workstation.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { ReviewRecord, StoredAnswer } from "#store/reviews/review-store.ts";
import type { Store } from "#store/store.ts";

/** So many items are read at once: between them others are served. */
const BATCH = 2_000;

/**
 * What of a review is not as it was frozen and decided. The rows of the review and of its answers are sealed, and each has the
 * digest of its items or decisions, which are too many to be sealed one by one. What came in a file is compared with that, and with
 * its signature, too: whoever has the key of the seals does not have the reviewer's.
 */
export async function findProblems(store: Store, review: ReviewRecord): Promise<string[]> {
  const { reviews } = store;
  const { id, snapshot } = review;
  const problems = store.findUnsealedRows([
    { table: "review", where: "id", value: id },
    { table: "review_answer", where: "review", value: id },
  ]);
  if (!(await isAsFrozen(reviews, id, snapshot)))
    problems.push("what it is about is not what was frozen: somebody has changed the database");
  for (const answer of reviews.answers.stored(id)) {
    const decisions = reviews.answers.decisions(answer.id);
    const what = `answer ${answer.id} by ${answer.reviewer}`;
    if (hashDecisions(decisions) !== answer.digest)
      problems.push(`the decisions of ${what} were changed in the database`);
    const why = findFileProblem(answer, decisions, review);
    if (why !== null) problems.push(`${what} ${why}`);
  }
  const misled = reviews.answers.misled(id);
  if (misled.length > 0)
    problems.push(
      `items ${misled.join(", ")} name another decision, or another reviewer, than their latest: somebody has changed the database`,
    );
  return problems;
}

/** What of an answer is not what its file says, or what its reviewer has signed; null where all is. */
function findFileProblem(
  { source, reviewer, fingerprint, body, signature }: StoredAnswer,
  decisions: readonly ItemDecision[],
  review: ReviewRecord,
): string | null {
  if (source === "typed") return null;
  const file = body && parseAnswer(body);
  if (
    !file ||
    file.review !== review.token ||
    file.snapshot !== review.snapshot ||
    file.reviewer !== reviewer
  )
    return "is not what its file says";
  const written = new Set(file.decisions.map((decision) => hashDecisions([decision])));
  if (!decisions.every((decision) => written.has(hashDecisions([decision]))))
    return "is not what its file says";
  if (source === "unsigned") return null;
  const checked = checkSignature(signature ?? "", body, REVIEW_NAMESPACE);
  return checked.kind === "good" && checked.key.fingerprint === fingerprint
    ? null
    : "is not signed by the key that it is said to be signed by";
}

async function isAsFrozen(reviews: Store["reviews"], id: number, snapshot: string): Promise<boolean> {
  const digest = hashFrozen();
  for (let after = 0; ; ) {
    const items = reviews.items.frozen(id, after, BATCH);
    for (const item of items) digest.add(item);
    const last = items.at(-1);
    if (!last || items.length < BATCH) return digest.end() === snapshot;
    after = last.ordinal;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** A line of sha256sum. Nothing else is signed here: what a reviewer signs, they sign themselves. */
const SUM = /^[0-9a-f]{64} {2}[\w.-]+$/;

/** Signs the digests of an evidence pack, and returns the public key as a line has it. */
export async function signSums(
  { sums, key }: { sums: string; key: string },
  { agentSocket }: Workstation,
): Promise<{ signature: string; publicKey: string }> {
  const lines = sums.split("\n");
  if (lines.at(-1) !== "" || !lines.slice(0, -1).every((line) => SUM.test(line)))
    throw new Refusal(
      "invalid-input",
      "only the digests of an evidence pack are signed: DIGEST, two blanks, FILE",
    );
  const bytes = Buffer.from(sums);
  const signed = await signBytes(bytes, { keyFile: key, namespace: REVIEW_NAMESPACE, agentSocket });
  if ("why" in signed) throw new Refusal("invalid-input", `${key} cannot sign: ${signed.why}`);
  const checked = checkSignature(signed.signature, bytes, REVIEW_NAMESPACE);
  if (checked.kind !== "good")
    throw new Refusal("invalid-input", `${key} cannot sign an evidence pack: ${checked.why}`);
  const { keyType, blob } = checked.key;
  return { signature: signed.signature, publicKey: `${keyType} ${Buffer.from(blob).toString("base64")}` };
}
