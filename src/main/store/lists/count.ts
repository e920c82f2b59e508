import type { Total } from "#shared/model/total.ts";
import { questionOf } from "./answers.ts";
import type { Value } from "./cursor.ts";
import type { Keep } from "./kept.ts";
import { conditions, type Part, valuesOf } from "./part.ts";

/**
 * So many rows are counted where each has to be looked at; of more it is said that there are more (decision 0032). As
 * many, too, are found and kept for the pages of a list.
 */
export const MOST_COUNTED = 10_000;

/** So many are counted where one index has all that is asked, and so many where several have. */
const MOST_IN_INDEX = 1_000_000;
const MOST_IN_TWO = 100_000;

/** So many different questions are judged once; a person asks far fewer. */
const MOST_KNOWN = 300;

type Read = <Row>(sql: string, values: readonly Value[], named?: Record<string, Value>) => Row[];

type Deps = { read: Read; keep: Keep; mostCounted: number };

/** Counts once for all pages. */
export function counter({ read, keep, mostCounted }: Deps) {
  const mosts = new Map<string, number>();
  return { count, sum };

  /** No list is counted otherwise, so that none is counted without an end. */
  function count(from: string, where: readonly Part[], named: Record<string, Value> = {}): Total {
    const rows = `SELECT 1 FROM ${from}${conditions(where)}`;
    const values = valuesOf(where);
    return keep(questionOf(rows, values, named), () => {
      const most = Math.max(mostCounted, mostOf(rows, values, named));
      const sql = `SELECT count(*) AS count FROM (${rows} LIMIT ?)`;
      const found = read<{ count: number }>(sql, [...values, most + 1], named)[0]?.count ?? 0;
      return found > most ? { moreThan: most } : found;
    });
  }

  /**
   * For what is known to be few, or to be in an index, and for summaries, which are nothing but such numbers and have no words:
   * never for the total of a list.
   */
  function sum(from: string, where: readonly Part[], named: Record<string, Value> = {}): number {
    const sql = `SELECT count(*) AS count FROM ${from}${conditions(where)}`;
    const values = valuesOf(where);
    return keep(
      questionOf(sql, values, named),
      () => read<{ count: number }>(sql, values, named)[0]?.count ?? 0,
    );
  }

  /** By what SQLite reads for it. */
  function mostOf(rows: string, values: readonly Value[], named: Record<string, Value>): number {
    const known = mosts.get(rows);
    if (known !== undefined) return known;
    const most = judge(read<Step>(`EXPLAIN ${rows}`, values, named));
    if (mosts.size >= MOST_KNOWN) mosts.clear();
    mosts.set(rows, most);
    return most;
  }
}

/** A step of the program that SQLite makes of a query; p1 is the cursor that it is about. */
type Step = { opcode: string; p1: number; p4: string | null };

/** An index is opened with what its keys are compared by, a table with the number of its columns. */
function judge(steps: readonly Step[]): number {
  const tables = new Set(
    steps.flatMap(({ opcode, p1, p4 }) => (opcode === "OpenRead" && !p4?.startsWith("k(") ? [p1] : [])),
  );
  const isLookedAt = steps.some(
    ({ opcode, p1 }) => opcode === "VFilter" || (opcode === "Column" && tables.has(p1)),
  );
  if (isLookedAt) return 0;
  return steps.filter(({ opcode }) => opcode === "Next" || opcode === "Prev").length > 1
    ? MOST_IN_TWO
    : MOST_IN_INDEX;
}
