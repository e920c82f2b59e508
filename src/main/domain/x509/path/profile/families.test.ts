import { expect, test } from "vitest";
import { judge } from "#domain/x509/path/testing/judge.ts";
import type { Profile } from "#shared/model/certificates/chain.ts";
import { makeChain } from "#testing/tls/conforming-chain.ts";
import { CERTIFICATE_FAMILIES } from "#testing/tls/families/certificate-families.ts";
import { CONSTRAINT_FAMILIES, type FamilyCase, makeCase } from "#testing/tls/families/constraint-families.ts";
import { NAME_FAMILIES } from "#testing/tls/families/name-families.ts";

/** Chains of each family; the long form runs more. */
const RUNS = Number(process.env.LATCHKEY_TEST_RUNS ?? 25);

const FAMILIES = [...CERTIFICATE_FAMILIES, ...NAME_FAMILIES, ...CONSTRAINT_FAMILIES];

test.each(FAMILIES)(
  "$name: each of its chains breaks what it was made to break, and nothing else",
  (family) => {
    const wrong: string[] = [];
    for (let number = 0; number < RUNS; number++) {
      const each = makeCase(family, number);
      const { leaf, middle, root } = makeChain(each.changes);
      for (const profile of ["rfc5280", "webpki"] as const) {
        const { reasons } = judge(leaf.der, { roots: [root], pool: [middle], profile });
        const found = new Set(reasons.map(({ rule, code }) => (rule ? `${rule.section} ${code}` : code)));
        const [ours, theirs] = [found, expectOf(each, profile)].map((set) => [...set].sort().join("; "));
        if (ours !== theirs) wrong.push(`${number}, ${profile}, ${each.what}: ${ours} instead of ${theirs}`);
      }
    }
    expect(wrong.slice(0, 20)).toEqual([]);
  },
);

const expectOf = (
  { breaks, breaksWebpki = [], breaksRfc5280 = [] }: FamilyCase,
  profile: Profile,
): Set<string> => new Set([...breaks, ...(profile === "webpki" ? breaksWebpki : breaksRfc5280)]);
