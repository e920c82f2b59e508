import { hash } from "node:crypto";
import { reasonAbout } from "#domain/x509/path/chain-reason.ts";
import type { PathCertificate } from "#domain/x509/path/path-certificate.ts";
import type { PolicyRequest } from "#domain/x509/path/policy-graph.ts";
import { checkPolicies } from "#domain/x509/path/validate-path.ts";
import type { RevocationList } from "#domain/x509/revocation/read-crl.ts";
import type { ChainReason, Client, Profile } from "#shared/model/certificates/chain.ts";
import { CERTIFICATE_RULES } from "./certificate-rules.ts";
import { CONSTRAINT_RULES } from "./constraint-rules.ts";
import { KEY_RULES } from "./key-rules.ts";
import { NAME_RULES } from "./name-rules.ts";
import { type Position, type ProfileRule, type RuleSubject, readKeyOf } from "./profile-rule.ts";
import { WEBPKI_RULES } from "./webpki-rules.ts";

/** Every rule there is. */
export const PROFILE_RULES: readonly ProfileRule[] = [
  ...KEY_RULES,
  ...CERTIFICATE_RULES,
  ...CONSTRAINT_RULES,
  ...NAME_RULES,
  ...WEBPKI_RULES,
];

/**
 * Identifies a set of rules, so that results of another set are evaluated again. The wording of rules does not count.
 */
export const markRules = (rules: readonly ProfileRule[]): string =>
  hash("sha256", JSON.stringify(rules.map(({ isBroken: _, sentence: _said, ...rule }) => rule)), "hex").slice(
    0,
    16,
  );

export const RULES_MARK: string = markRules(PROFILE_RULES);

/** The role of the first certificate of a path: it identifies somebody, or signs others below it. */
export type Role = "leaf" | "authority";

/**
 * Returns the rules of a profile that a path breaks beyond path validation, from the leaf to the root. For `clients`
 * these are all rules of RFC 5280, and those of the Baseline Requirements that one of the clients enforces. Each
 * certificate is checked once, however many paths lead through it.
 */
export function createProfileChecker(profile: Profile, role: Role = "leaf") {
  const known = new Map<string, ChainReason[]>();
  const rules = RULES[profile];

  return (path: readonly PathCertificate[]): ChainReason[] =>
    path.flatMap((certificate, at) => {
      const issuer = path[at + 1] ?? null;
      const isConstrained = path.slice(at + 1).some(({ extensions }) => extensions.nameConstraints !== null);
      const isLeaf = at === 0 && role === "leaf";
      const position = { isLeaf, isTop: issuer === null, issuer, isConstrained };
      const id = `${certificate.sha256} ${isLeaf} ${issuer?.sha256} ${isConstrained}`;
      const found = known.get(id) ?? checkRules(rules, certificate, position);
      known.set(id, found);
      return found;
    });
}
export type ProfileChecker = ReturnType<typeof createProfileChecker>;

function checkRules(
  rules: readonly ProfileRule[],
  certificate: PathCertificate,
  position: Position,
): ChainReason[] {
  const subject = { certificate, key: readKeyOf(certificate), position };
  return rules.flatMap((rule) => checkRule(rule, subject));
}

const EVERYBODY = 2;

const RULES: Record<Profile, readonly ProfileRule[]> = {
  rfc5280: PROFILE_RULES.filter(({ profile }) => profile === "rfc5280"),
  webpki: PROFILE_RULES.filter(({ isNotOf }) => isNotOf !== "webpki"),
  clients: PROFILE_RULES.filter(
    ({ profile, acceptedBy, isNotOf }) =>
      isNotOf !== "clients" && (profile === "rfc5280" || acceptedBy.length < EVERYBODY),
  ),
};

function checkRule(rule: ProfileRule, subject: RuleSubject): ChainReason[] {
  const answer = rule.isBroken(subject);
  if (answer === false) return [];
  const words = answer === true ? rule.sentence : `${rule.sentence}: ${answer.by}`;
  return [
    {
      ...reasonAbout(subject.certificate, rule.code, words),
      rule: { profile: rule.profile, section: rule.section },
      acceptedBy: [...rule.acceptedBy],
    },
  ];
}

/** What a profile demands of a whole path, or of a revocation list about one of its certificates. */

/** The policies of a root, and its constraints on them, bind what stands below it (RFC 5937); clients ignore them. */
export function checkRootPolicies(path: readonly PathCertificate[], options: PolicyRequest): ChainReason[] {
  const root = path.at(-1);
  if (!root || path.length === 1 || !bindsPolicies(root)) return [];
  // Path validation reports a policy that is missing even without the root.
  if (checkPolicies(path, options, null).length > 0) return [];
  return checkPolicies(path, options, root).map((reason) => ({
    ...reason,
    rule: { profile: "rfc5280", section: "RFC 5937, 3" },
    acceptedBy: ["openssl", "go"],
  }));
}

const bindsPolicies = ({ extensions }: PathCertificate): boolean =>
  extensions.policies !== null ||
  extensions.policyConstraints !== null ||
  extensions.inhibitAnyPolicy !== null;

type ListRule = { words: string; acceptedBy: readonly Client[]; isBroken(list: RevocationList): boolean };

/** Go does not check revocation lists. */
const LIST_RULES: readonly ListRule[] = [
  {
    words: "is known as not revoked by a revocation list without a CRL number",
    acceptedBy: ["openssl"],
    isBroken: ({ number }) => number === null,
  },
  {
    words: "is known as not revoked by a revocation list whose CRL number is critical",
    acceptedBy: [],
    isBroken: ({ isNumberCritical }) => isNumberCritical,
  },
];

export const checkList = (certificate: PathCertificate, list: RevocationList): ChainReason[] =>
  LIST_RULES.filter(({ isBroken }) => isBroken(list)).map(({ words, acceptedBy }) => ({
    ...reasonAbout(certificate, "list-number", words),
    rule: { profile: "rfc5280", section: "RFC 5280, 5.2.3" },
    acceptedBy: [...acceptedBy],
  }));
