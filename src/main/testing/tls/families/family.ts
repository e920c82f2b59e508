import { type Chance, createChance } from "#testing/servers-oracle/chance.ts";
import type { Changes } from "#testing/tls/conforming-chain.ts";

/**
 * A chain that differs from a sound one in what one family of rules speaks of, and what it breaks by its construction: nothing here
 * asks the rules themselves. Each is "SECTION CODE", or "CODE" where path validation alone refuses it.
 */
export type FamilyCase = {
  what: string;
  changes: Changes;
  /** What both profiles refuse. */
  breaks: readonly string[];
  /** What `webpki` refuses beside that. */
  breaksWebpki?: readonly string[];
  /** What `rfc5280` alone refuses. */
  breaksRfc5280?: readonly string[];
};

export type Family = { name: string; make(chance: Chance): FamilyCase };

/** The case of this number, the same ever and again. */
export const makeCase = ({ make }: Family, number: number): FamilyCase => make(createChance(number + 1));

/** The name of each fault that is there. */
export const namesOf = (faults: Readonly<Record<string, boolean>>): string[] =>
  Object.entries(faults).flatMap(([name, isThere]) => (isThere ? [name] : []));
