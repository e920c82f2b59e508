import { indexCertificates } from "#domain/x509/path/certificate-index.ts";
import { ANY_POLICY_WILL_DO, evaluateChain } from "#domain/x509/path/judge-chain.ts";
import type { PathRequest } from "#domain/x509/path/validate-path.ts";
import type { Evaluation, Profile } from "#shared/model/chain.ts";

/** When tests judge, unless they say otherwise. */
export const AT = Date.parse("2026-06-01T00:00:00Z");

type Made = { der: Uint8Array };
type ChainToEvaluate = {
  roots: readonly Made[];
  pool?: readonly Made[];
  wish?: Partial<PathRequest>;
  profile?: Profile;
};

/** Judges a certificate for nothing in particular, as clients do, but for what is wished. */
export function judge(
  leaf: Uint8Array,
  { roots, pool = [], wish = {}, profile = "clients" }: ChainToEvaluate,
): Evaluation {
  return evaluateChain({
    leaf,
    pool: indexCertificates(pool.map((each) => each.der)),
    roots: indexCertificates(roots.map((each) => each.der)),
    wish: { at: AT, purpose: null, name: null, policy: ANY_POLICY_WILL_DO, mostIntermediates: null, ...wish },
    profile,
    revocationLists: null,
  });
}

export const codesOf = ({ reasons }: Evaluation): string[] => reasons.map(({ code }) => code);
