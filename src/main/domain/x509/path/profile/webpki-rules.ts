import ipaddr from "ipaddr.js";
import { isListTag, readChildren, readElement, TAG, viewOf } from "#codec/der.ts";
import { readName } from "#domain/x509/names.ts";
import type { ComparableName } from "#domain/x509/path/comparable-name.ts";
import type { PathCertificate } from "#domain/x509/path/path-certificate.ts";
import { namesAnother } from "./certificate-rules.ts";
import loadSuffixes from "./load-suffixes.cjs";
import { findName } from "./name-rules.ts";
import {
  BOTH,
  EXTENSION,
  GO_ALONE,
  hasExtension,
  isCritical,
  type Position,
  type ProfileRule,
  type RuleSubject,
} from "./profile-rule.ts";

const SERVER_AUTH = "1.3.6.1.5.5.7.3.1";

/** Purposes that must not stand beside it (BR 7.1.2.7.10 and 7.1.2.10.6). */
const FORBIDDEN_PURPOSES = new Map([
  ["1.3.6.1.5.5.7.3.3", "code signing"],
  ["1.3.6.1.5.5.7.3.4", "mail"],
  ["1.3.6.1.5.5.7.3.8", "time stamps"],
  ["1.3.6.1.5.5.7.3.9", "OCSP"],
  ["2.5.29.37.0", "any purpose"],
  ["1.3.6.1.4.1.11129.2.4.4", "precertificates"],
]);

/** The profiles of section 7.1.2 apply to certificates issued from this date on (version 2.0.0). */
const PROFILES_BEGIN = Date.parse("2023-09-15T00:00:00Z");

/** A certificate of a server. */
const isServers = ({ isLeaf, isTop }: Position): boolean => isLeaf && !isTop;
/** A root that signs others. */
const isRoot = ({ isLeaf, isTop }: Position): boolean => isTop && !isLeaf;

