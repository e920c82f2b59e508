/**
 * The owner of a run's new key signs this, if Latchkey has no access to it: it shows that somebody has the private key.
 */
import { checkSignature } from "#domain/signatures/ssh-signature.ts";
import { CHALLENGE_NAMESPACE } from "#shared/model/runs/run.ts";

export type Challenged = {
  runId: number;
  /** The token of the run: random, made when it began. */
  token: string;
  planHash: string;
  /** `SHA256:...` of the new key. */
  fingerprint: string;
};

/** For one run and one key; it ends with a line feed. */
export const makeChallenge = ({ runId, token, planHash, fingerprint }: Challenged): string =>
  `latchkey run ${runId}\ntoken ${token}\nplan ${planHash}\nkey ${fingerprint}\n`;

/**
 * Why this is no signature of the challenge by the new key; null if it is one. `armored`: as ssh-keygen -Y sign wrote
 * it.
 */
export function findError(armored: string, challenged: Challenged): string | null {
  const challenge = makeChallenge(challenged);
  // A copy may have lost its last line feed, or have gained others.
  const copies = [challenge, challenge.trimEnd(), challenge.replaceAll("\n", "\r\n")];
  const checks = copies.map((text) => checkSignature(armored, Buffer.from(text), CHALLENGE_NAMESPACE));
  const good = checks.flatMap((check) => (check.kind === "good" ? [check.key] : []))[0];
  if (good?.fingerprint === challenged.fingerprint) return null;
  if (good) return `it is by ${good.fingerprint}, and the new key is ${challenged.fingerprint}`;
  const [first] = checks;
  if (first?.kind === "unsupported") return first.why;
  return `it is none of this run's challenge by ssh-keygen -Y sign -n ${CHALLENGE_NAMESPACE}`;
}
