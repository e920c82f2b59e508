import { hash } from "node:crypto";
import type { PathCertificate } from "./path-certificate.ts";
import { type Signed, type Verification, verifyAtCost } from "./verify-signature.ts";

/**
 * What one judgement may cost. Chains of real servers have three or four certificates; what is beyond these is made to keep
 * a validator busy, by cross-signing in circles or by hundreds of authorities of one name. Where a limit is met nothing is
 * said to be invalid for it.
 */
export const LIMITS = {
  /** Certificates of a path; OpenSSL takes as many. */
  depth: 100,
  /** Certificates that are looked at as somebody's issuer. */
  steps: 2_000,
  /** Whole paths that are judged. */
  paths: 64,
  /** Signatures of certificates, CRLs and OCSP answers. */
  signatures: 400,
  /** Steps that those signatures cost together: some tenths of a second. */
  signatureSteps: 4_000,
} as const;

/** Answers that are kept; the oldest goes first. */
export const MOST_SIGNATURES_KEPT = 20_000;

/** What judgements share. */
export type SharedWork = {
  /** Signatures that were verified, by the hashes of what is signed and of the key: they never change. */
  signatures: Map<string, Verification>;
  /**
   * What was done in all, in steps of at most some 50 microseconds: certificates that were looked at as somebody's issuer,
   * paths that were judged, and signatures by what each costs.
   */
  steps: number;
};

export const createSharedWork = (): SharedWork => ({ signatures: new Map(), steps: 0 });

/** Counts down; `isSpent` says that what was found is not all there is. What is known already costs nothing. */
export function createBudget(shared: SharedWork = createSharedWork()) {
  const { signatures: answers } = shared;
  const left = {
    steps: LIMITS.steps as number,
    paths: LIMITS.paths as number,
    signatures: LIMITS.signatures as number,
  };
  let stepsOfSignatures = 0;
  let isSpent = false;
  const spend = (what: keyof typeof left): boolean => {
    if (left[what] === 0) isSpent = true;
    else left[what]--;
    shared.steps++;
    return !isSpent;
  };
  const verify = (id: string, signed: Signed, spki: Uint8Array): Verification => {
    const key = `${id} ${hashOf(spki)}`;
    const known = answers.get(key);
    if (known) return known;
    if (stepsOfSignatures > LIMITS.signatureSteps) isSpent = true;
    if (!spend("signatures")) return "unsupported";
    const { answer, steps } = verifyAtCost(signed, spki);
    shared.steps += steps;
    stepsOfSignatures += steps;
    if (answers.size >= MOST_SIGNATURES_KEPT) answers.delete(answers.keys().next().value ?? "");
    answers.set(key, answer);
    return answer;
  };
  return {
    spend,
    isSpent: () => isSpent,
    /** Each signature is verified once. `id` tells what is signed. */
    verify,
    verifyCertificate: ({ sha256, signed }: PathCertificate, spki: Uint8Array) =>
      verify(sha256, signed, spki),
  };
}
export type Budget = ReturnType<typeof createBudget>;

/** By the bytes themselves, which nobody changes: a key is asked about once for each certificate that names it as its issuer's. */
const hashes = new WeakMap<Uint8Array, string>();

function hashOf(spki: Uint8Array): string {
  const known = hashes.get(spki) ?? hash("sha256", spki, "base64");
  hashes.set(spki, known);
  return known;
}
