import type { PathCertificate } from "#domain/x509/path/path-certificate.ts";
import { USAGE } from "#domain/x509/path/path-extensions.ts";
import {
  BOTH,
  EXTENSION,
  GO_ALONE,
  hasExtension,
  isAuthority,
  isCritical,
  isUncritical,
  NEITHER,
  OPENSSL_ALONE,
  type ProfileRule,
  type RuleSubject,
} from "./profile-rule.ts";
import { findBrokenFields, hasPositiveNumbers, isReadableKey, isWrittenAsDer } from "./written-form.ts";

const MOST_SERIAL_OCTETS = 20;

/** Encoding, serial numbers, names, basic constraints, key usage and key identifiers. */
export const CERTIFICATE_RULES: readonly ProfileRule[] = [
  {
    profile: "rfc5280",
    section: "RFC 5280, 4.1",
    code: "malformed",
    sentence: "is not built as certificates are",
    acceptedBy: NEITHER,
    isBroken: ({ certificate }) => {
      const by = findBrokenFields(certificate.der).unreadable;
      return by !== null && { by };
    },
  },
  {
    profile: "rfc5280",
    section: "RFC 5280, 4.1",
    code: "malformed",
    sentence: "has something behind a field that does not belong there",
    acceptedBy: GO_ALONE,
    isBroken: ({ certificate }) => {
      const by = findBrokenFields(certificate.der).followed;
      return by !== null && { by };
    },
  },
  {
    profile: "rfc5280",
    section: "RFC 5280, 4.1.2.7",
    code: "malformed",
    sentence: "has a public key that cannot be read",
    acceptedBy: NEITHER,
    isBroken: ({ certificate, key }) => !isReadableKey(certificate.spki, key),
  },
  {
    profile: "rfc5280",
    section: "RFC 5280, 4.1.2.7",
    code: "malformed",
    sentence: "has an RSA key with a number that is negative, or longer than it has to be",
    acceptedBy: OPENSSL_ALONE,
    isBroken: ({ certificate, key }) => !hasPositiveNumbers(certificate.spki, key),
  },
  {
    profile: "rfc5280",
    section: "RFC 5280, 4.1",
    code: "not-der",
    sentence:
      "is not written in DER: a length is longer than it has to be, or a boolean is neither 00 nor FF",
    acceptedBy: OPENSSL_ALONE,
    isBroken: ({ certificate }) => !isWrittenAsDer(certificate.der),
  },
  {
    profile: "rfc5280",
    section: "RFC 5280, 4.1.2.2",
    code: "serial-not-positive",
    sentence: "has a serial number that is negative",
    acceptedBy: OPENSSL_ALONE,
    isBroken: ({ certificate: { serial } }) => /^[89a-f]/.test(serial),
  },
  {
    profile: "rfc5280",
    section: "RFC 5280, 4.1.2.2",
    code: "serial-not-positive",
    sentence: "has the serial number zero",
    acceptedBy: BOTH,
    // Roots in every store have it, and nothing depends on a root's serial number.
    isBroken: ({ certificate: { serial }, position }) =>
      (position.isLeaf || !position.isTop) && /^(00)*$/.test(serial),
  },
  {
    profile: "rfc5280",
    section: "RFC 5280, 4.1.2.2",
    code: "serial-too-long",
    sentence: "has a serial number of more than 20 octets",
    acceptedBy: BOTH,
    isBroken: ({ certificate: { serial } }) =>
      serial.length > 2 * MOST_SERIAL_OCTETS && { by: `${serial.length / 2} octets` },
  },
  {
    profile: "rfc5280",
    section: "RFC 5280, 4.1.2.6",
    code: "subject-missing",
    sentence: "is of an authority and has no subject",
    acceptedBy: BOTH,
    isBroken: (subject) => isAuthority(subject) && subject.certificate.subject.rdns.length === 0,
  },
  {
    profile: "rfc5280",
    section: "RFC 5280, 4.2.1.9",
    code: "extension-missing",
    sentence: "signs others and has no basic constraints",
    acceptedBy: OPENSSL_ALONE,
    isBroken: (subject) => signsUnconstrained(subject) && !hasNothing(subject),
  },
  {
    profile: "rfc5280",
    section: "RFC 5280, 4.2.1.9",
    code: "extension-missing",
    sentence: "is a root with neither basic constraints nor key usage",
    acceptedBy: NEITHER,
    isBroken: (subject) => signsUnconstrained(subject) && hasNothing(subject),
  },
  {
    profile: "rfc5280",
    section: "RFC 5280, 4.2.1.9",
    code: "extension-missing",
    sentence: "signs others and is of a version that has no basic constraints",
    acceptedBy: BOTH,
    isBroken: ({ certificate, position }) =>
      !position.isLeaf && certificate.version < 3 && { by: `version ${certificate.version}` },
  },
  {
    profile: "rfc5280",
    section: "RFC 5280, 4.2.1.9",
    code: "extension-not-critical",
    sentence: "is of an authority and has basic constraints that are not critical",
    acceptedBy: BOTH,
    isBroken: (subject) =>
      isAuthority(subject) && isUncritical(subject.certificate, EXTENSION.basicConstraints),
  },
  {
    profile: "rfc5280",
    section: "RFC 5280, 4.2.1.9",
    code: "basic-constraints-inconsistent",
    sentence: "is no authority, and has a key usage that lets it sign certificates",
    acceptedBy: BOTH,
    isBroken: ({ certificate: { extensions }, position }) =>
      (position.isLeaf || extensions.basicConstraints !== null) &&
      ((extensions.keyUsage ?? 0) & USAGE.keyCertSign) !== 0 &&
      extensions.basicConstraints?.isCa !== true,
  },
  {
    profile: "rfc5280",
    section: "RFC 5280, 4.2.1.2",
    code: "extension-critical",
    sentence: "has a subject key identifier that is critical",
    acceptedBy: NEITHER,
    isBroken: ({ certificate }) => isCritical(certificate, EXTENSION.subjectKey),
  },
  {
    profile: "rfc5280",
    section: "RFC 5280, 4.2.1.2",
    code: "extension-missing",
    sentence: "is of an authority and has no subject key identifier",
    acceptedBy: BOTH,
    isBroken: (subject) => isAuthority(subject) && !hasExtension(subject.certificate, EXTENSION.subjectKey),
  },
  {
    profile: "rfc5280",
    section: "RFC 5280, 4.2.1.1",
    code: "extension-critical",
    sentence: "has an authority key identifier that is critical",
    acceptedBy: NEITHER,
    isBroken: ({ certificate }) => isCritical(certificate, EXTENSION.authorityKey),
  },
  {
    profile: "rfc5280",
    section: "RFC 5280, 4.2.1.1",
    code: "extension-missing",
    sentence: "does not identify the key of its issuer by an authority key identifier",
    acceptedBy: BOTH,
    isBroken: ({ certificate, position }) =>
      certificate.extensions.authorityKey === null && !(position.isTop && certificate.isSelfIssued),
  },
  {
    profile: "rfc5280",
    section: "RFC 5280, 4.2.1.2",
    code: "extension-field",
    sentence: "has an authority key identifier that is not the subject key identifier of its issuer",
    acceptedBy: GO_ALONE,
    isBroken: ({ certificate, position: { issuer } }) => {
      const { authorityKey } = certificate.extensions;
      const subjectKey = issuer?.extensions.subjectKey ?? null;
      return authorityKey !== null && subjectKey !== null && authorityKey !== subjectKey;
    },
  },
  {
    profile: "rfc5280",
    section: "RFC 5280, 4.2.1.1",
    code: "extension-field",
    sentence: "has an authority key identifier that names another certificate than its issuer's",
    acceptedBy: GO_ALONE,
    isBroken: ({ certificate, position: { issuer } }) => issuer !== null && namesAnother(certificate, issuer),
  },
];

const signsUnconstrained = ({ certificate, position }: RuleSubject): boolean =>
  !position.isLeaf && certificate.version === 3 && !hasExtension(certificate, EXTENSION.basicConstraints);

/**
 * Only for roots: below a root, path validation refuses a certificate without basic constraints, whatever its key
 * usage.
 */
const hasNothing = ({ certificate, position }: RuleSubject): boolean =>
  position.isTop && certificate.extensions.keyUsage === null;

/** Whether the issuer and the serial number in an authority key identifier are not those of this certificate. */
export function namesAnother({ extensions }: PathCertificate, issuer: PathCertificate): boolean {
  const named = extensions.authorityKeyFields;
  if (named === null) return false;
  return (
    (named.issuer !== null && named.issuer !== issuer.issuer.key) ||
    (named.serial !== null && named.serial !== issuer.serial)
  );
}
