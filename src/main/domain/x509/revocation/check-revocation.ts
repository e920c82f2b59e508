import { reasonAbout } from "#domain/x509/path/chain-reason.ts";
import { type ComparableName, keyOfName } from "#domain/x509/path/comparable-name.ts";
import type { DistributionPoint, DistributionPointName } from "#domain/x509/path/extension-values.ts";
import type { PathCertificate } from "#domain/x509/path/path-certificate.ts";
import { USAGE } from "#domain/x509/path/path-extensions.ts";
import { linksFromTop } from "#domain/x509/path/validate-path.ts";
import { completeKey, type Signed, type Verification } from "#domain/x509/path/verify-signature.ts";
import type { ChainReason } from "#shared/model/certificates/chain.ts";
import { toInstant } from "#shared/model/instant.ts";
import { type CrlCoverage, NOT_ANY_MORE, REASONS, type Revocation, type RevocationList } from "./read-crl.ts";

export type RevocationWorld = {
  lists: readonly RevocationList[];
  /** Candidates for the signer of a list, besides the certificates of the path. */
  signers: readonly PathCertificate[];
  /** Milliseconds since 1970. */
  at: number;
  /** `id` identifies what is signed. */
  verify(id: string, signed: Signed, spki: Uint8Array): Verification;
  isTrusted(signer: PathCertificate): boolean;
  /** Called for every list by which a certificate is known as not revoked. */
  onRelied?(certificate: PathCertificate, list: RevocationList): void;
};

/** What lists say about one certificate. */
export type RevocationStatus =
  | { state: "good" }
  | { state: "revoked"; revocation: Revocation }
  /** Why none of the lists decides. */
  | { state: "unknown"; why: string };

/** All reasons there are but "unused": bits 1 to 8 of ReasonFlags. */
const ALL_REASONS = 0x7f80;

/** Every certificate below the root has to be known as not revoked (RFC 5280, section 6.3). */
export function checkRevocation(path: readonly PathCertificate[], world: RevocationWorld): ChainReason[] {
  const reasons: ChainReason[] = [];
  for (const [issuer, certificate] of linksFromTop(path)) {
    const status = statusOf(certificate, issuer, path, world);
    if (status.state === "revoked")
      reasons.push(reasonAbout(certificate, "revoked", formatRevocation(status.revocation)));
    if (status.state === "unknown") reasons.push(reasonAbout(certificate, "revocation-unknown", status.why));
  }
  return reasons;
}

export function formatRevocation({ at, reason }: Revocation): string {
  const when = at === null ? "at a time that cannot be read" : `on ${toInstant(new Date(at))}`;
  return `was revoked ${when} ${REASONS.get(reason) ?? `for reason ${reason}`}`;
}

/**
 * What the lists say about one certificate of a path: by all distribution points that it names, and by its issuer's own
 * lists.
 */
export function statusOf(
  certificate: PathCertificate,
  issuer: PathCertificate,
  path: readonly PathCertificate[],
  world: RevocationWorld,
): RevocationStatus {
  const own: DistributionPoint = { name: null, reasons: null, issuers: null };
  const distributionPoints = [...(certificate.extensions.distributionPoints ?? []), own];
  let covered = 0;
  let why = "is covered by no revocation list that was given";
  // It may have been revoked, or released, since an older list that is still in date: the newest list decides.
  const lists = world.lists.toSorted((one, other) => other.thisUpdate - one.thisUpdate);
  for (const distributionPoint of distributionPoints)
    for (const list of lists) {
      if (list.deltaOf !== null || !isFor(list, certificate, distributionPoint)) continue;
      const reasons = reasonsOf(list, distributionPoint);
      if ((reasons & ~covered) === 0) continue;
      const problem = refuse(list, issuer, path, world);
      if (problem !== null) {
        why = problem;
        continue;
      }
      const revocation = findEntry(list, certificate, { issuer, path, world });
      if (revocation) return { state: "revoked", revocation };
      covered |= reasons;
      world.onRelied?.(certificate, list);
      if (covered === ALL_REASONS) return { state: "good" };
    }
  return {
    state: "unknown",
    why: covered === 0 ? why : "is covered for some reasons only by the revocation lists that were given",
  };
}

const reasonsOf = ({ coverage }: RevocationList, { reasons }: DistributionPoint): number =>
  ALL_REASONS & (coverage?.reasons ?? ALL_REASONS) & (reasons ?? ALL_REASONS);

/** Whether a list covers a certificate by this distribution point (RFC 5280, section 6.3.3 (b)). */
function isFor(
  list: RevocationList,
  certificate: PathCertificate,
  distributionPoint: DistributionPoint,
): boolean {
  const { coverage } = list;
  if (distributionPoint.issuers) {
    const isNamed = distributionPoint.issuers.some(
      (name) => name.form === "directory" && name.value.key === list.issuer.key,
    );
    if (!isNamed || !coverage?.isIndirect) return false;
  } else if (list.issuer.key !== certificate.issuer.key) return false;
  if (!coverage) return true;
  const isAuthority = certificate.extensions.basicConstraints?.isCa ?? false;
  if (
    coverage.onlyAttributes ||
    (coverage.onlyUsers && isAuthority) ||
    (coverage.onlyAuthorities && !isAuthority)
  )
    return false;
  return !coverage.name || isNamedBy(coverage.name, list, certificate, distributionPoint);
}

