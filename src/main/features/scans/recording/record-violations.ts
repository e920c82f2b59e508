import { findViolation, markEvaluation } from "#domain/findings/find-violation.ts";
import {
  type CertificateIndex,
  indexCertificates,
  joinIndexes,
} from "#domain/x509/path/certificate-index.ts";
import { createClimber } from "#domain/x509/path/climb.ts";
import { isOfPublicAuthority } from "#domain/x509/path/find-issuer-class.ts";
import type { SharedWork } from "#domain/x509/path/search-limits.ts";
import type { RecordingStore } from "#store/recording-store.ts";
import type { EndpointVisit, HostVisit, SeenCertificate } from "#store/visit.ts";
import { MOST_STEPS_OF_VISIT } from "./note-public.ts";
import { publicRoots } from "./public-roots.ts";

type Store = {
  chains: Pick<RecordingStore["chains"], "named" | "isPublic">;
  violations: RecordingStore["violations"];
};
type Options = { work: SharedWork; readRoots?: () => CertificateIndex };

const MOST_KEPT = 20_000;

/** Of one visit so many certificates are evaluated; the others are so by the next one. */
const MOST_OF_VISIT = 500;

/**
 * Records which rules of their profile certificates break, within the transaction of the visit that shows them and after it has
 * noted whether they are of public authorities. A certificate is evaluated once, and again when there is more that may stand
 * above it, when it is used otherwise, and when the rules are others.
 */
export function createViolationRecorder(
  { chains, violations }: Store,
  { work, readRoots = publicRoots }: Options,
) {
  const climb = createClimber(chains.named);
  /** Authorities that were seen, what stands above those of a name, and what was evaluated by these. */
  const authorities = new Set<string>();
  const above = new Map<string, CertificateIndex>();
  const evaluated = new Set<string>();

  return function recordViolations(visit: EndpointVisit | HostVisit): void {
    const seen = "presented" in visit ? sentBy(visit) : inFilesOf(visit);
    if (authorities.size > MOST_KEPT) authorities.clear();
    if (seen.some(({ one }) => isNew(one))) forget();
    if (evaluated.size > MOST_KEPT || work.signatures.size > MOST_KEPT || above.size > MOST_KEPT) forget();
    const most = work.steps + MOST_STEPS_OF_VISIT;
    let left = MOST_OF_VISIT;
    for (const { one, sent, isServed } of seen) {
      const key = `${one.certificate.sha256} ${isServed}`;
      if (left === 0 || work.steps > most) return;
      if (evaluated.has(key)) continue;
      evaluated.add(key);
      if (evaluate(one, sent, visit.at)) left--;
    }
  };

  function isNew({ certificate: { isCa, sha256 } }: SeenCertificate): boolean {
    if (!isCa || authorities.has(sha256)) return false;
    authorities.add(sha256);
    return true;
  }

  function forget(): void {
    above.clear();
    evaluated.clear();
    if (work.signatures.size > MOST_KEPT) work.signatures.clear();
  }

  /** Whether it had to be. */
  function evaluate(
    { certificate, der }: SeenCertificate,
    sent: readonly SeenCertificate[],
    at: EndpointVisit["at"],
  ): boolean {
    const known = violations.find(certificate.sha256);
    if (!known) return false;
    const named = aboveOf(certificate.issuer, der);
    const beside = sent.filter(({ certificate: { sha256 } }) => !named.has(sha256));
    const role = violations.isServed(known.id) ? "server" : certificate.isCa ? "authority" : "leaf";
    const isNoted = chains.isPublic(certificate.sha256);
    const hashes = [
      ...named.all.map(({ sha256 }) => sha256),
      ...beside.map((each) => each.certificate.sha256),
    ];
    const hasIssued = certificate.isSelfIssued && violations.hasIssued(certificate.subject);
    const evaluatedBy = markEvaluation({ role, isPublic: isNoted, hasIssued, above: hashes });
    if (known.evaluatedBy === evaluatedBy) return false;
    const pool = joinIndexes(named, indexCertificates(beside.map((each) => each.der)));
    const roots = readRoots();
    const isPublic = isNoted ?? isOfPublicAuthority(der, pool, roots, work);
    const question = {
      der,
      role,
      pool,
      publicRoots: roots,
      ...{ isPublic, hasIssued },
      at: Date.parse(at),
      work,
    } as const;
    violations.note(known, findViolation(question), { evaluatedBy, at });
    return true;
  }

  function aboveOf(issuer: string, der: Uint8Array): CertificateIndex {
    const index = above.get(issuer) ?? indexCertificates(climb(der));
    above.set(issuer, index);
    return index;
  }
}

/** A certificate with what was sent beside it. */
type Seen = { one: SeenCertificate; sent: readonly SeenCertificate[]; isServed: boolean };

function sentBy({ presented }: EndpointVisit): Seen[] {
  const { chain = [], others = [], addresses } = presented ?? {};
  return [chain, ...others, ...(addresses ?? []).map((one) => one.chain)].flatMap((certificates) => {
    const sent = certificates.flatMap((each) => each ?? []);
    return sent.map((one) => ({ one, sent, isServed: one === certificates[0] }));
  });
}

const inFilesOf = ({ collected }: HostVisit): Seen[] =>
  (collected?.certificateFiles ?? []).flatMap(({ certificates }) =>
    certificates.map((one) => ({ one, sent: [], isServed: false })),
  );
