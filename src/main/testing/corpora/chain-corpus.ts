import type { Profile, Purpose } from "#shared/model/certificates/chain.ts";
import type { CorpusRow, RuleSection } from "./corpus-table.ts";

/** One case of a corpus of chains that somebody else has evaluated. */
export type CorpusCase = {
  /** The name in the corpus, and what else explains a difference. */
  id: string;
  /** DER. */
  leaf: Uint8Array;
  /** What the server sends beside it, in any order. */
  pool: readonly Uint8Array[];
  roots: readonly Uint8Array[];
  /** Milliseconds since 1970. */
  at: number;
  purpose: Purpose | null;
  /** A DNS name or an IP address; null: no name is requested. */
  name: string | null;
  policy?: CorpusPolicy;
  /** At most this many intermediates; without it, there is no limit. */
  mostIntermediates?: number;
  /** The DER of revocation lists; without them, revocation is not checked. */
  lists?: readonly Uint8Array[];
  /** The verdict of the corpus. */
  isAccepted: boolean;
};

/** The inputs of RFC 5280, section 6.1.1 (c) to (g). */
export type CorpusPolicy = {
  policies: readonly string[];
  requireExplicit: boolean;
  inhibitMapping: boolean;
  inhibitAny: boolean;
};

/** Cases in which this program differs from the corpus, and the text that decides. */
export type Difference = {
  ours: "accepted" | "refused";
  /** What their ids have in common. */
  cases?: RegExp;
  /** What their causes have in common: see `CaseVerdict`. */
  because?: RegExp;
  /** The number of such cases for each profile: one more, or one less, is unexplained. */
  counts: Partial<Record<Profile, number>>;
  /** Why this program is right under these profiles, with the section that decides. */
  why: string;
};

/** What explains the differences between this program and a corpus. */
export type Explanations = {
  cases: readonly Difference[];
  /**
   * Rules that the corpus does not apply: a profile that has one refuses what breaks it, and `clients` accepts it, with
   * a note if one of them ignores it.
   */
  rules: readonly RuleSection[];
};

export type Comparison = {
  rows: CorpusRow[];
  /**
   * Differences without an explanation, by what they have in common; and explanations that match another number of
   * cases.
   */
  unexplained: string[];
};

/**
 * This program's verdict about a case. `because`: the sections and codes for which it refuses, or which it ignores as
 * clients do, each once, joined by commas.
 */
export type CaseVerdict = { isAccepted: boolean; because: string };

export const PROFILES: readonly Profile[] = ["rfc5280", "webpki", "clients"];

/** Evaluates every case under every profile, and compares the verdicts with the corpus. */
export function compareCorpus(
  corpus: string,
  cases: Iterable<CorpusCase>,
  explanations: Explanations,
  judge: (each: CorpusCase, profile: Profile) => CaseVerdict,
): Comparison {
  const rows = PROFILES.map((profile) => ({
    corpus,
    profile,
    cases: 0,
    wronglyAccepted: 0,
    wronglyRefused: 0,
  }));
  const tally = createCachedCount(explanations);
  for (const each of cases)
    for (const row of rows) {
      const { isAccepted, because } = judge(each, row.profile);
      row.cases++;
      if (isAccepted === each.isAccepted) continue;
      if (isAccepted) row.wronglyAccepted++;
      else row.wronglyRefused++;
      tally.add({ profile: row.profile, ours: isAccepted ? "accepted" : "refused", because, id: each.id });
    }
  return { rows, unexplained: tally.findUnexplained() };
}

type Seen = { profile: Profile; ours: "accepted" | "refused"; because: string; id: string };

/** Counts how many differences each explanation covers. */
function createCachedCount({ cases, rules }: Explanations) {
  const byCase = new Map(cases.map((difference) => [difference, new Map<Profile, number>()]));
  const unused = new Set(rules);
  const others = new Map<string, string[]>();

  return {
    add(seen: Seen): void {
      const difference = cases.find((known) => explains(known, seen));
      const counts = difference && byCase.get(difference);
      const found = rules.filter((section) => isBecauseOf(section, seen.because));
      const isOfRules = found.length > 0 && (seen.ours === "refused" || seen.profile === "clients");
      if (counts) counts.set(seen.profile, (counts.get(seen.profile) ?? 0) + 1);
      else if (isOfRules) for (const section of found) unused.delete(section);
      else addTo(others, [seen.profile, seen.ours, seen.because].filter(Boolean).join(", "), seen.id);
    },

    findUnexplained: (): string[] => [
      ...Array.from(others, ([what, ids]) => `${ids.length} ${what}: ${ids.slice(0, IDS_TOLD).join("; ")}`),
      ...Array.from(byCase, ([difference, counts]) => findMiscounted(difference, counts)).flat(),
      ...Array.from(unused, (section) => `no difference because of ${section}`),
    ],
  };
}

const explains = ({ ours, cases, because, counts }: Difference, seen: Seen): boolean =>
  counts[seen.profile] !== undefined &&
  ours === seen.ours &&
  (cases?.test(seen.id) ?? true) &&
  (because?.test(seen.because) ?? true);

const isBecauseOf = (section: string, because: string): boolean => `${because}, `.includes(`${section}, `);

function addTo(lists: Map<string, string[]>, key: string, value: string): void {
  const list = lists.get(key);
  if (list) list.push(value);
  else lists.set(key, [value]);
}

const IDS_TOLD = 12;

const findMiscounted = ({ ours, counts, why }: Difference, found: Map<Profile, number>): string[] =>
  PROFILES.flatMap((profile) => {
    const [expected = 0, seen = 0] = [counts[profile], found.get(profile)];
    return seen === expected ? [] : [`${seen} instead of ${expected} ${ours} by ${profile}: ${why}`];
  });
