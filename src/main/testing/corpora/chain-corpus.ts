import type { Profile, Purpose } from "#shared/model/chain.ts";
import type { CorpusRow } from "./corpus-table.ts";

/** One case of a corpus of chains that somebody else has judged. */
export type CorpusCase = {
  /** As the corpus names it, and what else a reader of a difference has to know. */
  id: string;
  /** DER. */
  leaf: Uint8Array;
  /** What the server sends beside it, in any order. */
  pool: readonly Uint8Array[];
  roots: readonly Uint8Array[];
  /** Milliseconds since 1970. */
  at: number;
  purpose: Purpose | null;
  /** A DNS name or an IP address; null: no name is asked for. */
  name: string | null;
  policy?: CorpusPolicy;
  /** Intermediates at most; as many as there are where it is left out. */
  mostIntermediates?: number;
  /** The DER of revocation lists; without them nothing is asked of revocation. */
  lists?: readonly Uint8Array[];
  /** What the corpus says. */
  isAccepted: boolean;
};

/** The inputs of RFC 5280, section 6.1.1 (c) to (g). */
export type CorpusPolicy = {
  policies: readonly string[];
  requireExplicit: boolean;
  inhibitMapping: boolean;
  inhibitAny: boolean;
};

/** Cases in which this program says something else than the corpus, and the text that rules. */
export type Difference = {
  profile: Profile;
  ours: "accepted" | "refused";
  /** What their ids have in common. */
  cases?: RegExp;
  /** What their causes have in common: see `CaseVerdict`. */
  because?: RegExp;
  /** How many they are: one more, or one less, is not explained. */
  count: number;
  /** Why this program is right by its profile, with the section that rules. */
  why: string;
};

export type Comparison = {
  rows: CorpusRow[];
  /** Differences that nothing explains, by what they have in common; and explanations that explain another number of cases. */
  unexplained: string[];
};

/**
 * What this program says of a case. `because`: the sections and codes for which it refuses, or which it passes over as clients do,
 * each once, joined by commas.
 */
export type CaseVerdict = { isAccepted: boolean; because: string };

export const PROFILES: readonly Profile[] = ["rfc5280", "webpki", "clients"];

/** Judges every case by every profile, and lays what comes of it beside what the corpus says. */
export function compareCorpus(
  corpus: string,
  cases: Iterable<CorpusCase>,
  differences: readonly Difference[],
  judge: (each: CorpusCase, profile: Profile) => CaseVerdict,
): Comparison {
  const rows = PROFILES.map((profile) => ({
    corpus,
    profile,
    cases: 0,
    wronglyAccepted: 0,
    wronglyRefused: 0,
  }));
  const explained = new Map(differences.map((difference) => [difference, 0]));
  const others = new Map<string, string[]>();
  for (const each of cases)
    for (const row of rows) {
      const { isAccepted, because } = judge(each, row.profile);
      row.cases++;
      if (isAccepted === each.isAccepted) continue;
      if (isAccepted) row.wronglyAccepted++;
      else row.wronglyRefused++;
      const seen = {
        profile: row.profile,
        ours: isAccepted ? "accepted" : "refused",
        because,
        id: each.id,
      } as const;
      const difference = differences.find((known) => explains(known, seen));
      if (difference) explained.set(difference, (explained.get(difference) ?? 0) + 1);
      else addTo(others, [seen.profile, seen.ours, because].filter(Boolean).join(", "), each.id);
    }
  return { rows, unexplained: [...others].map(formatOthers).concat(findMiscounted(explained)) };
}

type Seen = { profile: Profile; ours: "accepted" | "refused"; because: string; id: string };

const explains = ({ profile, ours, cases, because }: Difference, seen: Seen): boolean =>
  profile === seen.profile &&
  ours === seen.ours &&
  (cases?.test(seen.id) ?? true) &&
  (because?.test(seen.because) ?? true);

function addTo(lists: Map<string, string[]>, key: string, value: string): void {
  const list = lists.get(key);
  if (list) list.push(value);
  else lists.set(key, [value]);
}

const IDS_TOLD = 12;

const formatOthers = ([what, ids]: [string, string[]]): string =>
  `${ids.length} ${what}: ${ids.slice(0, IDS_TOLD).join("; ")}`;

function findMiscounted(explained: Map<Difference, number>): string[] {
  return [...explained].flatMap(([{ profile, ours, count, why }, found]) =>
    found === count ? [] : [`${found} instead of ${count} ${ours} by ${profile}: ${why}`],
  );
}
