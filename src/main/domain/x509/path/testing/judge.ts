import { ANY_POLICY_WILL_DO, evaluateChain } from "#domain/x509/path/evaluate-chain.ts";
import { indexCertificates } from "#domain/x509/path/path-certificate.ts";
import type { PolicyRequest } from "#domain/x509/path/policy-graph.ts";
import type { PathRequest } from "#domain/x509/path/validate-path.ts";
import { readCrl } from "#domain/x509/revocation/read-crl.ts";
import type { Evaluation, Profile, Purpose } from "#shared/model/certificates/chain.ts";

/** The time at which tests evaluate, by default. */
export const AT = Date.parse("2026-06-01T00:00:00Z");

type Made = { der: Uint8Array };
type ChainToEvaluate = {
  roots: readonly Made[];
  pool?: readonly Made[];
  wish?: Partial<PathRequest>;
  profile?: Profile;
};

/** Evaluates a certificate for no particular purpose, as clients do, except for the options in `wish`. */
export function judge(
  leaf: Uint8Array,
  { roots, pool = [], wish = {}, profile = "clients" }: ChainToEvaluate,
): Evaluation {
  return evaluateChain({
    leaf,
    pool: indexCertificates(pool.map((each) => each.der)),
    roots: indexCertificates(roots.map((each) => each.der)),
    options: {
      at: AT,
      purpose: null,
      name: null,
      policy: ANY_POLICY_WILL_DO,
      mostIntermediates: null,
      ...wish,
    },
    profile,
    revocationLists: null,
  });
}

export const codesOf = ({ reasons }: Evaluation): string[] => reasons.map(({ code }) => code);

/** The cases of `#testing/corpora/chain-corpus.ts`, which nothing here may import. */
type CorpusCase = {
  leaf: Uint8Array;
  pool: readonly Uint8Array[];
  roots: readonly Uint8Array[];
  /** Milliseconds since 1970. */
  at: number;
  purpose: Purpose | null;
  name: string | null;
  policy?: PolicyRequest;
  mostIntermediates?: number;
  lists?: readonly Uint8Array[];
};

/**
 * Evaluates a case of a corpus. `because`: the sections and codes for which it is refused, or which clients ignore,
 * each once, joined by commas.
 */
export function evaluateCase(each: CorpusCase, profile: Profile): { isAccepted: boolean; because: string } {
  const { at, purpose, name, policy = ANY_POLICY_WILL_DO, mostIntermediates = null } = each;
  const { state, reasons, notes } = evaluateChain({
    leaf: each.leaf,
    pool: indexCertificates(each.pool),
    roots: indexCertificates(each.roots),
    options: { at, purpose, name, policy, mostIntermediates },
    profile,
    revocationLists: each.lists?.flatMap((der) => readCrl(der) ?? []) ?? null,
  });
  const causes = new Set([...reasons, ...notes].map(({ rule, code }) => rule?.section ?? code));
  return { isAccepted: state === "valid", because: [...causes].sort().join(", ") };
}
