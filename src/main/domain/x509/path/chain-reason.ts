import { readElement, viewOf } from "#codec/der.ts";
import { readName } from "#domain/x509/names.ts";
import {
  type ChainLink,
  type ChainReason,
  type ChainReasonCode,
  type ChainRole,
  type ChainState,
  Client,
} from "#shared/model/certificates/chain.ts";
import { openCertificate, type PathCertificate } from "./path-certificate.ts";

/** What this program cannot determine, as opposed to what it knows to be wrong. */
const UNSUPPORTED: ReadonlySet<ChainReasonCode> = new Set([
  "signature-unsupported",
  "name-not-evaluated",
  "too-much-work",
]);

/** A certain fault decides first; then what cannot be determined; then what clients ignore. */
export function stateOf(reasons: readonly ChainReason[]): ChainState {
  const fatal = reasons.filter(({ acceptedBy = [] }) => acceptedBy.length === 0);
  if (fatal.length > 0) return fatal.every(({ code }) => UNSUPPORTED.has(code)) ? "unsupported" : "invalid";
  if (reasons.length === 0) return "valid";
  return clientsOf(reasons).length > 0 ? "valid-for-clients" : "invalid";
}

/** The clients that ignore every one of the reasons. */
export const clientsOf = (reasons: readonly { acceptedBy?: readonly Client[] | undefined }[]): Client[] =>
  Client.options.filter((client) => reasons.every(({ acceptedBy = [] }) => acceptedBy.includes(client)));

const LABEL_CHARACTERS = 120;

/** A reason about one certificate: its name, and what is wrong with it. */
export const reasonAbout = (
  certificate: PathCertificate,
  code: ChainReasonCode,
  words: string,
): ChainReason => ({ code, sentence: `${labelOf(certificate)} ${words}`, sha256: certificate.sha256 });

/** The common name, or the whole subject, as people know it. Written by strangers. */
export const labelOf = ({ subjectDer, sha256 }: PathCertificate): string =>
  labelOfName(subjectDer) ?? `the certificate ${sha256.slice(0, 16)}`;

/** The same for a name in DER; null if it is empty or cannot be read. */
export function labelOfName(der: Uint8Array): string | null {
  const bytes = viewOf(der);
  const element = readElement(bytes, 0, bytes.length);
  const name = element && readName(bytes, element, LABEL_CHARACTERS);
  return (name?.commonName || name?.text || "").slice(0, LABEL_CHARACTERS) || null;
}

/** A certificate as it was sent, and its hash, which is known even if nothing of it can be read. */
type Sent = { sha256: string; der: Uint8Array };

/** The role of each certificate in the chain that it was sent in, by names: the first one is the leaf. */
export function describeChain(sent: readonly Sent[]): ChainLink[] {
  const opened = sent.map(({ der }) => openCertificate(der));
  const above = findAbove(opened);
  const met = new Set<string>();
  return sent.map(({ sha256 }, at) => {
    const certificate = opened[at] ?? null;
    const isRepeated = met.has(sha256);
    met.add(sha256);
    const label = certificate ? labelOf(certificate) : `the certificate ${sha256.slice(0, 16)}`;
    return { sha256, label, role: at === 0 ? "leaf" : isRepeated ? "duplicate" : roleOf(certificate, above) };
  });
}

function roleOf(certificate: PathCertificate | null, above: ReadonlySet<PathCertificate>): ChainRole {
  if (!certificate || !above.has(certificate)) return "stray";
  return certificate.isSelfIssued ? "root" : "intermediate";
}

/** The certificates above the leaf, in any order. */
function findAbove(opened: readonly (PathCertificate | null)[]): Set<PathCertificate> {
  const [leaf] = opened;
  const above = new Set(leaf ? [leaf] : []);
  // Iterating over a set includes what is added on the way.
  for (const certificate of above)
    for (const other of opened) if (other && other.subject.key === certificate.issuer.key) above.add(other);
  return above;
}
