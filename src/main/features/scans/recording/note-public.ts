import { readPem } from "#codec/pem.ts";
import type { SharedWork } from "#domain/x509/path/build-paths.ts";
import { createClimber, isOfPublicAuthority } from "#domain/x509/path/find-issuer.ts";
import { type CertificateIndex, indexCertificates, markSet } from "#domain/x509/path/path-certificate.ts";
import { readMozillaRoots } from "#net/trust/read-roots.ts";
import type { RecordingStore } from "#store/recording-store.ts";
import type { CollectedHost, EndpointProbe, HostProbe, SeenCertificate } from "#store/visit.ts";

type Chains = Pick<RecordingStore["chains"], "named" | "isPublic" | "markPublic">;
type Chain = readonly (SeenCertificate | null)[];

/** What may stand above a certificate; `key` tells it from other such sets. */
type Above = { key: string; open: () => CertificateIndex };

const MOST_KEPT = 10_000;

/** A second, as `SharedWork` counts. An honest host's certificates have a few authorities each: what is beyond is made to keep this thread busy. */
export const MOST_STEPS_OF_PROBE = 20_000;

/** Of one host so many certificates are looked at of which nothing is known; the others stay unknown. */
const MOST_OF_HOST = 1_000;

/** Notes of leaves whether a public authority stands above them, within the transaction of the visit. `work`: as `evaluateChain` has it. */
export function createPublicNoter(
  chains: Chains,
  { readRoots = publicRoots, work }: { readRoots?: () => CertificateIndex; work: SharedWork },
) {
  /** Which were looked at, by their hash and what may stand above: a fleet serves few from many places. */
  const looked = new Map<string, boolean | null>();

  return function notePublic(visit: EndpointProbe | HostProbe): void {
    if ("presented" in visit) {
      const { chain = [], others = [], addresses } = visit.presented ?? {};
      for (const sent of [chain, ...others, ...(addresses ?? []).map((one) => one.chain)]) noteSent(sent);
    } else noteFiles(visit.collected?.certificateFiles ?? []);
  };

  function noteSent([leaf, ...others]: Chain): void {
    const sent = others.flatMap((each) => each ?? []);
    const key = markSet(sent.map(({ certificate }) => certificate.sha256));
    if (leaf) note(leaf, { key, open: () => indexCertificates(sent.map(({ der }) => der)) });
  }

  /**
   * What lies in files is judged by all authorities that are seen anywhere, those of this visit among them: an intermediate
   * is often in a file of its own. What is proved already is not asked again.
   */
  function noteFiles(files: CollectedHost["certificateFiles"]): void {
    const leaves = files
      .flatMap(({ certificates }) => certificates)
      .filter(({ certificate: { isCa } }) => !isCa)
      .map((leaf) => ({ leaf, known: chains.isPublic(leaf.certificate.sha256) }));
    const unknown = leaves.filter(({ known }) => known === null);
    const inOrder = [...unknown, ...leaves.filter(({ known }) => known === false)];
    const byHash = new Map(inOrder.map(({ leaf }) => [leaf.certificate.sha256, leaf]));
    const climb = createClimber(chains.named);
    const aboveOf = new Map<string, Above>();
    const most = work.steps + MOST_STEPS_OF_PROBE;
    for (const leaf of [...byHash.values()].slice(0, MOST_OF_HOST)) {
      if (work.steps > most) return;
      const { issuer } = leaf.certificate;
      const above = aboveOf.get(issuer) ?? toAbove(climb(leaf.der));
      aboveOf.set(issuer, above);
      note(leaf, above);
    }
  }

  function note({ certificate: { sha256 }, der }: SeenCertificate, above: Above): void {
    const key = `${sha256} ${above.key}`;
    let isPublic = looked.get(key);
    if (isPublic === undefined) {
      isPublic = isOfPublicAuthority(der, above.open(), readRoots(), work);
      if (looked.size >= MOST_KEPT) looked.delete(looked.keys().next().value ?? "");
      looked.set(key, isPublic);
    }
    // A path to a public root is proved; that there is none, is not known of what others show.
    if (isPublic || (isPublic === false && chains.isPublic(sha256) === null))
      chains.markPublic(sha256, isPublic);
  }
}

function toAbove(ders: readonly Uint8Array[]): Above {
  const index = indexCertificates(ders);
  return { key: markSet(index.all.map(({ sha256 }) => sha256)), open: () => index };
}

/** Opened at the first chain and kept: they change with the runtime alone. */
let opened: CertificateIndex | null = null;

/** The roots by which an authority counts as public. */
export function publicRoots(): CertificateIndex {
  opened ??= indexCertificates(readPem(readMozillaRoots().pem).ders);
  return opened;
}
