import { type ComparableName, formatKind, formatText } from "#domain/x509/path/comparable-name.ts";
import {
  hasPlainLabels,
  isAbsoluteUri,
  isAddress,
  isDnsName,
  isDnsNameWithUnderscores,
  isMailbox,
} from "./name-syntax.ts";
import {
  BOTH,
  EXTENSION,
  isUncritical,
  OPENSSL_ALONE,
  type ProfileRule,
  type RuleSubject,
} from "./profile-rule.ts";

const MOST_TOLD_CHARACTERS = 120;

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
  return formatText(name.value).slice(0, MOST_TOLD_CHARACTERS);
}

/** A DNS name with an empty label or a character that is not to be seen, or a mail address that has no host. */
const isIncomparable = (name: ComparableName): boolean => {
  if (name.form === "dns") return name.value.startsWith(".") || !hasPlainLabels(name.value);
  return name.form === "email" && !hasPlainLabels(name.value.slice(name.value.indexOf("@") + 1));
};

const isAscii = (value: string): boolean => !/[\u0080-\uffff]/.test(value);
const NAMES = "RFC 5280, 4.2.1.6";

/** Subject alternative names, and what stands for them. */
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
