import type { ChainLink, ChainRole } from "#shared/model/trust.ts";
import { labelOf } from "./chain-reason.ts";
import { openCertificate, type PathCertificate } from "./path-certificate.ts";

/** A certificate as it was sent, and its hash, which is there whatever can be read of it. */
type Sent = { sha256: string; der: Uint8Array };

/** What each certificate is in the chain that it was sent in, by names: the first one is the leaf. */
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

/** What stands above the leaf, whatever the order. */
function findAbove(opened: readonly (PathCertificate | null)[]): Set<PathCertificate> {
  const [leaf] = opened;
  const above = new Set(leaf ? [leaf] : []);
  // A set is walked over what is added on the way, too.
  for (const certificate of above)
    for (const other of opened) if (other && other.subject.key === certificate.issuer.key) above.add(other);
  return above;
}
