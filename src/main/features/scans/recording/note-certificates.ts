import { readPem } from "#codec/pem.ts";
import type { SharedWork } from "#domain/x509/path/build-paths.ts";
import { createClimber, isOfPublicAuthority } from "#domain/x509/path/find-issuer.ts";
import {
  type CertificateIndex,
  indexCertificates,
  markSet,
  openCertificate,
} from "#domain/x509/path/path-certificate.ts";
import {
  evaluateRevocation,
  isNamedByAny,
  markOf,
  settleRevoked,
} from "#domain/x509/revocation/evaluate-revocation.ts";
import { type RevocationList, readCrl } from "#domain/x509/revocation/read-crl.ts";
import { readMozillaRoots } from "#net/trust/read-roots.ts";
import { toInstant } from "#shared/model/instant.ts";
import { formatEndpoint } from "#shared/text/hosts/target.ts";
import type { CollectedHost, EndpointProbe, HostProbe, SeenCertificate } from "#store/probe-record.ts";
import type { RecordingStore } from "#store/recording-store.ts";

type Chains = Pick<RecordingStore["chains"], "named" | "isPublic" | "markPublic">;
type Chain = readonly (SeenCertificate | null)[];

/** The certificates that may be above another one; `key` distinguishes such sets. */
type Above = { key: string; open: () => CertificateIndex };

const MOST_KEPT = 10_000;

/**
 * A second, in the units of `SharedWork`. The certificates of an honest host have a few authorities each; more than
 * this is made to keep the thread busy.
 */
export const MOST_STEPS_OF_PROBE = 20_000;

/** So many certificates of one host are evaluated of which nothing is known; the others stay unknown. */
const MOST_OF_HOST = 1_000;

/**
 * Records whether leaves are below a public authority, within the transaction of the probe. `work`: as `evaluateChain`
 * has it.
 */
export function createPublicNoter(
  chains: Chains,
  { readRoots = publicRoots, work }: { readRoots?: () => CertificateIndex; work: SharedWork },
) {
  /**
   * Earlier results, by the hash of the leaf and what may be above it: a fleet serves few certificates at many
   * endpoints.
   */
  const known = new Map<string, boolean | null>();

  return function notePublic(probe: EndpointProbe | HostProbe): void {
    if ("presented" in probe) {
      const { chain = [], others = [], addresses } = probe.presented ?? {};
      for (const sent of [chain, ...others, ...(addresses ?? []).map((one) => one.chain)]) noteSent(sent);
    } else noteFiles(probe.collected?.certificateFiles ?? []);
  };

  function noteSent([leaf, ...others]: Chain): void {
    const sent = others.flatMap((each) => each ?? []);
    const key = markSet(sent.map(({ certificate }) => certificate.sha256));
    if (leaf) note(leaf, { key, open: () => indexCertificates(sent.map(({ der }) => der)) });
  }

  /**
   * Evaluates certificates in files against all authorities that are seen anywhere, those of this probe among them: an
   * intermediate is often in a file of its own. A verified result is not evaluated again.
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
    let isPublic = known.get(key);
    if (isPublic === undefined) {
      isPublic = isOfPublicAuthority(der, above.open(), readRoots(), work);
      if (known.size >= MOST_KEPT) known.delete(known.keys().next().value ?? "");
      known.set(key, isPublic);
    }
    // A path to a public root is verified. That there is none is not, for other endpoints may show one.
    if (isPublic || (isPublic === false && chains.isPublic(sha256) === null))
      chains.markPublic(sha256, isPublic);
  }
}

function toAbove(ders: readonly Uint8Array[]): Above {
  const index = indexCertificates(ders);
  return { key: markSet(index.all.map(({ sha256 }) => sha256)), open: () => index };
}

/** Opened at the first chain and kept: they change only with the runtime. */
let opened: CertificateIndex | null = null;

/** The roots by which an authority counts as public. */
export function publicRoots(): CertificateIndex {
  opened ??= indexCertificates(readPem(readMozillaRoots().pem).ders);
  return opened;
}

type Store = Pick<RecordingStore, "chains" | "revoked" | "trust">;
type Staple = { where: string; staple: Uint8Array };

const MOST_STAPLES_KEPT = 10_000;

/**
 * Records which of the certificates that a probe saw are revoked, by an OCSP staple or a list that was provided; within
 * the transaction of the probe. Nothing is fetched.
 */
export function createRevokedNoter({ chains, revoked, trust }: Store) {
  const readLists = listReader(trust);
  /** Staples that were evaluated: a fleet staples the same one at many endpoints. */
  const evaluated = new Set<string>();

  return function noteRevoked(probe: EndpointProbe | HostProbe): void {
    const at = Date.parse(probe.at);
    const lists = readLists();
    if ("presented" in probe) noteSent(probe, lists, at);
    else if (lists.length > 0) {
      const seen = (probe.collected?.certificateFiles ?? []).flatMap(({ certificates }) => certificates);
      noteListed(seen, lists, at);
    }
  };

  function noteSent(
    { presented, target }: EndpointProbe,
    lists: readonly RevocationList[],
    at: number,
  ): void {
    if (!presented) return;
    const chains = [
      presented.chain,
      ...presented.others,
      ...(presented.addresses ?? []).map(({ chain }) => chain),
    ];
    const sent = chains.flat().filter((each) => each !== null);
    const [leaf] = presented.chain;
    const { staple } = presented.beside;
    if (leaf && staple) noteStaple({ leaf, sent }, { where: formatEndpoint(target), staple }, at);
    if (lists.length > 0) noteListed(sent, lists, at);
  }

  function noteStaple(
    { leaf, sent }: { leaf: SeenCertificate; sent: readonly SeenCertificate[] },
    stapled: Staple,
    at: number,
  ): void {
    const key = `${leaf.certificate.sha256} ${stapled.where} ${markOf(stapled.staple)}`;
    if (evaluated.has(key)) return;
    if (evaluated.size >= MOST_STAPLES_KEPT) evaluated.clear();
    evaluated.add(key);
    settle(leaf, { sent, staples: [stapled], lists: [], at });
  }

  function noteListed(seen: readonly SeenCertificate[], lists: readonly RevocationList[], at: number): void {
    for (const each of new Map(seen.map((one) => [one.certificate.sha256, one])).values()) {
      const opened = openCertificate(each.der);
      if (opened && isNamedByAny(lists, opened)) settle(each, { sent: seen, staples: [], lists, at });
    }
  }

  function settle(
    { certificate: { sha256 }, der }: SeenCertificate,
    {
      sent,
      ...known
    }: { sent: readonly SeenCertificate[]; staples: Staple[]; lists: readonly RevocationList[]; at: number },
  ): void {
    const climb = createClimber(chains.named);
    const pool = indexCertificates([...sent.map((one) => one.der), ...climb(der), ...trust.ders("root")]);
    const before = revoked.of(sha256);
    const after = settleRevoked(before, evaluateRevocation(der, { pool, ...known }));
    if (after !== before) revoked.note(sha256, after, toInstant(new Date(known.at)));
  }
}

/** The lists that were provided, opened again only when they change. */
function listReader(trust: Store["trust"]): () => readonly RevocationList[] {
  let known: { mark: string; lists: readonly RevocationList[] } | null = null;
  return () => {
    const mark = trust.mark("crl");
    if (known?.mark !== mark) known = { mark, lists: trust.ders("crl").flatMap((der) => readCrl(der) ?? []) };
    return known.lists;
  };
}
