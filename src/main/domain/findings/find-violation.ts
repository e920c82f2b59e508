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
   * By each location where it is seen: what that sends or holds beside it. A root among these counts there, and nowhere else:
   * anybody can send the name and the key of another's authority below a root of his own.
   */
  locations: readonly CertificateIndex[];
  /** What may stand above it and is seen anywhere: it counts below a root that is trusted. */
  pool: CertificateIndex;
  publicRoots: CertificateIndex;
  /** All roots that are trusted, the public ones among them. */
  roots: CertificateIndex;
  /** Whether a public authority stands above it; null where nobody knows. */
  isPublic: boolean | null;
  /** Whether a certificate is known that has its subject as its issuer, itself and others that signed themselves aside. */
  hasIssued: boolean;
  /** Milliseconds since 1970. */
  at: number;
  work: SharedWork;
};

/** Part of every mark: it goes up when the same rules find something else. */
const EVALUATION = 3;

type Evaluated = Pick<ViolationInput, "role" | "isPublic" | "hasIssued"> & {
  /** The hashes of what may stand above it, and of what each location has beside it, in any order. */
  above: readonly string[];
  locations: readonly (readonly string[])[];
  /** Tells the roots that are trusted from others. */
  roots: string;
};

/** All that decides what is found of a certificate, but for itself: while that stays, so does what was found. */
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
 * The rules that a certificate breaks of the profile that it is to be judged by: the Baseline Requirements where it is for
 * servers and of a public authority, else RFC 5280 and what one of the clients enforces beyond it. Who trusts the root, dates
 * and names are judged elsewhere, for they change or have findings of their own. Each certificate is told of what it breaks
 * itself, at whichever location: what one location shows takes nothing away from what is found at another. Null where it breaks
 * nothing, and where nothing is to be told: of public roots, and of a certificate that has signed itself and is a server's, or
 * has issued nothing, as long as clients pass over it.
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
 * By what one location shows, below the roots that are trusted and those that it shows itself. Where that leads to none, as far
 * as it leads; and below a root that is trusted where what is seen elsewhere leads there.
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

/** What is for mail or for code alone owes the Baseline Requirements of servers nothing (BR 1.1). */
const isForServers = ({ extensions: { purposes } }: PathCertificate, role: ViolationInput["role"]): boolean =>
  role === "server" || purposes === null || purposes.some((oid) => SERVER_PURPOSES.has(oid));

/** What path validation refuses whoever trusts the root, and no other rule finds. */
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

/** Keys and signatures that are too weak have findings by these names, with the section of this profile. */
const FOUND_BY_OTHER_RULES: ReadonlySet<ChainReasonCode> = new Set([
  "key-too-short",
  "signature-not-permitted",
]);

/** A rule is broken by the certificate that it is about; a path that fails is the trouble of the one it begins with. */
const isOf = ({ sha256 }: PathCertificate, reason: ChainReason): boolean =>
  reason.rule ? reason.sha256 === sha256 && !FOUND_BY_OTHER_RULES.has(reason.code) : REFUSED.has(reason.code);

/** Without -policy_check OpenSSL reads none of these. */
const POLICY_EXTENSIONS = new Set(["2.5.29.32", "2.5.29.33", "2.5.29.36", "2.5.29.54"]);
const BOTH: Client[] = ["openssl", "go"];

/**
 * Who passes over what fails path validation: this program validates as RFC 5280 does. `openssl verify` was asked; Go
 * looks at no key usage of a leaf, reads no extensions before version 3, and refuses every extension that stands there twice.
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

/** Each once, in an order that is always the same. */
function toRules(reasons: readonly ChainReason[]): BrokenRule[] {
  const rules = reasons.map(({ code, rule = null, acceptedBy = [] }) => ({ code, rule, acceptedBy }));
  const byKey = new Map(
    rules.map((rule) => [`${rule.rule?.section ?? ""} ${rule.code} ${rule.acceptedBy}`, rule]),
  );
  return [...byKey.entries()].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([, rule]) => rule);
}

/** By who accepts all of it: everybody, some, or nobody. */
function weigh(rules: readonly BrokenRule[]): ViolationSeverity {
  const { length } = clientsOf(rules);
  if (length === 0) return "high";
  return length < Client.options.length ? "medium" : "low";
}
