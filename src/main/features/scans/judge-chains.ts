import { findChainProblems, findMissingIssuer } from "#domain/findings/chain-findings.ts";
import { findSigner } from "#domain/x509/path/find-issuer.ts";
import { readCertificate } from "#domain/x509/read-certificate.ts";
import type { Certificate } from "#shared/model/certificate.ts";
import type { FindingDraft } from "#shared/model/finding.ts";
import type { TlsTarget } from "#shared/model/target.ts";
import type { RecordingStore } from "#store/recording-store.ts";
import type { SeenCertificate } from "#store/visit.ts";
import { publicRoots } from "./recording/public-roots.ts";

type Chains = RecordingStore["chains"];
type Chain = readonly (SeenCertificate | null)[];

/** What is wrong with a chain as it was sent, an intermediate that is missing among it. */
export function evaluateSentChain(
  target: TlsTarget,
  chain: Chain,
  chains: Pick<Chains, "named">,
): FindingDraft[] {
  const missing = findMissing(target, chain, chains);
  return missing ? [...findChainProblems(target, chain), missing] : findChainProblems(target, chain);
}

/**
 * Only what is known for certain: an authority that was seen elsewhere has signed the last certificate of the chain, and neither
 * it nor anybody of its name is a root, which clients would have. A chain below a private root that was never seen is left alone.
 */
function findMissing(target: TlsTarget, chain: Chain, { named }: Pick<Chains, "named">): FindingDraft | null {
  const sent = chain.flatMap((each) => each ?? []);
  const top = sent.length === chain.length ? topOf(sent) : null;
  if (!top || top.certificate.isSelfIssued || top.certificate.issuer === "") return null;
  const known = named(top.certificate.issuer);
  if (known.length === 0) return null;
  const issuer = findIssuer(top, known);
  return issuer
    ? findMissingIssuer(
        target,
        sent.map(({ certificate }) => certificate),
        issuer,
      )
    : null;
}

type Looked = { known: readonly Uint8Array[]; issuer: Certificate | null };

/** A fleet sends few intermediates from many places, and a cache hands out each as one object: verified once for those known. */
const looked = new WeakMap<Certificate, Looked>();

function findIssuer({ certificate, der }: SeenCertificate, known: readonly Uint8Array[]): Certificate | null {
  const before = looked.get(certificate);
  if (before && isSame(before.known, known)) return before.issuer;
  const signer = findSigner(der, known, publicRoots());
  const issuer = signer && readCertificate(signer);
  looked.set(certificate, { known, issuer });
  return issuer;
}

const isSame = (some: readonly Uint8Array[], others: readonly Uint8Array[]): boolean =>
  some.length === others.length &&
  some.every((one, at) => Buffer.compare(one, others[at] ?? new Uint8Array()) === 0);

/** The last one that stands above the leaf, by names. */
function topOf(sent: readonly SeenCertificate[]): SeenCertificate | null {
  let top = sent[0] ?? null;
  for (let height = 0; top && height < sent.length; height++) {
    const { certificate } = top;
    const above: SeenCertificate | undefined = sent.find(
      ({ certificate: { subject, sha256 } }) =>
        subject === certificate.issuer && sha256 !== certificate.sha256,
    );
    if (!above) return top;
    top = above;
  }
  return top;
}
