import type { CertificateIndex } from "#domain/x509/path/certificate-index.ts";
import { formatText } from "#domain/x509/path/comparable-name.ts";
import { openCertificate, type PathCertificate } from "#domain/x509/path/path-certificate.ts";
import { createBudget } from "#domain/x509/path/search-limits.ts";
import type { RevocationView } from "#shared/model/trust.ts";
import { formatRevocation, type RevocationStatus, statusOf } from "./check-revocation.ts";
import { evaluateOcsp } from "./judge-ocsp.ts";
import type { RevocationList } from "./read-crl.ts";

type Known = {
  /** Whoever may have signed it, or speak of it. */
  pool: CertificateIndex;
  lists: readonly RevocationList[];
  /** What endpoints staple; null for one that staples nothing. */
  staples: readonly { where: string; staple: Uint8Array | null }[];
  /** Milliseconds since 1970. */
  at: number;
};

/**
 * What is said of the revocation of one certificate: a view for each answer that an endpoint staples, and one for the lists
 * that were given. Where nobody says anything it is not checked, which is no bad sign: many authorities have no OCSP.
 */
export function evaluateRevocation(leaf: Uint8Array, known: Known): RevocationView[] {
  const certificate = openCertificate(leaf);
  const issuer = certificate && findIssuer(certificate, known.pool);
  const stapled = known.staples.filter(({ staple }) => staple !== null);
  if (!certificate || !issuer) {
    const sentence = "its issuer is not known, so that nothing that is said of it can be believed";
    return [{ state: "not-checked", by: "nobody", sentence }];
  }
  const views = stapled.map(({ where, staple }) => {
    const { state, sentence } = evaluateOcsp(staple ?? new Uint8Array(), certificate, issuer, known.at);
    return { state, by: `the answer that ${where} staples`, sentence };
  });
  return [...views, evaluateByLists(certificate, issuer, known)];
}

/** Who has signed a certificate, where that is known; null otherwise. */
export function findIssuer(certificate: PathCertificate, pool: CertificateIndex): PathCertificate | null {
  const budget = createBudget();
  const named = pool.bySubject(certificate.issuer.key);
  return named.find(({ spki }) => budget.verifyCertificate(certificate, spki) === "valid") ?? null;
}

/** As whose word it is told what lists say. */
export const BY_LISTS = "the revocation lists that were given";

function evaluateByLists(
  certificate: PathCertificate,
  issuer: PathCertificate,
  known: Known,
): RevocationView {
  const by = BY_LISTS;
  if (known.lists.length === 0)
    return { state: "not-checked", by, sentence: "no revocation list was given, and none is fetched" };
  const budget = createBudget();
  const status = statusOf(certificate, issuer, [certificate, issuer], {
    lists: known.lists,
    signers: known.pool.all,
    at: known.at,
    verify: budget.verify,
    // Whoever the issuer has let sign lists; whether the issuer itself is trusted is said by the chain.
    isTrusted: (signer) =>
      signer.sha256 === issuer.sha256 || budget.verifyCertificate(signer, issuer.spki) === "valid",
  });
  return { by, ...formatStatus(status) };
}

function formatStatus(status: RevocationStatus): Pick<RevocationView, "state" | "sentence"> {
  switch (status.state) {
    case "good":
      return { state: "good", sentence: "it is on none of the lists that speak for it" };
    case "revoked":
      return { state: "revoked", sentence: `it ${formatRevocation(status.revocation)}` };
    default:
      return { state: "not-checked", sentence: `it ${status.why}` };
  }
}

export type RevocationFacts = { lists: string[]; responders: string[] };

/** Where its authority says that lists and answers are to be had. */
export function readRevocationFacts(leaf: Uint8Array): RevocationFacts {
  const extensions = openCertificate(leaf)?.extensions;
  const lists = (extensions?.distributionPoints ?? []).flatMap(({ name }) =>
    name?.kind === "full"
      ? name.names.flatMap((each) => (each.form === "uri" ? formatText(each.value) : []))
      : [],
  );
  return { lists, responders: (extensions?.responders ?? []).map(formatText) };
}