/** What the Baseline Requirements demand of roots and of the certificates of public servers. */
export const WEBPKI_RULES: readonly ProfileRule[] = [
  {
    profile: "webpki",
    section: "BR 7.1.1",
    code: "version-not-3",
    sentence: "is of an old version",
    acceptedBy: BOTH,
    isBroken: ({ certificate: { version }, position }) =>
      isServers(position) && version < 3 && { by: `version ${version}` },
  },
  {
    profile: "webpki",
    section: "BR 7.1.2.7.8",
    code: "authority-as-leaf",
    sentence: "is of an authority, and is to be a server's",
    acceptedBy: BOTH,
    isBroken: ({ certificate, position }) =>
      isServers(position) && certificate.extensions.basicConstraints?.isCa === true,
  },
  {
    profile: "webpki",
    section: "BR 7.1.2.7.6",
    code: "extension-missing",
    sentence: "has no extended key usage",
    acceptedBy: BOTH,
    isBroken: ({ certificate, position }) =>
      isServers(position) && !hasExtension(certificate, EXTENSION.purposes),
  },
  {
    profile: "webpki",
    section: "BR 7.1.2.7.6",
    code: "extension-critical",
    sentence: "has an extended key usage that is critical",
    acceptedBy: BOTH,
    isBroken: ({ certificate, position }) =>
      isServers(position) && isCritical(certificate, EXTENSION.purposes),
  },
  {
    profile: "webpki",
    section: "BR 7.1.2.7.10",
    code: "purpose-not-permitted",
    sentence: "is not for servers by its extended key usage",
    acceptedBy: BOTH,
    isBroken: ({ certificate: { extensions }, position }) =>
      isServers(position) && extensions.purposes !== null && !extensions.purposes.includes(SERVER_AUTH),
  },
  {
    profile: "webpki",
    section: "BR 7.1.2.7.10",
    code: "purpose-not-permitted",
    sentence: "is for servers and for what may not stand beside that",
    acceptedBy: BOTH,
    isBroken: ({ certificate, position }) => isServers(position) && findForbiddenPurpose(certificate),
  },
  {
    profile: "webpki",
    section: "BR 7.1.2.10.6",
    code: "purpose-not-permitted",
    sentence: "is of an authority for servers and for what may not stand beside that",
    acceptedBy: BOTH,
    isBroken: ({ certificate, position: { isLeaf, isTop } }) =>
      !isLeaf &&
      !isTop &&
      (certificate.notBefore ?? 0) >= PROFILES_BEGIN &&
      certificate.extensions.purposes?.includes(SERVER_AUTH) === true &&
      findForbiddenPurpose(certificate),
  },
  {
    profile: "webpki",
    section: "BR 7.1.2.1.2",
    code: "extension-misplaced",
    sentence: "is a root, and has an extended key usage",
    acceptedBy: BOTH,
    isBroken: ({ certificate, position }) =>
      isRoot(position) && hasExtension(certificate, EXTENSION.purposes),
  },
  {
    profile: "webpki",
    section: "BR 7.1.2.1.3",
    code: "extension-field",
    sentence: "is a root whose authority key identifier is not that of its own key",
    acceptedBy: GO_ALONE,
    isBroken: ({ certificate: { extensions, isSelfIssued }, position }) =>
      isRoot(position) &&
      isSelfIssued &&
      extensions.authorityKey !== null &&
      extensions.subjectKey !== null &&
      extensions.authorityKey !== extensions.subjectKey,
  },
  {
    profile: "webpki",
    section: "BR 7.1.2.1.3",
    code: "extension-field",
    sentence: "is a root that identifies a key as its issuer's and none as its own",
    acceptedBy: BOTH,
    isBroken: ({ certificate: { extensions, isSelfIssued }, position }) =>
      isRoot(position) && isSelfIssued && extensions.authorityKey !== null && extensions.subjectKey === null,
  },
  {
    profile: "webpki",
    section: "BR 7.1.2.1.3",
    code: "extension-field",
    sentence: "is a root whose authority key identifier names no key",
    acceptedBy: BOTH,
    isBroken: ({ certificate: { extensions }, position }) =>
      isRoot(position) && extensions.authorityKeyFields !== null && extensions.authorityKey === null,
  },
  {
    profile: "webpki",
    section: "BR 7.1.2.1.3",
    code: "extension-field",
    sentence: "is a root whose authority key identifier names an issuer or a serial number",
    acceptedBy: BOTH,
    isBroken: ({ certificate: { extensions }, position }) => {
      const fields = extensions.authorityKeyFields;
      return isRoot(position) && fields !== null && (fields.hasIssuer || fields.serial !== null);
    },
  },
  {
    profile: "webpki",
    section: "BR 7.1.2.1.3",
    code: "extension-field",
    sentence: "is a root whose authority key identifier names another certificate",
    acceptedBy: GO_ALONE,
    isBroken: ({ certificate, position }) =>
      isRoot(position) && certificate.isSelfIssued && namesAnother(certificate, certificate),
  },
  {
    profile: "webpki",
    section: "BR 7.1.2.7.12",
    code: "extension-missing",
    sentence: "has no subject alternative names",
    acceptedBy: BOTH,
    isBroken: ({ certificate, position }) =>
      isServers(position) && !hasExtension(certificate, EXTENSION.names),
  },
  {
    profile: "webpki",
    section: "BR 7.1.2.7.12",
    code: "extension-critical",
    sentence: "has a subject, and subject alternative names that are critical",
    acceptedBy: BOTH,
    isBroken: ({ certificate, position }) =>
      isServers(position) && certificate.subject.rdns.length > 0 && isCritical(certificate, EXTENSION.names),
  },
  {
    profile: "webpki",
    section: "BR 7.1.2.7.12",
    code: "name-kind-not-permitted",
    sentence: "has an alternative name that is neither a DNS name nor an IP address",
    acceptedBy: BOTH,
    isBroken: (subject) =>
      isServers(subject.position) && findName(({ form }) => form !== "dns" && form !== "ip")(subject),
  },
  {
    profile: "webpki",
    section: "BR 3.2.2.6",
    code: "wildcard-too-wide",
    sentence: "has a wildcard for all names below a public suffix",
    acceptedBy: BOTH,
    isBroken: (subject) => isServers(subject.position) && findName(isWildcardOfSuffix)(subject),
  },
  {
    profile: "webpki",
    section: "BR 7.1.4.3",
    code: "common-name-not-listed",
    sentence: "has a common name that is not among its alternative names",
    acceptedBy: BOTH,
    isBroken: findStrayCommonName,
  },
];

