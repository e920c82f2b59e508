import { reasonAbout } from "#domain/x509/path/chain-reason.ts";
import type { PathCertificate } from "#domain/x509/path/path-certificate.ts";
import type { PolicyRequest } from "#domain/x509/path/policy-graph.ts";
import { checkPolicies } from "#domain/x509/path/validate-path.ts";
import type { RevocationList } from "#domain/x509/revocation/read-crl.ts";
import type { ChainReason, Client } from "#shared/model/chain.ts";

/** What a profile demands of a whole path, or of a list that tells of one of its certificates. */

/** The policies of a root, and its constraints on them, bind what stands below it (RFC 5937); clients pass over them. */
export function checkRootPolicies(path: readonly PathCertificate[], wish: PolicyRequest): ChainReason[] {
  const root = path.at(-1);
  if (!root || path.length === 1 || !bindsPolicies(root)) return [];
  // What is missing without the root as well is told by path validation.
  if (checkPolicies(path, wish, null).length > 0) return [];
  return checkPolicies(path, wish, root).map((reason) => ({
    ...reason,
    rule: { profile: "rfc5280", section: "RFC 5937, 3" },
    acceptedBy: ["openssl", "go"],
  }));
}

const bindsPolicies = ({ extensions }: PathCertificate): boolean =>
  extensions.policies !== null ||
  extensions.policyConstraints !== null ||
  extensions.inhibitAnyPolicy !== null;

type ListRule = { words: string; acceptedBy: readonly Client[]; isBroken(list: RevocationList): boolean };

/** Go looks at no revocation lists. */
const LIST_RULES: readonly ListRule[] = [
  {
    words: "is known as not revoked by a revocation list without a CRL number",
    acceptedBy: ["openssl"],
    isBroken: ({ number }) => number === null,
  },
  {
    words: "is known as not revoked by a revocation list whose CRL number is critical",
    acceptedBy: [],
    isBroken: ({ isNumberCritical }) => isNumberCritical,
  },
];

export const checkList = (certificate: PathCertificate, list: RevocationList): ChainReason[] =>
  LIST_RULES.filter(({ isBroken }) => isBroken(list)).map(({ words, acceptedBy }) => ({
    ...reasonAbout(certificate, "list-number", words),
    rule: { profile: "rfc5280", section: "RFC 5280, 5.2.3" },
    acceptedBy: [...acceptedBy],
  }));
