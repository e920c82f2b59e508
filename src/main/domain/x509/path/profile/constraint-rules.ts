import { type ComparableName, formatKind, formatText } from "#domain/x509/path/comparable-name.ts";
import type { Subtree } from "#domain/x509/path/extension-values.ts";
import { type PathExtensions, USAGE } from "#domain/x509/path/path-extensions.ts";
import {
  hasPlainLabels,
  isAddressRange,
  isDnsConstraint,
  isEmailConstraint,
  isUriConstraint,
} from "./name-rules.ts";
import {
  BOTH,
  EXTENSION,
  GO_ALONE,
  isAuthority,
  isCritical,
  isUncritical,
  OPENSSL_ALONE,
  type ProfileRule,
  type RuleSubject,
} from "./profile-rule.ts";

const MOST_QUOTED_CHARACTERS = 120;

/** Finds the first subtree that breaks a rule, and says which. */
const findSubtree =
  (isBroken: (subtree: Subtree) => boolean) =>
  ({ certificate: { extensions } }: RuleSubject): false | { by: string } => {
    const { permitted = [], excluded = [] } = extensions.nameConstraints ?? {};
    const found = permitted.find(isBroken) ?? excluded.find(isBroken);
    return found !== undefined && { by: formatBase(found.base) };
  };

function formatBase(base: ComparableName): string {
  switch (base.form) {
    case "ip":
      return "an IP address whose mask is none";
    case "directory":
      return "a directory name";
    case "other":
      return formatKind(base);
    default:
      return formatText(base.value).slice(0, MOST_QUOTED_CHARACTERS);
  }
}

const hasLeadingDot = ({ base }: Subtree): boolean => base.form === "dns" && base.value.startsWith(".");

const hasForm = ({ base }: Subtree): boolean => {
  switch (base.form) {
    case "dns":
      return isDnsConstraint(base.value);
    case "email":
      return isEmailConstraint(base.value);
    case "uri":
      return isUriConstraint(base.value);
    case "ip":
      return isAddressRange(base.value);
    default:
      return true;
  }
};

/** Whether Go can read it: labels of visible characters, and a valid mask. */
const isReadable = ({ base }: Subtree): boolean => {
  switch (base.form) {
    case "email":
      return hasPlainLabels(base.value.slice(base.value.indexOf("@") + 1)) && !base.value.startsWith("@");
    case "dns":
    case "uri":
      return hasPlainLabels(base.value);
    case "ip":
      return isAddressRange(base.value);
    default:
      return true;
  }
};

/** Their number; null without name constraints. */
const countSubtrees = ({ nameConstraints }: PathExtensions): number | null =>
  nameConstraints && nameConstraints.permitted.length + nameConstraints.excluded.length;

const CONSTRAINTS = "RFC 5280, 4.2.1.10";

