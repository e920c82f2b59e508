import { type ComparableName, formatKind, formatText } from "#domain/x509/path/comparable-name.ts";
import {
  BOTH,
  EXTENSION,
  isUncritical,
  OPENSSL_ALONE,
  type ProfileRule,
  type RuleSubject,
} from "./profile-rule.ts";

const MOST_QUOTED_CHARACTERS = 120;

/** Finds the first alternative name that breaks a rule, and says which. */
export const findName =
  (isBroken: (name: ComparableName) => boolean) =>
  ({ certificate }: RuleSubject): false | { by: string } => {
    const found = certificate.extensions.names?.find(isBroken);
    return found !== undefined && { by: formatName(found) };
  };

function formatName(name: ComparableName): string {
  if (name.form === "ip") return `an address of ${name.value.length} octets`;
  if (name.form === "directory") return "a directory name";
  if (name.form === "other") return formatKind(name);
  return formatText(name.value).slice(0, MOST_QUOTED_CHARACTERS);
}

/** A DNS name with an empty label or an invisible character, or a mail address without a host. */
const isIncomparable = (name: ComparableName): boolean => {
  if (name.form === "dns") return name.value.startsWith(".") || !hasPlainLabels(name.value);
  return name.form === "email" && !hasPlainLabels(name.value.slice(name.value.indexOf("@") + 1));
};

const isAscii = (value: string): boolean => !/[\u0080-\uffff]/.test(value);
const NAMES = "RFC 5280, 4.2.1.6";

/** Subject alternative names, and common names in their stead. */
export const NAME_RULES: readonly ProfileRule[] = [
  {
    profile: "rfc5280",
    section: NAMES,
    code: "extension-not-critical",
    sentence: "has no subject, and subject alternative names that are not critical",
    acceptedBy: BOTH,
    isBroken: ({ certificate }) =>
      certificate.subject.rdns.length === 0 && isUncritical(certificate, EXTENSION.names),
  },
  {
    profile: "rfc5280",
    section: "RFC 5280, 4.1.2.6",
    code: "subject-missing",
    sentence: "has neither a subject nor subject alternative names",
    acceptedBy: BOTH,
    isBroken: ({ certificate, position }) =>
      position.isLeaf && certificate.subject.rdns.length === 0 && certificate.extensions.names === null,
  },
  {
    profile: "rfc5280",
    section: NAMES,
    code: "extension-empty",
    sentence: "has subject alternative names that list none",
    acceptedBy: BOTH,
    isBroken: ({ certificate }) => certificate.extensions.names?.length === 0,
  },
  {
    profile: "rfc5280",
    section: NAMES,
    code: "name-malformed",
    sentence: "has a DNS name with an underscore",
    acceptedBy: BOTH,
    isBroken: findName((name) => name.form === "dns" && isDnsNameWithUnderscores(name.value)),
  },
  {
    profile: "rfc5280",
    section: NAMES,
    code: "name-malformed",
    sentence: "has a DNS name that is no host name",
    acceptedBy: BOTH,
    isBroken: findName(
      (name) =>
        name.form === "dns" &&
        isAscii(name.value) &&
        !isDnsName(name.value) &&
        !isDnsNameWithUnderscores(name.value),
    ),
  },
  {
    profile: "rfc5280",
    section: NAMES,
    code: "name-malformed",
    sentence: "has a name that is not written in ASCII",
    acceptedBy: OPENSSL_ALONE,
    isBroken: findName(
      (name) => (name.form === "dns" || name.form === "email" || name.form === "uri") && !isAscii(name.value),
    ),
  },
  {
    profile: "rfc5280",
    section: NAMES,
    code: "name-malformed",
    sentence: "has a mail address that is none",
    acceptedBy: BOTH,
    isBroken: findName((name) => name.form === "email" && isAscii(name.value) && !isMailbox(name.value)),
  },
  {
    profile: "rfc5280",
    section: "RFC 5280, 4.2.1.10",
    code: "name-malformed",
    sentence: "stands under name constraints, and has a name that cannot be compared with any",
    acceptedBy: OPENSSL_ALONE,
    isBroken: (subject) => subject.position.isConstrained && findName(isIncomparable)(subject),
  },
  {
    profile: "rfc5280",
    section: NAMES,
    code: "name-malformed",
    sentence: "has a URI that names no scheme",
    acceptedBy: BOTH,
    isBroken: findName((name) => name.form === "uri" && isAscii(name.value) && !isAbsoluteUri(name.value)),
  },
  {
    profile: "rfc5280",
    section: NAMES,
    code: "name-malformed",
    sentence: "has an IP address that is none",
    acceptedBy: OPENSSL_ALONE,
    isBroken: findName((name) => name.form === "ip" && !isAddress(name.value)),
  },
];

