import type { PathCertificate } from "./path-certificate.ts";
import { type Signed, type Verification, verifySignature } from "./verify-signature.ts";

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
  /** Signatures of certificates, CRLs and OCSP answers: at most some milliseconds each, whatever the key. */
  signatures: 400,
} as const;

/** What judgements share. */
export type SharedWork = {
  /** Signatures that were verified, by what is signed and by which key: they never change. */
  signatures: Map<string, Verification>;
  /** Certificates that were looked at as somebody's issuer, and paths that were judged, in all. */
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
  let isSpent = false;
  const spend = (what: keyof typeof left): boolean => {
    if (left[what] === 0) isSpent = true;
    else left[what]--;
    shared.steps++;
    return !isSpent;
  };
  const verify = (id: string, signed: Signed, spki: Uint8Array): Verification => {
    const known = answers.get(id);
    if (known) return known;
    if (!spend("signatures")) return "unsupported";
    const answer = verifySignature(signed, spki);
    answers.set(id, answer);
    return answer;
  };
  return {
    spend,
    isSpent: () => isSpent,
    /** Each signature is verified once. `id` tells what is signed. */
    verify: (id: string, signed: Signed, spki: Uint8Array) =>
      verify(`${id} ${Buffer.from(spki).toString("base64")}`, signed, spki),
    verifyCertificate: ({ sha256, signed }: PathCertificate, spki: Uint8Array) =>
      verify(`${sha256} ${Buffer.from(spki).toString("base64")}`, signed, spki),
  };
}
export type Budget = ReturnType<typeof createBudget>;
