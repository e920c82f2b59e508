import { hashDecisions, hashFrozen } from "#domain/reviews/evidence.ts";
import { checkSignature } from "#domain/signatures/ssh-signature.ts";
import { signBytes } from "#net/local/sign-bytes.ts";
import { REVIEW_NAMESPACE } from "#shared/model/access/review.ts";
import type { Workstation } from "#shared/model/hosts/workstation.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { ReviewRecord } from "#store/reviews/review-store.ts";
import type { Store } from "#store/store.ts";

/** So many items are read at once: between them others are served. */
const BATCH = 2_000;

/**
 * What of a review is not as it was frozen and decided. The rows of the review and of its answers are sealed, and each has the
 * digest of its items or decisions, which are too many to be sealed one by one.
 */
export async function findProblems({ reviews }: Store, { id, snapshot }: ReviewRecord): Promise<string[]> {
  const problems = (await isAsFrozen(reviews, id, snapshot))
    ? []
    : ["what it is about is not what was frozen: somebody has changed the database"];
  for (const answer of reviews.answers.stored(id))
    if (hashDecisions(reviews.answers.decisions(answer.id)) !== answer.digest)
      problems.push(
        `the decisions of answer ${answer.id} by ${answer.reviewer} were changed in the database`,
      );
  const misled = reviews.answers.misled(id);
  if (misled.length > 0)
    problems.push(
      `items ${misled.join(", ")} name another decision than their latest: somebody has changed the database`,
    );
  return problems;
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