/**
 * Names in the form that RFC 5280, sections 4.2.1.6 and 4.2.1.10 demand. Each check takes time in proportion to the
 * name's length.
 */

const MOST_CHARACTERS = 253;
const LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?";
const HOST = new RegExp(`^${LABEL}(?:\\.${LABEL})*$`);

/** The preferred name syntax of RFC 1034, section 3.5, as RFC 1123 has it. */
const isHostName = (text: string): boolean => text.length <= MOST_CHARACTERS && HOST.test(text);

/** A host name, or one whose whole first label is a wildcard. */
const isDnsName = (text: string): boolean => isHostName(text.startsWith("*.") ? text.slice(2) : text);

/** A host name in which underscores count as letters. */
const isDnsNameWithUnderscores = (text: string): boolean =>
  text.includes("_") && isDnsName(text.replaceAll("_", "a"));

const LOCAL_PART = /^(?:[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+|"[\x20-\x7e]*")$/;
const ADDRESS_LITERAL = /^\[[0-9A-Za-z.:]+\]$/;
const MOST_MAILBOX_CHARACTERS = 320;

/** Mailbox of RFC 2821, section 4.1.2: "user@host.example". */
function isMailbox(text: string): boolean {
  const at = text.lastIndexOf("@");
  if (at < 1 || text.length > MOST_MAILBOX_CHARACTERS) return false;
  const host = text.slice(at + 1);
  return LOCAL_PART.test(text.slice(0, at)) && (isHostName(host) || ADDRESS_LITERAL.test(host));
}

/** It begins with a scheme: relative ones are forbidden. */
const isAbsoluteUri = (text: string): boolean => /^[A-Za-z][A-Za-z0-9+.-]*:[\x21-\x7e]+$/.test(text);

const isAddress = ({ length }: Uint8Array): boolean => length === 4 || length === 16;

/** A host name that may have underscores, for those who permit such hosts. The empty name stands for every name. */
export const isDnsConstraint = (text: string): boolean =>
  text === "" || isHostName(text.replaceAll("_", "a"));

/** A mailbox, a host, or by a leading dot every host below it. */
export const isEmailConstraint = (text: string): boolean =>
  text.includes("@") ? isMailbox(text) : text === "" || isHostName(withoutDot(text));

/**
 * Labels of visible characters, none of them empty; one dot may stand before them. The empty name stands for every
 * name.
 */
export const hasPlainLabels = (text: string): boolean =>
  /^(?:\.?[\x21-\x2d\x2f-\x7e]+(?:\.[\x21-\x2d\x2f-\x7e]+)*)?$/.test(text);

/** A host, or by a leading dot every host below it. */
export const isUriConstraint = (text: string): boolean => isHostName(withoutDot(text));

const withoutDot = (text: string): string => (text.startsWith(".") ? text.slice(1) : text);

/** An address and its mask, whose set bits all come first (RFC 4632). */
export function isAddressRange(bytes: Uint8Array): boolean {
  const mask = bytes.subarray(bytes.length / 2);
  const bits = Array.from(mask, (byte) => byte.toString(2).padStart(8, "0")).join("");
  return /^1*0*$/.test(bits);
}