/** What binds the certificates below: constraints on names and policies, key usage, and other extensions. */
export const CONSTRAINT_RULES: readonly ProfileRule[] = [
  {
    profile: "rfc5280",
    section: CONSTRAINTS,
    code: "extension-not-critical",
    sentence: "has name constraints that are not critical",
    acceptedBy: BOTH,
    isNotOf: "webpki",
    isBroken: ({ certificate }) => isUncritical(certificate, EXTENSION.nameConstraints),
  },
  {
    profile: "rfc5280",
    section: CONSTRAINTS,
    code: "extension-empty",
    sentence: "has name constraints that list no names",
    acceptedBy: OPENSSL_ALONE,
    isBroken: ({ certificate: { extensions } }) => countSubtrees(extensions) === 0,
  },
  {
    profile: "rfc5280",
    section: CONSTRAINTS,
    code: "extension-empty",
    sentence: "has name constraints with a list of no names",
    acceptedBy: BOTH,
    isBroken: ({ certificate: { extensions } }) =>
      extensions.nameConstraints?.hasEmptyList === true && countSubtrees(extensions) !== 0,
  },
  {
    profile: "rfc5280",
    section: CONSTRAINTS,
    code: "extension-misplaced",
    sentence: "is no authority, and has name constraints",
    acceptedBy: BOTH,
    isBroken: (subject) => !isAuthority(subject) && subject.certificate.extensions.nameConstraints !== null,
  },
  {
    profile: "rfc5280",
    section: CONSTRAINTS,
    code: "constraint-malformed",
    sentence: "has a name constraint that begins with a dot",
    acceptedBy: BOTH,
    isBroken: findSubtree(hasLeadingDot),
  },
  {
    profile: "rfc5280",
    section: CONSTRAINTS,
    code: "constraint-malformed",
    sentence: "has a name constraint that is no name of its form",
    acceptedBy: BOTH,
    isBroken: findSubtree((subtree) => !hasLeadingDot(subtree) && !hasForm(subtree) && isReadable(subtree)),
  },
  {
    profile: "rfc5280",
    section: CONSTRAINTS,
    code: "constraint-malformed",
    sentence: "has a name constraint that cannot be read",
    acceptedBy: OPENSSL_ALONE,
    isBroken: findSubtree((subtree) => !isReadable(subtree)),
  },
  {
    profile: "rfc5280",
    section: CONSTRAINTS,
    code: "constraint-malformed",
    sentence: "has a name constraint with a minimum or maximum",
    acceptedBy: BOTH,
    isBroken: findSubtree(({ isWhole }) => !isWhole),
  },
  {
    profile: "rfc5280",
    section: "RFC 5280, 4.2.1.11",
    code: "extension-not-critical",
    sentence: "has policy constraints that are not critical",
    acceptedBy: BOTH,
    isBroken: ({ certificate }) => isUncritical(certificate, EXTENSION.policyConstraints),
  },
  {
    profile: "rfc5280",
    section: "RFC 5280, 4.2.1.11",
    code: "extension-empty",
    sentence: "has policy constraints that ask for nothing",
    acceptedBy: BOTH,
    isBroken: ({ certificate: { extensions } }) =>
      extensions.policyConstraints?.requireExplicit === null &&
      extensions.policyConstraints.inhibitMapping === null,
  },
  {
    profile: "rfc5280",
    section: "RFC 5280, 4.2.1.14",
    code: "extension-not-critical",
    sentence: "inhibits anyPolicy by an extension that is not critical",
    acceptedBy: BOTH,
    isBroken: ({ certificate }) => isUncritical(certificate, EXTENSION.inhibitAnyPolicy),
  },
  {
    profile: "rfc5280",
    section: "RFC 5280, 4.2.1.4",
    code: "qualifier-unknown",
    sentence: "has critical certificate policies with a qualifier that nobody knows",
    acceptedBy: BOTH,
    isBroken: ({ certificate }) => {
      const [first] = certificate.extensions.unknownQualifiers;
      return first !== undefined && isCritical(certificate, EXTENSION.policies) && { by: first };
    },
  },
  {
    profile: "rfc5280",
    section: "RFC 5280, 4.2.1.3",
    code: "extension-missing",
    sentence: "signs others and has no key usage",
    acceptedBy: BOTH,
    isBroken: ({ certificate, position }) => !position.isLeaf && certificate.extensions.keyUsage === null,
  },
  {
    profile: "rfc5280",
    section: "RFC 5280, 4.2.1.3",
    code: "extension-empty",
    sentence: "has a key usage that names none",
    acceptedBy: GO_ALONE,
    isBroken: ({ certificate }) => certificate.extensions.keyUsage === 0,
  },
  {
    profile: "rfc5280",
    section: "RFC 5280, 4.2.1.9",
    code: "basic-constraints-inconsistent",
    sentence: "says how long a path may be below it, and may not sign certificates",
    acceptedBy: BOTH,
    isBroken: ({ certificate: { extensions }, position }) => {
      const { basicConstraints, keyUsage } = extensions;
      if (!position.isLeaf || basicConstraints === null || basicConstraints.pathLength === null) return false;
      // A certificate that is no authority, but may sign, breaks this section by that alone.
      const maySign = keyUsage === null ? null : (keyUsage & USAGE.keyCertSign) !== 0;
      return basicConstraints.isCa ? maySign === false : maySign !== true;
    },
  },
  {
    profile: "rfc5280",
    section: "RFC 5280, 4.2.1.12",
    code: "extension-empty",
    sentence: "has an extended key usage that names no purpose",
    acceptedBy: BOTH,
    isBroken: ({ certificate }) => certificate.extensions.purposes?.length === 0,
  },
  {
    profile: "rfc5280",
    section: "RFC 5280, 4.2.2.1",
    code: "extension-malformed",
    sentence: "has authority information access that lists nothing",
    acceptedBy: BOTH,
    isBroken: ({ certificate }) => certificate.extensions.access === "empty",
  },
  {
    profile: "rfc5280",
    section: "RFC 5280, 4.2.2.1",
    code: "extension-malformed",
    sentence: "has authority information access that is not a list of methods and names",
    acceptedBy: BOTH,
    isBroken: ({ certificate }) => certificate.extensions.access === "malformed",
  },
  {
    profile: "rfc5280",
    section: "RFC 5280, 4.2.2.1",
    code: "extension-malformed",
    sentence: "has authority information access that cannot be read",
    acceptedBy: OPENSSL_ALONE,
    isBroken: ({ certificate }) => certificate.extensions.access === "unreadable",
  },
];
