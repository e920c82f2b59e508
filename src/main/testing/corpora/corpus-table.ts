/**
 * The table of corpora of certificate chains that others have judged, and how often this program says something else.
 * A test says what it counted by `recordCorpus`; whoever ran the tests prints all rows as one table.
 */
import type { Profile } from "#shared/model/chain.ts";
import { formatColumns } from "#testing/say-columns.ts";

export type CorpusRow = {
  corpus: string;
  profile: Profile;
  cases: number;
  /** The corpus refuses what this program accepts. */
  wronglyAccepted: number;
  /** The corpus accepts what this program does not. */
  wronglyRefused: number;
};

/** Adds rows to the table, through the report of the test run; `task` is the running test. */
export function recordCorpus(task: { meta: object }, rows: readonly CorpusRow[]): void {
  const meta = task.meta as { corpora?: CorpusRow[] };
  meta.corpora = [...(meta.corpora ?? []), ...rows];
}

/** The table as text. Why a case is judged otherwise stands in the test of its corpus, which fails where it does not. */
export function formatCorpusTable(rows: readonly CorpusRow[]): string {
  const lines = rows.map(({ corpus, profile, cases, wronglyAccepted, wronglyRefused }) => [
    corpus,
    profile,
    String(cases),
    String(wronglyAccepted),
    String(wronglyRefused),
  ]);
  return formatColumns([["CORPUS", "PROFILE", "CASES", "ONLY WE ACCEPT", "ONLY WE REFUSE"], ...lines]);
}
