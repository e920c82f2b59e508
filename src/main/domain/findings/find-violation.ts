import { hash } from "node:crypto";
import type { SharedWork } from "#domain/x509/path/build-paths.ts";
import { clientsOf } from "#domain/x509/path/chain-reason.ts";
import { ANY_POLICY_WILL_DO, evaluateChain } from "#domain/x509/path/evaluate-chain.ts";
import {
  type CertificateIndex,
  indexOpened,
  joinIndexes,
  markSet,
  openCertificate,
  type PathCertificate,
} from "#domain/x509/path/path-certificate.ts";
import { isReadByPaths } from "#domain/x509/path/path-extensions.ts";
import { type Role, RULES_MARK } from "#domain/x509/path/profile/check-profile.ts";
import { clientsThatPermitNames } from "#domain/x509/path/validate-path.ts";
import {
  type ChainReason,
  type ChainReasonCode,
  Client,
  type Evaluation,
  type Profile,
} from "#shared/model/certificates/chain.ts";
import type { BrokenRule, Violation, ViolationSeverity } from "#shared/model/finding.ts";

export type ViolationInput = {
  der: Uint8Array;
  /** `server`: an endpoint presents it as its own. */
  role: "server" | Role;
  /**
   * For each location where it is seen: the certificates that are sent or stored with it. A root among these counts for
   * this location alone: anybody can send the name and key of somebody else's authority below a root of their own.
   */
  locations: readonly CertificateIndex[];
  /** Certificates from any location that may stand above it: they count below a trusted root. */
  pool: CertificateIndex;
  publicRoots: CertificateIndex;
  /** All trusted roots, including the public ones. */
  roots: CertificateIndex;
  /** Whether a public authority stands above it; null where nobody knows. */
  isPublic: boolean | null;
  /** Whether we know a certificate, other than self-issued ones, that has its subject as issuer. */
  hasIssued: boolean;
  /** Milliseconds since 1970. */
  at: number;
  work: SharedWork;
};

/** Part of every mark: increase it when the same rules find something else. */
const EVALUATION = 3;

type Evaluated = Pick<ViolationInput, "role" | "isPublic" | "hasIssued"> & {
  /** The hashes of certificates that may stand above it, and of those at each location, in any order. */
  above: readonly string[];
  locations: readonly (readonly string[])[];
  /** Identifies the set of trusted roots. */
  roots: string;
};

/** A hash of everything besides the certificate itself that decides the result: the same hash, the same result. */
export function markEvaluation({ above, locations, ...rest }: Evaluated): string {
  const { role, isPublic, hasIssued, roots } = rest;
  const sets = [markSet(above), markSet(locations.map(markSet))];
  return hash(
    "sha256",
    JSON.stringify([EVALUATION, RULES_MARK, role, isPublic, hasIssued, roots, ...sets]),
    "hex",
  ).slice(0, 16);
}

/**
 * The rules of its profile that a certificate breaks: the profile is the Baseline Requirements where it is for servers
 * and of a public authority, else RFC 5280 and what one of the clients enforces beyond it. Trust in the root, dates and
 * names are evaluated elsewhere, since they change or have findings of their own. A certificate gets only the rules
 * that it breaks itself, at any location: the result at one location removes nothing from that at another. Null where
 * it breaks nothing, for public roots, and for a self-issued certificate of a server, or one that has issued nothing,
 * as long as clients accept it.
 */
export function findViolation({ der, publicRoots, ...input }: ViolationInput): Violation | null {
  const certificate = openCertificate(der);
  if (!certificate || publicRoots.has(certificate.sha256)) return null;
  const { role, locations, pool, roots, isPublic } = input;
  const isOwn = certificate.isSelfIssued && (role !== "authority" || !input.hasIssued);
  const profile = isPublic && isForServers(certificate, role) ? "webpki" : "clients";
  const known = [certificate, ...locations.flatMap(({ all }) => all), ...pool.all, ...roots.all];
  const rules = toRules(
    locations
      .flatMap((location) => evaluateUpwards(certificate, location, { ...input, profile }))
      .flatMap(({ reasons, notes, path }) =>
        [...reasons, ...notes]
          .filter((reason) => isOf(certificate, reason))
          .map((reason) =>
            reason.rule ? reason : { ...reason, acceptedBy: acceptsFailure(reason, known, path) },
          ),
      ),
  );
  const severity = weigh(rules);
  if (rules.length === 0 || (isOwn && severity === "low")) return null;
  const isOfRfc = rules.every(({ rule }) => (rule?.profile ?? "rfc5280") === "rfc5280");
  const text = profile === "clients" && isOfRfc ? "rfc5280" : profile;
  return { profile: severity === "high" ? "clients" : text, severity, rules };
}

type Upwards = Pick<ViolationInput, "role" | "pool" | "roots" | "at" | "work"> & { profile: Profile };

/**
 * Evaluates the path from the certificates of one location, below trusted roots and the location's own. Where that path
 * reaches no root, evaluates it as far as it goes, and also a path to a trusted root by certificates from elsewhere.
 */
