import {
  type ChainReason,
  type ChainReasonCode,
  Client,
  type Evaluation,
  type Profile,
} from "../../model/certificates/chain.ts";
import type { BrokenRule, FindingText, RuleId, Violation } from "../../model/finding.ts";
import { formatCount } from "../count.ts";
import { nameSome } from "./certificate-finding.ts";

/** The profile that findings are evaluated against, for rules about chains and about whether a certificate is valid. */
const PROFILE_OF_RULE: Partial<Record<RuleId, Profile>> = {
  "certificate-expired": "clients",
  "certificate-expiring": "clients",
  "certificate-not-yet-valid": "clients",
  "certificate-revoked": "rfc5280",
  "certificate-self-signed": "clients",
  "certificate-name-mismatch": "clients",
  "chain-incomplete": "clients",
  "chain-misordered": "clients",
  "chain-extra": "clients",
  "chain-expiring": "clients",
  "certificate-lifetime-over-limit": "webpki",
};

/**
 * The profile that findings of a rule are evaluated against; null for other rules, and for those whose findings name
 * it.
 */
export const profileOfRule = (rule: RuleId): Profile | null => PROFILE_OF_RULE[rule] ?? null;

/** How a rule is broken, by its code; the section says of which field. */
const WORDS: Record<ChainReasonCode, string> = {
  "not-a-certificate": "it is no certificate",
  "no-path": "no chain leads from it to a root",
  "self-signed": "it has signed itself",
  "untrusted-root": "its root is not trusted",
  expired: "it has expired",
  "not-yet-valid": "it is not yet valid",
  "dates-unreadable": "its dates cannot be read",
  "signature-invalid": "its signature is not its issuer's",
  "signature-forgeable": "its signature can be forged",
  "signature-unsupported": "its signature cannot be verified here",
  "not-an-authority": "what has signed it is no authority",
  "path-too-long": "its chain is longer than an authority in it allows",
  "may-not-sign": "what has signed it may not sign certificates by its key usage",
  "wrong-usage": "its key usage is not for TLS",
  "wrong-purpose": "its extended key usage, or one above it, is not for TLS servers",
  "name-not-permitted": "it has a name that its authority may not issue for",
  "name-excluded": "it has a name that its authority is excluded from",
  "name-not-evaluated": "it has a name that cannot be checked against the name constraints of its CA",
  "name-mismatch": "it is for other names",
  "no-names": "it has no names",
  "policy-missing": "it stands under no policy that holds for its whole chain",
  "policy-mapping-invalid": "its chain maps anyPolicy",
  "critical-unknown": "it, or a certificate above it, has a critical extension that clients do not know",
  malformed: "it, or a certificate above it, has a malformed field or extension",
  revoked: "it is revoked",
  "revocation-unknown": "whether it is revoked is not known",
  "too-much-work": "it has too many possible chains",
  "path-too-deep": "its chain is deeper than was asked for",
  "not-der": "it is not written in DER",
  "key-curve-explicit": "the curve of its key is written out, not named",
  "key-not-permitted": "its key is of a kind or size that is not permitted",
  "key-too-short": "its key is too short",
  "signature-not-permitted": "its signature is of a kind that is not permitted",
  "serial-not-positive": "its serial number is not positive",
  "serial-too-long": "its serial number has more than 20 octets",
  "subject-missing": "it has no subject where it must have one",
  "version-not-3": "it is not of version 3",
  "extension-critical": "an extension is critical that must not be",
  "extension-not-critical": "an extension is not critical that must be",
  "extension-missing": "a required extension is missing",
  "extension-misplaced": "an extension stands where it must not",
  "extension-empty": "an extension is empty",
  "extension-malformed": "an extension is malformed",
  "extension-field": "an extension has a field that is not as it must be",
  "basic-constraints-inconsistent": "its basic constraints and its key usage contradict each other",
  "authority-as-leaf": "an authority's certificate is a server's own",
  "purpose-not-permitted": "its extended key usage names what it must not, or not what it must",
  "qualifier-unknown": "a critical policy has a qualifier that is unknown",
  "constraint-malformed": "its name constraints are malformed",
  "name-malformed": "a name in it is malformed",
  "name-kind-not-permitted": "it has a name of a kind that is not permitted",
  "wildcard-too-wide": "its wildcard is too wide",
  "common-name-not-listed": "its common name is not among its alternative names",
  "list-number": "its revocation list has no usable number",
};

/** The extension that a section is about, for codes that say only "an extension". */
const TOPICS: Readonly<Record<string, string>> = {
  "RFC 5280, 4.2.1.1": "authority key identifier",
  "RFC 5280, 4.2.1.2": "subject key identifier",
  "RFC 5280, 4.2.1.3": "key usage",
  "RFC 5280, 4.2.1.4": "certificate policies",
  "RFC 5280, 4.2.1.5": "policy mappings",
  "RFC 5280, 4.2.1.6": "subject alternative names",
  "RFC 5280, 4.2.1.9": "basic constraints",
  "RFC 5280, 4.2.1.10": "name constraints",
  "RFC 5280, 4.2.1.11": "policy constraints",
  "RFC 5280, 4.2.1.12": "extended key usage",
  "RFC 5280, 4.2.1.14": "inhibit anyPolicy",
  "RFC 5280, 4.2.2.1": "authority information access",
  "BR 7.1.2.1.2": "extensions of a root",
  "BR 7.1.2.1.3": "authority key identifier of a root",
  "BR 7.1.2.7.6": "extended key usage",
  "BR 7.1.2.7.10": "extended key usage",
  "BR 7.1.2.7.12": "subject alternative names",
};

