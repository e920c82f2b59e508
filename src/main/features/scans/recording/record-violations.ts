import { findViolation, markEvaluation } from "#domain/findings/find-violation.ts";
import type { SharedWork } from "#domain/x509/path/build-paths.ts";
import { createClimber, isOfPublicAuthority } from "#domain/x509/path/find-issuer.ts";
import {
  type CertificateIndex,
  indexCertificates,
  indexOpened,
  joinIndexes,
  markSet,
  openCertificate,
  type PathCertificate,
} from "#domain/x509/path/path-certificate.ts";
import type { EndpointProbe, HostProbe, SeenCertificate } from "#store/probe-record.ts";
import type { RecordingStore } from "#store/recording-store.ts";
import { MOST_STEPS_OF_PROBE, publicRoots } from "./note-certificates.ts";

type Store = {
  chains: Pick<RecordingStore["chains"], "named" | "isPublic">;
  trust: RecordingStore["trust"];
  violations: RecordingStore["violations"];
};
type Options = { work: SharedWork; readRoots?: () => CertificateIndex };

const MOST_KEPT = 20_000;

/** So many certificates of one probe are evaluated; the next probe evaluates the others. */
const MOST_OF_PROBE = 500;

/**
 * Records which rules of their profile certificates break, within the transaction of the probe that shows them, and
 * after it has recorded whether they are of public authorities. A certificate is evaluated with everything that is
 * known of it, whichever probe comes last. It is evaluated once, and again when other certificates are beside or above
 * it, when its role changes, or when the rules do.
 */
export function createViolationRecorder(
  { chains, trust, violations }: Store,
  { work, readRoots = publicRoots }: Options,
) {
  const climb = createClimber(chains.named);
  const readTrusted = createTrustReader(trust, readRoots);
  const isNew = createAuthorityMemory();
  /** The certificates above those of an issuer, what each target showed, and what was evaluated with these. */
  const above = new Map<string, CertificateIndex>();
  const shown = new Map<string, string>();
  const evaluated = new Set<string>();

  return function recordViolations(probe: EndpointProbe | HostProbe): void {
    const seen = "presented" in probe ? sentBy(probe) : inFilesOf(probe);
    const beside = markShown(seen);
    const isNewAuthority = seen.filter(({ one }) => isNew(one)).length > 0;
    if (isNewAuthority || isChanged(probe, beside)) forget();
    if (evaluated.size > MOST_KEPT || above.size > MOST_KEPT) forget();
    const most = work.steps + MOST_STEPS_OF_PROBE;
    const locations = createLocationReader(violations, seen);
    let left = MOST_OF_PROBE;
    for (const { one, isServed } of seen) {
      const key = `${one.certificate.sha256} ${isServed} ${beside}`;
      if (left === 0 || work.steps > most) return;
      if (evaluated.has(key)) continue;
      evaluated.add(key);
      if (evaluate(one, locations, probe.at)) left--;
    }
  };

  /** Whether this target has shown something else to this process before. */
  function isChanged({ target }: EndpointProbe | HostProbe, beside: string): boolean {
    const location = JSON.stringify(target);
    const before = shown.get(location);
    if (shown.size > MOST_KEPT) shown.clear();
    shown.set(location, beside);
    return before !== undefined && before !== beside;
  }

  function forget(): void {
    above.clear();
    evaluated.clear();
  }

  /** Returns whether an evaluation was necessary. */
  function evaluate(
    { certificate, der }: SeenCertificate,
    locations: LocationReader,
    at: EndpointProbe["at"],
  ): boolean {
    const known = violations.find(certificate.sha256);
    if (!known) return false;
    const pool = aboveOf(certificate.issuer, der);
    const besides = locations.of(known.id, pool);
    const role = violations.isServed(known.id) ? "server" : certificate.isCa ? "authority" : "leaf";
    const isNoted = chains.isPublic(certificate.sha256);
    const hasIssued = certificate.isSelfIssued && violations.hasIssued(certificate.subject);
    const trusted = readTrusted();
    const evaluatedBy = markEvaluation({
      role,
      isPublic: isNoted,
      hasIssued,
      roots: trusted.mark,
      above: pool.all.map(({ sha256 }) => sha256),
      locations: besides.map(({ hashes }) => hashes.filter((sha256) => sha256 !== certificate.sha256)),
    });
    if (known.evaluatedBy === evaluatedBy) return false;
    const indexes = besides.map(({ index }) => index);
    const roots = readRoots();
    const isPublic = isNoted ?? isOfPublicAuthority(der, indexes.reduce(joinIndexes, pool), roots, work);
    const found = findViolation({
      der,
      role,
      pool,
      isPublic,
      hasIssued,
      work,
      locations: indexes,
      publicRoots: roots,
      roots: trusted.roots,
      at: Date.parse(at),
    });
    violations.note(known, found, { evaluatedBy, at });
    return true;
  }

  function aboveOf(issuer: string, der: Uint8Array): CertificateIndex {
    const index = above.get(issuer) ?? indexCertificates(climb(der));
    above.set(issuer, index);
    return index;
  }
}

