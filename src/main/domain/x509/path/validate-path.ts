import { readElement, viewOf } from "#codec/der.ts";
import { readPublicKey } from "#domain/x509/keys.ts";
import { type ChainReason, Client, type Purpose } from "#shared/model/certificates/chain.ts";
import { toInstant } from "#shared/model/instant.ts";
import { reasonAbout } from "./chain-reason.ts";
import type { NameConstraints } from "./extension-values.ts";
import { checkServerName, createNameConstraints } from "./name-constraints.ts";
import type { PathCertificate } from "./path-certificate.ts";
import { USAGE } from "./path-extensions.ts";
import { createPolicyGraph, type PolicyRequest } from "./policy-graph.ts";
import { completeKey, LEAST_RSA_BITS, type Verification } from "./verify-signature.ts";

/** What a path has to be valid for. */
export type PathRequest = {
  /** Milliseconds since 1970. */
  at: number;
  /** Null: for no particular purpose, so that no purpose is refused. */
  purpose: Purpose | null;
  /** A DNS name or an IP address; null: no name is checked. */
  name: string | null;
  policy: PolicyRequest;
  /** Intermediates between the certificate and its root, not counting self-issued ones; null: no limit. */
  mostIntermediates: number | null;
};

/** Whether `spki` signed the certificate. Path building asks this often, and caches it. */
type VerifyCertificate = (certificate: PathCertificate, spki: Uint8Array) => Verification;

const ANY_PURPOSE = "2.5.29.37.0";
const PURPOSES: Record<Purpose, string> = { server: "1.3.6.1.5.5.7.3.1", client: "1.3.6.1.5.5.7.3.2" };

/** A TLS certificate must allow its key one of these uses (RFC 5246, section 7.4.2; RFC 8446, section 4.4.2.2). */
const TLS_USAGES: Record<Purpose, number> = {
  server: USAGE.digitalSignature | USAGE.keyEncipherment | USAGE.keyAgreement,
  client: USAGE.digitalSignature | USAGE.keyAgreement,
};

/**
 * Everything that is wrong with a path from its leaf to a trusted root (RFC 5280, section 6.1); empty if nothing is.
 * The root is trusted as a name and a key; what it says of itself, its dates, its constraints and what it may sign,
 * applies all the same (RFC 5937). Its own signature is not verified.
 */
export function validatePath(
  path: readonly PathCertificate[],
  options: PathRequest,
  verify: VerifyCertificate,
): ChainReason[] {
  const root = path.at(-1);
  return [
    ...checkSignatures(path, verify),
    ...checkCertificates(path, options),
    ...path.slice(1).flatMap((certificate) => checkAuthority(certificate, certificate === root)),
    ...checkLengths(path),
    ...checkDepth(path, options),
    ...checkNames(path),
    ...checkPolicies(path, options.policy, null),
  ];
}

/** What is wrong with the certificates of a path by themselves, whatever the path. */
export const checkCertificates = (path: readonly PathCertificate[], options: PathRequest): ChainReason[] => [
  ...path.flatMap((certificate) => checkItself(certificate, options)),
  ...path.slice(0, 1).flatMap((leaf) => checkLeaf(leaf, options)),
];

const SAID = {
  invalid: ["signature-invalid", "is not signed by the key of"],
  forgeable: [
    "signature-forgeable",
    "is signed by an algorithm or key under which anybody can forge the signature of",
  ],
  unsupported: [
    "signature-unsupported",
    "is signed by an algorithm or key that this runtime cannot verify, in the name of",
  ],
} as const;

function checkSignatures(path: readonly PathCertificate[], verify: VerifyCertificate): ChainReason[] {
  const reasons: ChainReason[] = [];
  const root = path.at(-1);
  let key = root?.spki ?? new Uint8Array();
  for (const [issuer, certificate] of linksFromTop(path)) {
    const answer = verify(certificate, key);
    if (answer !== "valid") {
      const [code, words] = SAID[answer];
      reasons.push(reasonAbout(certificate, code, `${words} ${issuer === root ? "the root" : "its issuer"}`));
    }
    key = completeKey(certificate.spki, key);
  }
  return reasons;
}

