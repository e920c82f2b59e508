import { labelOf } from "#domain/x509/path/chain-reason.ts";
import type { CertificateIndex, PathCertificate } from "#domain/x509/path/path-certificate.ts";
import { readCertificate } from "#domain/x509/read-certificate.ts";
import { toInstant } from "#shared/model/instant.ts";
import { formatCount } from "#shared/text/count.ts";
import { evaluateIssuedChain, MOST_CAME, openCame, orderChain } from "./issued-chain.ts";
import {
  type Clock,
  checkDates,
  checkPurposes,
  checkSignatures,
  checkUsage,
  compareClocks,
  formatAnyPurpose,
  type IssuedFault,
  type IssuedFaultCode,
} from "./issued-checks.ts";
import { createNameSet, formatNames } from "./names.ts";
import { readRequest } from "./read-request.ts";

export type IssuedQuery = {
  /** DER, in the order in which the issuer sent them. */
  came: readonly Uint8Array[];
  /** DER of the request that they are the answer to. */
  csr: Uint8Array;
  /** DER of the certificate that is served now; null: none is. */
  before: Uint8Array | null;
  /** Roots that are known here: those of the system, and those that the user added. */
  roots: CertificateIndex;
  /** This computer's clock first, then that of the host that will serve it, if it was read. */
  clocks: readonly [Clock, ...Clock[]];
  /** Faults that somebody has accepted: they become notes. */
  accepted?: ReadonlySet<IssuedFaultCode>;
};

type IssuedAnswer =
  /**
   * `chain` is DER, the leaf first, without the root. `notes` are sentences: what was corrected, and what could not be
   * checked.
   */
  | { kind: "sound"; chain: Uint8Array[]; notes: string[] }
  | { kind: "faulty"; faults: IssuedFault[]; notes: string[] };

/** Whether what an issuer sent for a request may replace the certificate that is served now. Never throws. */
export function checkIssued(query: IssuedQuery): IssuedAnswer {
  const request = readRequest(query.csr);
  if (!request) return alone("no-request", "the request that was sent cannot be read any more");
  const { came, unreadable } = openCame(query.came);
  if (came.length === 0) return alone("no-certificate", "nothing that came is a certificate");
  const found = findLeaf(came, request.spki);
  if ("code" in found) return { kind: "faulty", faults: [found], notes: [] };
  const { notes, ...ordered } = orderChain(found, came);
  const evaluated = evaluateIssuedChain(ordered, query);
  const { faults, agreed } = sortOut(
    [...checkLeaf(found, query), ...checkSignatures(ordered.chain, query.roots), ...evaluated.faults],
    query.accepted ?? new Set(),
  );
  const all = [
    ...notes,
    ...formatUnreadable(unreadable, query.came.length),
    ...formatAdded(found, query),
    ...formatLess(found, query),
    ...evaluated.notes,
    ...compareClocks(query.clocks),
    ...agreed,
  ];
  return faults.length > 0
    ? { kind: "faulty", faults, notes: all }
    : { kind: "sound", chain: ordered.chain.map(({ der }) => der), notes: all };
}

const alone = (code: IssuedFaultCode, sentence: string): IssuedAnswer => ({
  kind: "faulty",
  faults: [{ code, sentence }],
  notes: [],
});

/** The certificate of our key, at whatever position it was sent. */
function findLeaf(came: readonly PathCertificate[], spki: Uint8Array): PathCertificate | IssuedFault {
  const ours = came.filter((each) => Buffer.compare(each.spki, spki) === 0);
  const [leaf, second] = ours;
  if (second)
    return {
      code: "several",
      sentence: `${ours.length} certificates that came have the key of the request, and which is meant is not known`,
    };
  if (leaf) return leaf;
  const label = came[0] ? labelOf(came[0]) : "what came";
  return {
    code: "other-key",
    sentence: `${label} has another key than the request: it answers a request that is not this one`,
  };
}

function checkLeaf(leaf: PathCertificate, { before, clocks, csr }: IssuedQuery): IssuedFault[] {
  const label = labelOf(leaf);
  const served = before && openCame([before]).came[0];
  const faults: IssuedFault[] = [];
  const add = (code: IssuedFaultCode, words: string) => faults.push({ code, sentence: `${label} ${words}` });
  if (served?.sha256 === leaf.sha256) add("same-as-before", "is the certificate that is served already");
  for (const words of leaf.extensions.malformed) add("malformed", words);
  if (leaf.extensions.basicConstraints?.isCa) add("is-authority", "may sign others, which no server needs");
  const missing = findMissing(leaf, csr, before);
  if (missing.requested.length > 0)
    add("names-missing", `is not for ${formatNames(missing.requested)}, which was asked for`);
  if (missing.served.length > 0)
    add("names-fewer", `is not for ${formatNames(missing.served)}, which the one that is served now is for`);
  faults.push(...checkUsage(leaf), ...checkPurposes(leaf, served ?? null), ...checkDates(leaf, clocks));
  return faults;
}

function findMissing(leaf: PathCertificate, csr: Uint8Array, before: Uint8Array | null) {
  const names = createNameSet(readCertificate(leaf.der)?.names ?? []);
  const lacks = (name: string) => !names.has(name);
  const requested = (readRequest(csr)?.extensions.names ?? []).filter(lacks);
  return {
    requested,
    served: namesBefore(before).filter((name) => lacks(name) && !requested.includes(name)),
  };
}

/** The common name counts if there is no other name: old clients used it. */
function namesBefore(der: Uint8Array | null): string[] {
  const certificate = der && readCertificate(der);
  if (!certificate) return [];
  const { names, commonName } = certificate;
  if (names.some((name) => /^(?:DNS|IP|email|URI):/.test(name))) return names;
  return commonName !== null && /^[\w*-]+(?:\.[\w-]+)+$/.test(commonName) ? [`DNS:${commonName}`] : [];
}

function formatAdded(leaf: PathCertificate, { csr, before }: IssuedQuery): string[] {
  const known = createNameSet([...(readRequest(csr)?.extensions.names ?? []), ...namesBefore(before)]);
  const added = (readCertificate(leaf.der)?.names ?? []).filter((name) => !known.has(name));
  return added.length > 0
    ? [`${labelOf(leaf)} is for ${formatNames(added)} as well, which nobody asked for`]
    : [];
}

/** Notes and no faults: an issuer may sign for a shorter time, or for fewer uses, than another one did. */
function formatLess(leaf: PathCertificate, { before }: IssuedQuery): string[] {
  const served = before && openCame([before]).came[0];
  if (!served) return [];
  const isSooner = leaf.notAfter !== null && served.notAfter !== null && leaf.notAfter < served.notAfter;
  const sooner = isSooner
    ? [
        `${labelOf(leaf)} ends on ${toInstant(new Date(leaf.notAfter ?? 0))}, before the one that is served now`,
      ]
    : [];
  return [...sooner, ...formatAnyPurpose(leaf, served)];
}

const formatUnreadable = (unreadable: number, all: number): string[] => [
  ...(unreadable > 0
    ? [`${formatCount(unreadable, "part")} of what came cannot be read as a certificate`]
    : []),
  ...(all > MOST_CAME ? [`${all} certificates came, of which the first ${MOST_CAME} were read`] : []),
];

function sortOut(found: readonly IssuedFault[], accepted: ReadonlySet<IssuedFaultCode>) {
  const isAgreed = ({ code }: IssuedFault) => accepted.has(code);
  return {
    faults: found.filter((fault) => !isAgreed(fault)),
    agreed: found.filter(isAgreed).map(({ sentence }) => `${sentence}; that was acknowledged`),
  };
}
