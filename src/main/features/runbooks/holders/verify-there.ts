import { makeNonce, verifyPossession, writeStatement } from "#domain/possession/verify-possession.ts";
import type { Hand, Lost } from "#net/ssh/hand/hand.ts";
import type { HandRefusal } from "#net/ssh/hand/say-refusal.ts";
import { signWithKey } from "#net/ssh/hand/sign-with-key.ts";
import type { ClaimReason, KeyPossession } from "#shared/model/possession.ts";

/** `hash`: of the very file that signed; null where none did. */
export type Verified = { possession: KeyPossession; hash: string | null };

const REASONS: Partial<Record<HandRefusal, ClaimReason>> = {
  "locked-key": "locked",
  "no-ssh-keygen": "no-ssh-keygen",
  "no-signing": "no-ssh-keygen",
};

/** Has the private key at a path of a host sign a fresh nonce, by its own ssh-keygen; whose signature that is, is judged here. */
export async function verifyThere(hand: Hand, path: string, fingerprint: string): Promise<Verified | Lost> {
  const location = { hostKey: hand.hostKey.fingerprint, path, fingerprint };
  const statement = writeStatement(location, makeNonce());
  const answer = await signWithKey(hand, path, statement);
  if (answer.kind === "lost") return answer;
  if (answer.kind === "unsigned")
    return { possession: { kind: "claimed", why: REASONS[answer.why] ?? "not-signed" }, hash: null };
  return {
    possession: verifyPossession(answer.proof, statement, fingerprint),
    hash: answer.hash,
  };
}
