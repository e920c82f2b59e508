import type { PathCertificate } from "./path-certificate.ts";
import type { PathExtensions } from "./path-extensions.ts";

/** The policy that stands for every other one (RFC 5280, section 4.2.1.4). */
export const ANY_POLICY = "2.5.29.32.0";

export type PolicyRequest = {
  /** The acceptable policies; anyPolicy among them, or an empty list, accepts every one. */
  policies: readonly string[];
  requireExplicit: boolean;
  inhibitMapping: boolean;
  inhibitAny: boolean;
};

/**
 * A policy at one depth of the path: the policies expected of the next certificate for it, and the policies that it
 * came from.
 */
type Node = { expected: Set<string>; parents: Set<string> };
type Level = Map<string, Node>;

/** The extensions of an authority that limit the policies below it. */
type PolicyLimits = Pick<PathExtensions, "policyConstraints" | "inhibitAnyPolicy">;

/**
 * The policies of a path (RFC 5280, section 6.1, with the graph of RFC 9618 in place of the tree): the same result,
 * with as much work as there are policies, while the tree may grow with every mapping. Certificates are added from the
 * top.
 */
export function createPolicyGraph(options: PolicyRequest, length: number) {
  /** One for each certificate, and the start. Null: no policy is left that is valid for all of them. */
  let levels: Level[] | null = [
    new Map([[ANY_POLICY, { expected: new Set([ANY_POLICY]), parents: new Set() }]]),
  ];
  let explicitIn = options.requireExplicit ? 0 : length + 1;
  let mappingIn = options.inhibitMapping ? 0 : length + 1;
  let anyIn = options.inhibitAny ? 0 : length + 1;

  const bind = ({ policyConstraints, inhibitAnyPolicy }: PolicyLimits): void => {
    explicitIn = Math.min(explicitIn, policyConstraints?.requireExplicit ?? explicitIn);
    mappingIn = Math.min(mappingIn, policyConstraints?.inhibitMapping ?? mappingIn);
    anyIn = Math.min(anyIn, inhibitAnyPolicy ?? anyIn);
  };

  return {
    /** Adds a certificate's policies; false if an explicit policy is required and none is left. */
    add(certificate: PathCertificate, isLast: boolean): boolean {
      const { policies } = certificate.extensions;
      const isAnyHeld = anyIn > 0 || (!isLast && certificate.isSelfIssued);
      if (levels && policies) addLevel(levels, policies, isAnyHeld);
      else levels = null;
      levels = prune(levels);
      return explicitIn > 0 || levels !== null;
    },

    /** Applies what an authority demands of the certificates below it; false if it maps what must not be mapped. */
    descend({ extensions, isSelfIssued }: PathCertificate): boolean {
      const { policyMappings, policyConstraints, inhibitAnyPolicy } = extensions;
      if (policyMappings) {
        if (policyMappings.some(({ issuer, subject }) => issuer === ANY_POLICY || subject === ANY_POLICY))
          return false;
        if (levels) applyMappings(levels, policyMappings, mappingIn > 0);
        levels = prune(levels);
      }
      if (!isSelfIssued) {
        explicitIn = Math.max(0, explicitIn - 1);
        mappingIn = Math.max(0, mappingIn - 1);
        anyIn = Math.max(0, anyIn - 1);
      }
      bind({ policyConstraints, inhibitAnyPolicy });
      return true;
    },

    /** Applies what a root demands of the certificates below it, and its own policies (RFC 5937). */
    begin({ extensions }: PathCertificate): void {
      const { policies, policyMappings } = extensions;
      if (levels && policies) addLevel(levels, policies, anyIn > 0);
      if (levels && policyMappings) applyMappings(levels, policyMappings, mappingIn > 0);
      levels = prune(levels);
      bind(extensions);
    },

    /** Whether what is left is acceptable after the last certificate (section 6.1.5). */
    suffices({ extensions }: PathCertificate): boolean {
      explicitIn = Math.max(0, explicitIn - 1);
      if (extensions.policyConstraints?.requireExplicit === 0) explicitIn = 0;
      return explicitIn > 0 || (levels !== null && fits(levels, options.policies));
    },
  };
}

function addLevel(levels: Level[], policies: readonly string[], isAnyHeld: boolean): void {
  const above = levels.at(-1) ?? new Map();
  const byExpected = groupByExpected(above);
  const level: Level = new Map();
  for (const policy of policies) {
    if (policy === ANY_POLICY) continue;
    const parents = byExpected.get(policy) ?? (above.has(ANY_POLICY) ? [ANY_POLICY] : []);
    if (parents.length > 0) level.set(policy, makeNode(policy, parents));
  }
  if (isAnyHeld && policies.includes(ANY_POLICY))
    for (const [policy, parents] of byExpected)
      if (!level.has(policy)) level.set(policy, makeNode(policy, parents));
  levels.push(level);
}

const makeNode = (policy: string, parents: readonly string[]): Node => ({
  expected: new Set([policy]),
  parents: new Set(parents),
});

function groupByExpected(level: Level): Map<string, string[]> {
  const grouped = new Map<string, string[]>();
  for (const [policy, { expected }] of level)
    for (const each of expected) {
      const policies = grouped.get(each);
      if (policies) policies.push(policy);
      else grouped.set(each, [policy]);
    }
  return grouped;
}

/** Section 6.1.4 (b): a mapped policy is expected under its new names, or is removed if mapping is inhibited. */
function applyMappings(
  levels: readonly Level[],
  mappings: readonly { issuer: string; subject: string }[],
  isAllowed: boolean,
): void {
  const level = levels.at(-1);
  if (!level) return;
  const subjects = new Map<string, Set<string>>();
  for (const { issuer, subject } of mappings)
    subjects.set(issuer, (subjects.get(issuer) ?? new Set()).add(subject));
  for (const [issuer, expected] of subjects) {
    const node = level.get(issuer);
    if (!isAllowed) level.delete(issuer);
    else if (node) node.expected = expected;
    else if (level.has(ANY_POLICY)) level.set(issuer, { expected, parents: new Set([ANY_POLICY]) });
  }
}

/** Removes what leads to no policy of the last level, and the whole graph if that is empty. */
function prune(levels: Level[] | null): Level[] | null {
  if (!levels) return null;
  for (let depth = levels.length - 1; depth > 0; depth--) {
    const used = new Set<string>();
    for (const { parents } of levels[depth]?.values() ?? []) for (const parent of parents) used.add(parent);
    const above = levels[depth - 1];
    for (const policy of above?.keys() ?? []) if (!used.has(policy)) above?.delete(policy);
  }
  return levels.at(-1)?.size === 0 ? null : levels;
}

/** Section 6.1.5 (g): compares the policies that are valid from the top of the path with those requested. */
function fits(levels: readonly Level[], policies: readonly string[]): boolean {
  if (policies.length === 0 || policies.includes(ANY_POLICY)) return true;
  if (levels.at(-1)?.has(ANY_POLICY)) return true;
  return levels.some((level) =>
    Array.from(level).some(
      ([policy, { parents }]) =>
        policy !== ANY_POLICY && parents.has(ANY_POLICY) && policies.includes(policy),
    ),
  );
}
