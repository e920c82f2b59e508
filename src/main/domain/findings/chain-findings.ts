import type { Certificate } from "#shared/model/certificates/certificate.ts";
import type { FindingDraft } from "#shared/model/finding.ts";
import type { TlsTarget } from "#shared/model/hosts/target.ts";

type Sent = { certificate: Certificate };

/** How many certificates the evidence lists; it counts the others. */
const MOST_LISTED = 10;

/**
 * Problems of a chain as it was sent, by the names in it alone (RFC 8446, section 4.4.2), so that it applies to private
 * and public authorities alike. None for a chain with a certificate that cannot be read.
 */
export function findChainProblems(target: TlsTarget, chain: readonly (Sent | null)[]): FindingDraft[] {
  const sent = chain.flatMap((each) => each?.certificate ?? []);
  const [leaf] = sent;
  if (!leaf || sent.length < 2 || sent.length < chain.length) return [];
  return [evaluateOrder(target, sent), evaluateExtra(target, sent), evaluateEnds(target, sent)].filter(
    (draft) => draft !== null,
  );
}

const isIssuedBy = (certificate: Certificate, issuer: Certificate): boolean =>
  certificate.issuer === issuer.subject && issuer.subject !== "";

/** The certificates above the leaf, by names, in any order; each once. */
function findAbove(sent: readonly Certificate[]): Set<Certificate> {
  const [leaf] = sent;
  const above = new Set<Certificate>(leaf ? [leaf] : []);
  // Iteration over a set includes elements that are added meanwhile.
  for (const certificate of above)
    for (const other of sent) if (isIssuedBy(certificate, other)) above.add(other);
  return above;
}

/** TLS 1.2 requires each to certify the one before it; TLS 1.3 tolerates another order, but not every client does. */
function evaluateOrder(target: TlsTarget, sent: readonly Certificate[]): FindingDraft | null {
  const above = findAbove(sent);
  const isEarly = (certificate: Certificate, at: number) =>
    at > 0 && above.has(certificate) && !sent.slice(0, at).some((before) => isIssuedBy(before, certificate));
  if (!sent.some(isEarly)) return null;
  return {
    ...about(sent),
    rule: "chain-misordered",
    severity: "low",
    sentence: `${formatWhere(target)} sends the certificates of its chain in an order in which they do not certify each other`,
    evidence: formatChain(sent),
    remedy: "put the server's own certificate first, and below each one the one that signed it",
  };
}

function evaluateExtra(target: TlsTarget, sent: readonly Certificate[]): FindingDraft | null {
  const above = findAbove(sent);
  const hashes = sent.map(({ sha256 }) => sha256);
  const repeated = sent.filter(({ sha256 }, at) => hashes.indexOf(sha256) < at);
  const strays = sent.filter((certificate) => !above.has(certificate) && !repeated.includes(certificate));
  if (repeated.length + strays.length === 0) return null;
  return {
    ...about(sent),
    rule: "chain-extra",
    severity: "info",
    sentence: `${formatWhere(target)} sends certificates that have no part in its chain`,
    evidence: [
      ...strays.map((each) => `nothing in the chain is issued by ${nameOf(each)}`),
      ...repeated.map((each) => `${nameOf(each)} is sent more than once`),
    ].slice(0, MOST_LISTED),
    remedy: "take them out of the file that the server sends: each handshake sends them",
  };
}

/** A leaf cannot outlive the certificates above it. Compares dates with each other, not with today. */
function evaluateEnds(target: TlsTarget, sent: readonly Certificate[]): FindingDraft | null {
  const [leaf] = sent;
  const end = leaf?.notAfter;
  if (!end) return null;
  const ending = [...findAbove(sent)].filter(
    (each) => each !== leaf && !each.isSelfIssued && each.notAfter !== null && each.notAfter < end,
  );
  const [first] = ending.toSorted((one, other) => (String(one.notAfter) < String(other.notAfter) ? -1 : 1));
  if (!first) return null;
  return {
    ...about(sent),
    rule: "chain-expiring",
    severity: "medium",
    sentence: `an intermediate that ${formatWhere(target)} sends ends on ${first.notAfter}, before the certificate that it vouches for`,
    evidence: [`${nameOf(first)} ends on ${first.notAfter}`, `the certificate itself on ${end}`],
    remedy:
      "have the server send the newer certificate of that intermediate, or have its own issued anew below another one",
  };
}

/**
 * A server omits an intermediate, which is certain: `issuer` has signed the last certificate that it sent, and is no
 * root. Does not search for an authority whose root clients have.
 */
export function findMissingIssuer(
  target: TlsTarget,
  sent: readonly Certificate[],
  issuer: Certificate,
): FindingDraft {
  return {
    ...about(sent),
    rule: "chain-incomplete",
    severity: "medium",
    sentence: `${formatWhere(target)} does not send the intermediate ${nameOf(issuer)}, without which clients may find no root`,
    evidence: [
      ...formatChain(sent),
      `${nameOf(issuer)} (${issuer.sha256.slice(0, 16)}) has signed the last of them, and is known from elsewhere`,
    ],
    remedy: "add the intermediate to the file that the server sends, below its own certificate",
  };
}

const about = ([leaf]: readonly Certificate[]): Pick<FindingDraft, "about" | "label"> => ({
  about: { kind: "certificate", sha256: leaf?.sha256 ?? "" },
  label: leaf ? nameOf(leaf) : "",
});

const nameOf = ({ subject, names, serial }: Certificate): string =>
  subject || names[0] || `serial number ${serial}`;

const formatWhere = ({ host, port }: TlsTarget): string => `${host} on port ${port}`;

function formatChain(sent: readonly Certificate[]): string[] {
  const lines = sent
    .slice(0, MOST_LISTED)
    .map((each, at) => `${at}: ${nameOf(each)}, issued by ${each.issuer || "nobody named"}`);
  return sent.length > MOST_LISTED ? [...lines, `and ${sent.length - MOST_LISTED} more`] : lines;
}