function findForbiddenPurpose({ extensions: { purposes } }: PathCertificate): false | { by: string } {
  const found = purposes?.find((oid) => FORBIDDEN_PURPOSES.has(oid));
  return found !== undefined && { by: FORBIDDEN_PURPOSES.get(found) ?? found };
}

/** "*", "*.com" and "*.co.uk". */
const isWildcardOfSuffix = (name: ComparableName): boolean =>
  name.form === "dns" &&
  (/^\*\.?$/.test(name.value) || (name.value.startsWith("*.") && isPublicSuffix(name.value.slice(2))));

/** Every common name has to be a character-for-character copy of a name, or an address as RFC 5952 writes it. */
function findStrayCommonName({ certificate, position }: RuleSubject): boolean | { by: string } {
  if (!isServers(position)) return false;
  const commonNames = readCommonNames(certificate);
  if (commonNames.length === 0) return false;
  const names = new Set(certificate.extensions.names?.flatMap(toText));
  const stray = commonNames.find((text) => !names.has(text));
  if (stray !== undefined) return { by: stray.slice(0, 120) };
  return commonNames.length > 1 && { by: "there are several" };
}

function toText(name: ComparableName): string[] {
  if (name.form === "dns") return [Buffer.from(name.value, "latin1").toString("utf8")];
  if (name.form !== "ip" || (name.value.length !== 4 && name.value.length !== 16)) return [];
  const address = ipaddr.fromByteArray([...name.value]);
  return [address.kind() === "ipv6" ? (address as ipaddr.IPv6).toRFC5952String() : address.toString()];
}

const MOST_RDNS = 512;
const MOST_CHARACTERS = 256;

/** Each common name of a subject by itself: `readName` gives the last one of what it is given. */
function readCommonNames({ subjectDer }: PathCertificate): string[] {
  const bytes = viewOf(subjectDer);
  const outer = readElement(bytes, 0, bytes.length);
  const rdns = (outer && isListTag(outer.tag, TAG.sequence) && readChildren(bytes, outer, MOST_RDNS)) || [];
  return rdns.flatMap(({ start, end }) => {
    const alone = { tag: TAG.sequence, start, content: start, end };
    return readName(bytes, alone, MOST_CHARACTERS).commonName ?? [];
  });
}

/**
 * Only registry suffixes of the Public Suffix List: the Baseline Requirements refer to its ICANN section, and not to
 * the private one, whose owners may get certificates for everything below their names (BR 3.2.2.6).
 */
const REGISTRIES_ALONE = {
  allowIcannDomains: true,
  allowPrivateDomains: false,
  detectIp: false,
  detectSpecialUse: false,
  extractHostname: false,
  validateHostname: false,
};

/**
 * Whether anybody can register names directly below this one: "com", "co.uk", and every top-level domain, known or not.
 * Takes a DNS name of ASCII in any case, with or without a dot at its end.
 */
export function isPublicSuffix(name: string): boolean {
  const host = name.toLowerCase().replace(/\.$/, "");
  return host !== "" && loadSuffixes().getPublicSuffix(host, REGISTRIES_ALONE) === host;
}