function evaluateUpwards(
  certificate: PathCertificate,
  location: CertificateIndex,
  { role, pool, roots, profile, at, work }: Upwards,
): Evaluation[] {
  const evaluateBelow = (above: CertificateIndex, tops: CertificateIndex) =>
    evaluateChain({
      leaf: certificate.der,
      pool: above,
      roots: tops,
      profile,
      role: role === "authority" ? role : "leaf",
      work,
      options: {
        at,
        purpose: role === "server" ? role : null,
        name: null,
        policy: ANY_POLICY_WILL_DO,
        mostIntermediates: null,
      },
      revocationLists: null,
    });
  const own = [certificate, ...location.all];
  const ownRoots = indexOpened(own.filter(({ isSelfIssued }) => isSelfIssued));
  const verdict = evaluateBelow(location, joinIndexes(roots, ownRoots));
  if (!isDeadEnd(verdict)) return [verdict];
  const below = evaluateBelow(joinIndexes(location, pool), roots);
  const isTrusted = !isDeadEnd(below);
  const { path } = verdict;
  if (isTrusted && path.length === 1) return [below];
  const top = own.find(({ sha256 }) => sha256 === path.at(-1));
  const asFar = top ? evaluateBelow(location, indexOpened([top])) : verdict;
  return isTrusted ? [asFar, below] : [asFar];
}

const isDeadEnd = ({ reasons }: Evaluation): boolean => reasons.some(({ code }) => DEAD_ENDS.has(code));

const DEAD_ENDS: ReadonlySet<ChainReasonCode> = new Set([
  "no-path",
  "self-signed",
  "untrusted-root",
  "signature-invalid",
]);

const SERVER_PURPOSES = new Set(["1.3.6.1.5.5.7.3.1", "2.5.29.37.0"]);

/** The Baseline Requirements for servers do not apply to certificates for mail or code alone (BR 1.1). */
const isForServers = ({ extensions: { purposes } }: PathCertificate, role: ViolationInput["role"]): boolean =>
  role === "server" || purposes === null || purposes.some((oid) => SERVER_PURPOSES.has(oid));

/** Path validation refuses these whichever roots are trusted, and no other rule finds them. */
const REFUSED: ReadonlySet<ChainReasonCode> = new Set([
  "dates-unreadable",
  "not-an-authority",
  "path-too-long",
  "may-not-sign",
  "wrong-usage",
  "wrong-purpose",
  "name-not-permitted",
  "name-excluded",
  "policy-mapping-invalid",
  "critical-unknown",
  "malformed",
]);

/** Other rules find weak keys and signatures, and name the section of this profile. */
const FOUND_BY_OTHER_RULES: ReadonlySet<ChainReasonCode> = new Set([
  "key-too-short",
  "signature-not-permitted",
]);

/** A broken rule belongs to the certificate that it is about; a failed path belongs to the one with which it begins. */
const isOf = ({ sha256 }: PathCertificate, reason: ChainReason): boolean =>
  reason.rule ? reason.sha256 === sha256 && !FOUND_BY_OTHER_RULES.has(reason.code) : REFUSED.has(reason.code);

/** Without -policy_check, OpenSSL reads none of these. */
const POLICY_EXTENSIONS = new Set(["2.5.29.32", "2.5.29.33", "2.5.29.36", "2.5.29.54"]);
const BOTH: Client[] = ["openssl", "go"];

/**
 * Which clients accept what fails path validation by RFC 5280. `openssl verify` was tried; Go ignores the key usage of
 * a leaf, reads no extensions before version 3, and refuses every duplicate extension.
 */
function acceptsFailure(
  { code, sha256 }: ChainReason,
  known: readonly PathCertificate[],
  path: readonly string[],
): Client[] {
  if (code === "wrong-usage") return ["go"];
  if (code === "policy-mapping-invalid") return ["openssl"];
  if (code === "name-excluded" || code === "name-not-permitted")
    return clientsThatPermitNames(path.flatMap((each) => known.find((one) => one.sha256 === each) ?? []));
  const broken = code === "malformed" ? known.find((each) => each.sha256 === sha256) : undefined;
  if (!broken) return [];
  if (broken.version < 3) return BOTH;
  const isPassedOver = (oid: string) => oid !== "" && (POLICY_EXTENSIONS.has(oid) || !isReadByPaths(oid));
  return broken.extensions.malformedParts.every(isPassedOver) ? ["openssl"] : [];
}

/** Each once, in a stable order. */
function toRules(reasons: readonly ChainReason[]): BrokenRule[] {
  const rules = reasons.map(({ code, rule = null, acceptedBy = [] }) => ({ code, rule, acceptedBy }));
  const byKey = new Map(
    rules.map((rule) => [`${rule.rule?.section ?? ""} ${rule.code} ${rule.acceptedBy}`, rule]),
  );
  return [...byKey.entries()].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([, rule]) => rule);
}

/** By the clients that accept all of it: all of them, some, or none. */
function weigh(rules: readonly BrokenRule[]): ViolationSeverity {
  const { length } = clientsOf(rules);
  if (length === 0) return "high";
  return length < Client.options.length ? "medium" : "low";
}
