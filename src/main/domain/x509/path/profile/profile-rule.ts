import { readElement, viewOf } from "#codec/der.ts";
import { type PublicKey, readPublicKey } from "#domain/x509/keys.ts";
import type { PathCertificate } from "#domain/x509/path/path-certificate.ts";
import type { ChainReasonCode, ChainRule, Client, Profile } from "#shared/model/certificates/chain.ts";

/** The position of a certificate in its path. A path of one certificate is a leaf that is trusted by itself. */
export type Position = {
  isLeaf: boolean;
  isTop: boolean;
  /** The one above it; null for the top. */
  issuer: PathCertificate | null;
  /** Some certificate above it constrains names. */
  isConstrained: boolean;
};

/** What a rule checks. */
export type RuleSubject = { certificate: PathCertificate; key: PublicKey; position: Position };

/**
 * One demand of a document on one certificate, beyond path validation. Checks are pure and take time in proportion to
 * the certificate's size.
 */
export type ProfileRule = ChainRule & {
  code: ChainReasonCode;
  /** The rest of the sentence that begins with the name of a certificate that breaks it. */
  sentence: string;
  /** The clients that do not enforce it; empty if all refuse what breaks it. */
  acceptedBy: readonly Client[];
  /** The profile that leaves the rule out, because it expressly permits what breaks it, or has a rule of its own. */
  isNotOf?: Profile;
  /** Whether the rule is broken, and by which part of the certificate if that is worth saying. */
  isBroken(subject: RuleSubject): boolean | { by: string };
};

/** Both `openssl verify` and Go ignore it. */
export const BOTH: readonly Client[] = ["openssl", "go"];
export const OPENSSL_ALONE: readonly Client[] = ["openssl"];
export const GO_ALONE: readonly Client[] = ["go"];
export const NEITHER: readonly Client[] = [];

export const EXTENSION = {
  subjectKey: "2.5.29.14",
  keyUsage: "2.5.29.15",
  names: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  nameConstraints: "2.5.29.30",
  policies: "2.5.29.32",
  authorityKey: "2.5.29.35",
  policyConstraints: "2.5.29.36",
  purposes: "2.5.29.37",
  inhibitAnyPolicy: "2.5.29.54",
} as const;

export const hasExtension = ({ extensions }: PathCertificate, oid: string): boolean =>
  extensions.marks.has(oid);

export const isCritical = ({ extensions }: PathCertificate, oid: string): boolean =>
  extensions.marks.get(oid) === true;

/** Present, and not critical. */
export const isUncritical = ({ extensions }: PathCertificate, oid: string): boolean =>
  extensions.marks.get(oid) === false;

/** Whether it may sign others: by its basic constraints, or because it does so in this path. */
export const isAuthority = ({ certificate, position }: RuleSubject): boolean =>
  !position.isLeaf || certificate.extensions.basicConstraints?.isCa === true;

/** What `readPublicKey` says of the key of a certificate. */
export function readKeyOf({ spki }: PathCertificate): PublicKey {
  const bytes = viewOf(spki);
  const element = readElement(bytes, 0, bytes.length);
  if (!element) throw new Error("a certificate that was opened has a key");
  return readPublicKey(bytes, element);
}