/** "a required extension is missing: authority key identifier". */
export function describeBroken({ code, rule }: BrokenRule): string {
  const topic = code.startsWith("extension-") && rule ? TOPICS[rule.section] : undefined;
  return topic === undefined ? WORDS[code] : `${WORDS[code]}: ${topic}`;
}

/** The section of a broken rule, and which clients ignore it. All rules of path validation have one section. */
export function formatSection({ rule, acceptedBy }: BrokenRule): string {
  const section = rule?.section ?? "RFC 5280, 6.1";
  if (acceptedBy.length === 0) return section;
  return `${section}; ${formatClients(acceptedBy)} accept${acceptedBy.length === 1 ? "s" : ""} it`;
}

/** A broken rule in one line. */
export const describeBrokenRule = (broken: BrokenRule): string =>
  `${describeBroken(broken)} (${formatSection(broken)})`;

/**
 * "accepted by OpenSSL and refused by Go as far as these rules go, against RFC 5280": dates, trust and revocation were
 * not checked.
 */
function describeState({ profile, rules }: Pick<Violation, "profile" | "rules">): string {
  const accepting = Client.options.filter((client) =>
    rules.every(({ acceptedBy }) => acceptedBy.includes(client)),
  );
  if (accepting.length === 0) return `refused by ${formatClients(Client.options)}`;
  const refusing = Client.options.filter((client) => !accepting.includes(client));
  const refused = refusing.length > 0 ? ` and refused by ${formatClients(refusing)}` : "";
  const against = profile === "clients" ? "" : `, against ${PROFILES[profile]}`;
  return `accepted by ${formatClients(accepting)}${refused} as far as these rules go${against}`;
}

/** Says of a certificate which rules it breaks, where some or all clients refuse it for that. */
export function describeViolation(
  violation: Pick<Violation, "profile" | "rules">,
  issuer: string,
): FindingText {
  return {
    sentence: `it is ${describeState(violation)}: ${violation.rules.map(describeBroken).join("; ")}`,
    evidence: [`its issuer is ${issuer}`],
    remedy: "have it issued anew without what is named here, and replace it wherever it is used",
  };
}

type Issued = Pick<Violation, "profile" | "rules"> & { certificates: readonly string[]; count: number };

/** Says of an issuer that certificates of it break rules that every client ignores. */
export const describeIssuedAgainst = ({ certificates, count, ...violation }: Issued): FindingText => ({
  sentence: `${formatCount(count, "certificate")} that it has issued ${count === 1 ? "is" : "are"} ${describeState(violation)}: ${violation.rules.map(describeBroken).join("; ")}`,
  evidence: nameSome(certificates, count, "certificate"),
  remedy:
    "correct the profile by which the authority issues, and renew the certificates when they are due: a stricter client, or a stricter version of one, may refuse them",
});

const CLIENTS: Record<Client, string> = { openssl: "OpenSSL", go: "Go" };

/** "OpenSSL and Go". */
export const formatClients = (clients: readonly Client[]): string =>
  clients.map((client) => CLIENTS[client]).join(" and ");

/** The document that a profile goes by. */
export const PROFILES: Record<Profile, string> = {
  rfc5280: "RFC 5280",
  webpki: "the Baseline Requirements",
  clients: "what clients accept",
};

/** A verdict in one line, with its profile: "valid for OpenSSL and Go, against RFC 5280". */
export function formatVerdict({
  profile,
  state,
  acceptedBy,
}: Pick<Evaluation, "profile" | "state" | "acceptedBy">): string {
  if (state === "valid-for-clients")
    return `valid for ${formatClients(acceptedBy)}, against ${PROFILES[profile]}`;
  if (state === "unsupported") return state;
  return profile === "clients" ? `${state} for clients` : `${state} by ${PROFILES[profile]}`;
}

/** A reason with the section of its rule. Text of certificates stands in it as it is written there. */
export function formatReason(reason: ChainReason): string {
  const rule = formatRule(reason);
  return rule === null ? reason.sentence : `${reason.sentence} (${rule})`;
}

/** The section of the rule of a reason, and which clients ignore it; null for path validation itself. */
function formatRule({ rule, acceptedBy = [] }: ChainReason): string | null {
  if (!rule) return null;
  return acceptedBy.length === 0
    ? rule.section
    : `${rule.section}; ${formatClients(acceptedBy)} accept${acceptedBy.length === 1 ? "s" : ""} it`;
}