/** One of the list's names has to be one of the point's; for a point without names, those of its issuer count. */
function isNamedBy(
  name: DistributionPointName,
  list: RevocationList,
  certificate: PathCertificate,
  distributionPoint: DistributionPoint,
): boolean {
  const names = new Set(namesOf(name, list.issuer.key));
  const issuers = distributionPoint.issuers?.map(keyOfName) ?? [`directory:${certificate.issuer.key}`];
  const [base = ""] = issuers.map((each) => each?.replace("directory:", "") ?? "");
  const named = distributionPoint.name ? namesOf(distributionPoint.name, base) : issuers;
  return named.some((each) => each !== null && names.has(each));
}

/** A relative name is below the name of the list's issuer. */
function namesOf(name: DistributionPointName, issuer: string): (string | null)[] {
  if (name.kind === "full") return name.names.map((each: ComparableName) => keyOfName(each));
  return [`directory:${issuer === "" ? "" : `${issuer}\n`}${name.rdn}`];
}

/** Why a list cannot be used now; null if it can. */
function refuse(
  list: RevocationList,
  issuer: PathCertificate,
  path: readonly PathCertificate[],
  world: RevocationWorld,
): string | null {
  if (list.malformed !== null) return `is covered by a revocation list that ${list.malformed}`;
  if (list.criticalUnknown.length > 0)
    return `is covered by a revocation list with the critical extension ${list.criticalUnknown[0]}, which this program does not know`;
  if (world.at < list.thisUpdate)
    return `is covered by a revocation list of a later day, ${formatTime(list.thisUpdate)}`;
  if (list.nextUpdate !== null && world.at > list.nextUpdate)
    return `is covered by a revocation list that was to be renewed by ${formatTime(list.nextUpdate)}`;
  // This comes before its entries, of which a stranger may have written millions.
  if (!findSigner(list, issuer, path, world))
    return "is covered by a revocation list whose signature nobody trusted has made";
  const { hasUnknown, isMalformed } = list.revoked();
  if (isMalformed) return "is covered by a revocation list that cannot be read to its end";
  if (hasUnknown)
    return "is covered by a revocation list with critical entries that this program does not know";
  return null;
}

const formatTime = (at: number): string => toInstant(new Date(at));

/** A certificate that has the name of the list's issuer, may sign lists, did sign this one, and is trusted. */
function findSigner(
  list: RevocationList,
  issuer: PathCertificate,
  path: readonly PathCertificate[],
  { signers, verify, isTrusted }: RevocationWorld,
): boolean {
  return [issuer, ...path, ...signers].some((signer) => {
    const { keyUsage } = signer.extensions;
    if (signer.subject.key !== list.issuer.key) return false;
    if (keyUsage !== null && (keyUsage & USAGE.crlSign) === 0) return false;
    return verify(list.id, list.signed, keyOf(signer, path)) === "valid" && isTrusted(signer);
  });
}

/** The key of a signer, with parameters that it inherits from above it in the path. */
function keyOf(signer: PathCertificate, path: readonly PathCertificate[]): Uint8Array {
  const at = path.indexOf(signer);
  if (at === -1) return signer.spki;
  return path
    .slice(at, -1)
    .reduceRight((key, { spki }) => completeKey(spki, key), path.at(-1)?.spki ?? signer.spki);
}

type RevocationContext = {
  issuer: PathCertificate;
  path: readonly PathCertificate[];
  world: RevocationWorld;
};

/** The entry of a certificate: in the newest delta of the list, else in the list. */
function findEntry(
  list: RevocationList,
  certificate: PathCertificate,
  { issuer, path, world }: RevocationContext,
): Revocation | null {
  const owner = certificate.issuer.key === list.issuer.key ? null : certificate.issuer.key;
  const find = (each: RevocationList) =>
    each.revoked().find(certificate.serial, owner) ??
    (owner === null ? each.revoked().find(certificate.serial, list.issuer.key) : null);
  const deltas = world.lists
    .filter((each) => completes(each, list) && refuse(each, issuer, path, world) === null)
    .sort((one, other) => Number((other.number ?? 0n) - (one.number ?? 0n)));
  for (const delta of deltas) {
    const revocation = find(delta);
    if (revocation) return revocation.reason === NOT_ANY_MORE ? null : revocation;
  }
  return find(list);
}

/** RFC 5280, section 5.2.4: the same issuer, key and scope, and no change between the two that neither contains. */
function completes(delta: RevocationList, list: RevocationList): boolean {
  if (delta.deltaOf === null || delta.number === null || list.number === null) return false;
  const coverageOf = (coverage: CrlCoverage | null) => coverage?.text ?? "";
  return (
    delta.issuer.key === list.issuer.key &&
    delta.authorityKey === list.authorityKey &&
    coverageOf(delta.coverage) === coverageOf(list.coverage) &&
    delta.deltaOf <= list.number &&
    delta.number >= list.number
  );
}