/** Each certificate below the root with the one above it, the highest first. */
export function* linksFromTop(
  path: readonly PathCertificate[],
): Generator<[issuer: PathCertificate, certificate: PathCertificate]> {
  for (let at = path.length - 2; at >= 0; at--) {
    const issuer = path[at + 1];
    const certificate = path[at];
    if (issuer && certificate) yield [issuer, certificate];
  }
}

/** What applies to every certificate of a path. */
function checkItself(certificate: PathCertificate, { at, purpose }: PathRequest): ChainReason[] {
  const { notBefore, notAfter, extensions } = certificate;
  const reasons = extensions.malformed.map((words) => reasonAbout(certificate, "malformed", words));
  if (notBefore === null || notAfter === null)
    reasons.push(reasonAbout(certificate, "dates-unreadable", "has dates that cannot be read"));
  if (notBefore !== null && at < notBefore)
    reasons.push(reasonAbout(certificate, "not-yet-valid", `is valid from ${add(notBefore)} on only`));
  // Certificates count in seconds: the last second is valid to its end (section 4.1.2.5).
  if (notAfter !== null && at >= notAfter + 1_000)
    reasons.push(reasonAbout(certificate, "expired", `expired on ${add(notAfter)}`));
  const bits = rsaBitsOf(certificate);
  if (bits !== null && bits < LEAST_RSA_BITS)
    reasons.push(
      reasonAbout(certificate, "key-too-short", `has an RSA key of ${bits} bits, which can be factored`),
    );
  for (const oid of extensions.criticalUnknown)
    reasons.push(
      reasonAbout(
        certificate,
        "critical-unknown",
        `has the critical extension ${oid}, ${describeUnknown(oid)}`,
      ),
    );
  const { purposes } = extensions;
  if (purpose && purposes && !purposes.includes(PURPOSES[purpose]) && !purposes.includes(ANY_PURPOSE))
    reasons.push(
      reasonAbout(certificate, "wrong-purpose", `is not meant for TLS ${purpose}s by its extended key usage`),
    );
  return reasons;
}

function rsaBitsOf({ spki }: PathCertificate): number | null {
  const bytes = viewOf(spki);
  const element = readElement(bytes, 0, bytes.length);
  const key = element && readPublicKey(bytes, element);
  return key?.keyType === "RSA" || key?.keyType === "RSA-PSS" ? key.keyBits : null;
}

const add = (at: number): string => toInstant(new Date(at));

const PRECERTIFICATE = "1.3.6.1.4.1.11129.2.4.3";

const describeUnknown = (oid: string): string =>
  oid === PRECERTIFICATE
    ? "which makes it a precertificate: it is not to be used"
    : "which this program does not know and must not pass over";

/** A certificate that signs others must be allowed to. A root need not say so: it is trusted for that. */
function checkAuthority(certificate: PathCertificate, isRoot: boolean): ChainReason[] {
  const { basicConstraints, keyUsage } = certificate.extensions;
  const reasons: ChainReason[] = [];
  if (!(basicConstraints?.isCa ?? isRoot))
    reasons.push(
      reasonAbout(
        certificate,
        "not-an-authority",
        "signs others and is no authority by its basic constraints",
      ),
    );
  if (keyUsage !== null && (keyUsage & USAGE.keyCertSign) === 0)
    reasons.push(
      reasonAbout(certificate, "may-not-sign", "signs others, which its key usage does not let it"),
    );
  return reasons;
}

/** Self-issued certificates, as at a change of keys, are not counted. */
function checkLengths(path: readonly PathCertificate[]): ChainReason[] {
  let left = Number.POSITIVE_INFINITY;
  const authorities = path.slice(1);
  for (const certificate of authorities.toReversed()) {
    const isRoot = certificate === authorities.at(-1);
    if (!isRoot && !certificate.isSelfIssued) {
      if (left === 0)
        return [
          reasonAbout(
            certificate,
            "path-too-long",
            "stands deeper below an authority than that one's path length lets it",
          ),
        ];
      left--;
    }
    left = Math.min(left, certificate.extensions.basicConstraints?.pathLength ?? left);
  }
  return [];
}