/** Tests whether a certificate is that of an authority which was not seen before. */
function createAuthorityMemory(): (seen: SeenCertificate) => boolean {
  const authorities = new Set<string>();
  return ({ certificate: { isCa, sha256 } }) => {
    if (!isCa || authorities.has(sha256)) return false;
    if (authorities.size > MOST_KEPT) authorities.clear();
    authorities.add(sha256);
    return true;
  };
}

/** The public roots and those that the user has added, with a mark that changes with the latter. */
function createTrustReader(trust: Store["trust"], readRoots: () => CertificateIndex) {
  let known: { mark: string; roots: CertificateIndex } | null = null;
  return () => {
    const mark = trust.mark("root");
    if (known?.mark !== mark)
      known = { mark, roots: joinIndexes(readRoots(), indexCertificates(trust.ders("root"))) };
    return known;
  };
}

/** The certificates that a location has beside a certificate, which is among them where it is sent. */
type SeenLocation = { hashes: readonly string[]; index: CertificateIndex };

/** Reads where certificates are seen now, for one probe: what one endpoint sends is read and opened once. */
function createLocationReader(violations: Store["violations"], seen: readonly Seen[]) {
  const ders = new Map(seen.map(({ one }) => [one.certificate.sha256 as string, one.der]));
  const opened = new Map<string, PathCertificate | null>();
  const sent = new Map<number, readonly string[]>();
  const known = new Map<string, SeenLocation>();

  return {
    /**
     * Returns each set once. An endpoint has what it sends and the roots of its host; a file has the authorities of its
     * host.
     */
    of(id: number, pool: CertificateIndex): SeenLocation[] {
      const hashes = pool.all.map(({ sha256 }) => sha256);
      for (const each of pool.all) opened.set(each.sha256, each);
      const heldBy = new Map<number, readonly string[]>();
      const found = violations.seenAt(id).map(({ name, endpoint }) => {
        const held = heldBy.get(name) ?? violations.heldBy(name, hashes);
        heldBy.set(name, held);
        if (endpoint === null) return toLocation(held);
        return toLocation([
          ...new Set([...sentFrom(endpoint), ...held.filter((each) => open(each)?.isSelfIssued)]),
        ]);
      });
      return found.length > 0 ? [...new Set(found)] : [toLocation([])];
    },
  };

  function sentFrom(endpoint: number): readonly string[] {
    const hashes = sent.get(endpoint) ?? violations.sentBy(endpoint);
    sent.set(endpoint, hashes);
    return hashes;
  }

  function toLocation(hashes: readonly string[]): SeenLocation {
    const key = markSet(hashes);
    const location = known.get(key) ?? {
      hashes,
      index: indexOpened(hashes.flatMap((each) => open(each) ?? [])),
    };
    known.set(key, location);
    return location;
  }

  function open(sha256: string): PathCertificate | null {
    const before = opened.get(sha256);
    if (before !== undefined) return before;
    const der = ders.get(sha256) ?? violations.der(sha256);
    const certificate = der ? openCertificate(der) : null;
    opened.set(sha256, certificate);
    return certificate;
  }
}
type LocationReader = ReturnType<typeof createLocationReader>;

/** Distinguishes what a probe shows together from what other probes show. */
const markShown = (seen: readonly Seen[]): string =>
  markSet(seen.map(({ one, isServed }) => `${one.certificate.sha256} ${isServed}`));

/** A certificate of a probe, and whether it is presented as an endpoint's own. */
type Seen = { one: SeenCertificate; isServed: boolean };

function sentBy({ presented }: EndpointProbe): Seen[] {
  const { chain = [], others = [], addresses } = presented ?? {};
  return [chain, ...others, ...(addresses ?? []).map((one) => one.chain)].flatMap((certificates) => {
    const sent = certificates.flatMap((each) => each ?? []);
    return sent.map((one) => ({ one, isServed: one === certificates[0] }));
  });
}

const inFilesOf = ({ collected }: HostProbe): Seen[] =>
  (collected?.certificateFiles ?? []).flatMap(({ certificates }) =>
    certificates.map((one) => ({ one, isServed: false })),
  );
