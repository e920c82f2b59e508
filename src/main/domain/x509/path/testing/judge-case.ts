import { indexCertificates } from "#domain/x509/path/certificate-index.ts";
import { ANY_POLICY_WILL_DO, evaluateChain } from "#domain/x509/path/judge-chain.ts";
import type { PolicyRequest } from "#domain/x509/path/policy-graph.ts";
import { readCrl } from "#domain/x509/revocation/read-crl.ts";
import type { Profile, Purpose } from "#shared/model/chain.ts";

/** What `#testing/corpora/chain-corpus.ts` asks; nothing here may import it. */
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
 * Judges a case of a corpus. `because`: the sections and codes for which it is refused, or which clients pass over, each once,
 * joined by commas.
 */
export function evaluateCase(each: CorpusCase, profile: Profile): { isAccepted: boolean; because: string } {
  const { at, purpose, name, policy = ANY_POLICY_WILL_DO, mostIntermediates = null } = each;
  const { state, reasons, notes } = evaluateChain({
    leaf: each.leaf,
    pool: indexCertificates(each.pool),
    roots: indexCertificates(each.roots),
    wish: { at, purpose, name, policy, mostIntermediates },
    profile,
    revocationLists: each.lists?.flatMap((der) => readCrl(der) ?? []) ?? null,
  });
  const causes = new Set([...reasons, ...notes].map(({ rule, code }) => rule?.section ?? code));
  return { isAccepted: state === "valid", because: [...causes].sort().join(", ") };
}