function checkDepth(path: readonly PathCertificate[], { mostIntermediates }: PathRequest): ChainReason[] {
  const [leaf] = path;
  const count = path.slice(1, -1).filter(({ isSelfIssued }) => !isSelfIssued).length;
  if (!leaf || mostIntermediates === null || count <= mostIntermediates) return [];
  const words = `stands ${count} intermediates below its root, where ${mostIntermediates} are asked for at most`;
  return [reasonAbout(leaf, "path-too-deep", words)];
}

function checkNames(path: readonly PathCertificate[]): ChainReason[] {
  const constraints = createNameConstraints();
  const reasons: ChainReason[] = [];
  for (const [issuer, certificate] of linksFromTop(path)) {
    constraints.add(issuer);
    const isExempt = certificate.isSelfIssued && certificate !== path[0];
    const reason = isExempt ? null : constraints.check(certificate);
    if (reason) reasons.push(reason);
  }
  return reasons;
}

/** `root`: a root whose policy constraints apply; null: those of the root are ignored, as clients do. */
export function checkPolicies(
  path: readonly PathCertificate[],
  options: PolicyRequest,
  root: PathCertificate | null,
): ChainReason[] {
  const graph = createPolicyGraph(options, path.length - 1);
  if (root) graph.begin(root);
  for (const [, certificate] of linksFromTop(path)) {
    const isLast = certificate === path[0];
    if (!graph.add(certificate, isLast))
      return [
        reasonAbout(
          certificate,
          "policy-missing",
          "stands under no policy that holds for the whole path, and one is asked for",
        ),
      ];
    if (isLast && !graph.suffices(certificate))
      return [
        reasonAbout(certificate, "policy-missing", "stands under none of the policies that are asked for"),
      ];
    if (!isLast && !graph.descend(certificate))
      return [
        reasonAbout(
          certificate,
          "policy-mapping-invalid",
          "maps a policy from or to anyPolicy, which cannot be mapped",
        ),
      ];
  }
  return [];
}

function checkLeaf(leaf: PathCertificate, { purpose, name }: PathRequest): ChainReason[] {
  const { keyUsage } = leaf.extensions;
  const reasons: ChainReason[] = [];
  if (purpose && keyUsage !== null && (keyUsage & TLS_USAGES[purpose]) === 0)
    reasons.push(reasonAbout(leaf, "wrong-usage", `has a key usage that no TLS ${purpose} can use`));
  const mismatch = name === null ? null : checkServerName(leaf, name);
  return mismatch ? [...reasons, mismatch] : reasons;
}

const NAME_CONSTRAINTS = "2.5.29.30";

/**
 * The clients that accept the names of a path, from its leaf to its root, under the name constraints of its
 * authorities.
 */
export const clientsThatPermitNames = (path: readonly PathCertificate[]): Client[] =>
  Client.options.filter((client) => permits(client, path));

function permits(client: Client, path: readonly PathCertificate[]): boolean {
  const constraints = createNameConstraints(client);
  for (const [issuer, certificate] of linksFromTop(path)) {
    if (client === "go" && isUnknownToGo(issuer)) return false;
    constraints.add(issuer);
    const isExempt = client === "openssl" && certificate.isSelfIssued && certificate !== path[0];
    if (!isExempt && constraints.check(certificate) !== null) return false;
  }
  return true;
}

/** Go refuses critical constraints on kinds of names that it does not compare. */
const isUnknownToGo = ({ extensions: { nameConstraints, marks } }: PathCertificate): boolean =>
  nameConstraints !== null && marks.get(NAME_CONSTRAINTS) === true && constrainsOthers(nameConstraints);

const constrainsOthers = ({ permitted, excluded }: NameConstraints): boolean =>
  [...permitted, ...excluded].some(({ base }) => base.form === "directory" || base.form === "other");
