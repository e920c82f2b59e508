import { assertNever } from "../../model/assert-never.ts";
import type { Instant } from "../../model/instant.ts";
import type {
  ClaimEvaluation,
  ClaimEvidence,
  ClaimGap,
  ResultSignature,
} from "../../model/runs/result-claim.ts";
import type { RunClaim } from "../../model/runs/run.ts";
import { formatSignature } from "../hosts/bundle.ts";
import { formatHost } from "../hosts/target.ts";

type Claimed = Pick<RunClaim, "host" | "port" | "outcome" | "newKey" | "signature"> & {
  keptKey?: RunClaim["keptKey"];
  evaluation?: ClaimEvaluation | null;
};

/**
 * What a result claims without a signature that counts, with its key in full, and how the last reading evaluates it.
 */
export function describeClaim({
  host,
  port,
  outcome,
  newKey,
  keptKey = null,
  signature,
  evaluation = null,
}: Claimed): string {
  const key = newKey ? `, and that the new key is ${newKey.line} (${newKey.fingerprint})` : "";
  const kept = keptKey === null ? "" : `, and that the old private key is kept at ${keptKey}`;
  const shown = evaluation ? `; ${formatClaimEvaluation(evaluation)}` : "";
  return `${formatHost({ host, port })} says "${outcome}"${key}${kept}: claimed, not verified (${signature})${shown}`;
}

/** As a part of a sentence. */
export function formatClaimEvaluation(evaluation: ClaimEvaluation): string {
  switch (evaluation.kind) {
    case "confirmed":
      return formatConfirmation(evaluation);
    case "contradicted":
      return `contradicted by ${formatEvidence(evaluation)}: ${evaluation.path} is not what the result says`;
    case "open":
      return `not confirmed: ${GAPS[evaluation.why]}${evaluation.path === null ? "" : ` (${evaluation.path})`}`;
    default:
      return assertNever(evaluation);
  }
}

/** Who has signed the result of an offline script, as a part of a sentence. */
export function formatResultSignature({ hostKey, person, confirmed }: ResultSignature): string {
  const byHost = hostKey === null ? "" : `signed by the host, with its key ${hostKey}`;
  const byPerson = hostKey !== null && person.kind === "none" ? "" : formatSignature(person);
  return [byHost, byPerson, confirmed === null ? "" : formatConfirmation(confirmed)]
    .filter(Boolean)
    .join("; ");
}

/** What confirms a claim, as a part of a sentence. */
export const formatConfirmation = (confirmed: { by: ClaimEvidence; at: Instant }): string =>
  `confirmed by ${formatEvidence(confirmed)}`;

const formatEvidence = ({ by, at }: { by: ClaimEvidence; at: Instant }): string => `the ${by} of ${at}`;

const GAPS: Record<ClaimGap, string> = {
  "no-evidence": "no file and no key of the host could show it",
  "no-reading": "the host was neither scanned nor was a bundle of it imported since its script was written",
  "unverified-reading": "nothing shows that the last reading is of the host with the plan's host key",
  "earlier-reading":
    "nothing shows that the last reading is from after the script was written; of a bundle that is shown by a collector that was printed after it (latchkey collector)",
  "not-root": "it was read neither as root nor by the account itself",
  unreadable: "the last reading could not decide it",
  "key-not-verified": "the new key has not signed there",
  "other-key": "the run has another new key",
  "left-out": "it leaves an account out, and that it had to is shown by a signature alone",
  "no-result": "only its outcome was kept: import it once more",
};

/** Whether a run can continue with claims that readings of its hosts confirm. */
export const hasConfirmed = (claims: readonly RunClaim[]): boolean =>
  claims.some(({ evaluation }) => evaluation.kind === "confirmed");

/** What to do about a claim. */
export const CLAIM_REMEDY =
  "nothing follows from a claim: no step is done by it, and no script is written with its key. To confirm it, scan the host, or print a collector now and import the bundle that it has the host sign; then latchkey runs resume goes on. To verify it, run the script there as root, so that the host signs its result, or have somebody who is known here sign it (ssh-keygen -Y sign -n latchkey-bundle -f KEY FILE), and import it once more";
