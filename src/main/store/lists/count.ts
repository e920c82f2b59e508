import type { Database } from "better-sqlite3";
import type { Total } from "#shared/model/total.ts";
import { cacheKeyOf, type Keep } from "./kept.ts";
import { conditions, type Part, type Value, valuesOf } from "./order.ts";

/**
 * So many rows are counted where each has to be read. Of a longer list the total is "more than" this (decision 0032).
 * Just as many are found and kept for the pages of a list.
 */
export const MOST_COUNTED = 10_000;

/** So many are counted where one index has all the columns of the query, and so many where several indexes have. */
const MOST_IN_INDEX = 1_000_000;
const MOST_IN_TWO = 100_000;

/** So many different queries keep their limit: one page of findings makes a hundred. */
const MOST_KNOWN = 1_000;

type Read = <Row>(sql: string, values: readonly Value[], named?: Record<string, Value>) => Row[];

type Deps = { read: Read; keep: Keep; mostCounted: number };

/** Counts once for all pages. */
export function counter({ read, keep, mostCounted }: Deps) {
  const mosts = new Map<string, number>();
  return { count, sum };

  /** Every list is counted by this, so that each count has a limit. */
  function count(from: string, where: readonly Part[], named: Record<string, Value> = {}): Total {
    const rows = `SELECT 1 FROM ${from}${conditions(where)}`;
    const values = valuesOf(where);
    return keep(cacheKeyOf(rows, values, named), () => {
      const most = Math.max(mostCounted, mostOf(rows, values, named));
      const sql = `SELECT count(*) AS count FROM (${rows} LIMIT ?)`;
      const found = read<{ count: number }>(sql, [...values, most + 1], named)[0]?.count ?? 0;
      return found > most ? { moreThan: most } : found;
    });
  }

  /**
   * Counts without a limit: for what is known to be few or to be in an index, and for summaries, which consist of such
   * counts and have no words. Never for the total of a list.
   */
  function sum(from: string, where: readonly Part[], named: Record<string, Value> = {}): number {
    const sql = `SELECT count(*) AS count FROM ${from}${conditions(where)}`;
    const values = valuesOf(where);
    return keep(
      cacheKeyOf(sql, values, named),
      () => read<{ count: number }>(sql, values, named)[0]?.count ?? 0,
    );
  }

  /** The limit of a count, by what SQLite reads for it. */
  function mostOf(rows: string, values: readonly Value[], named: Record<string, Value>): number {
    const known = mosts.get(rows);
    if (known !== undefined) return known;
    const most = limitFor(read<Step>(`EXPLAIN ${rows}`, values, named));
    if (mosts.size >= MOST_KNOWN) mosts.clear();
    mosts.set(rows, most);
    return most;
  }
}

/** An instruction of the program that SQLite compiles a query to; p1 is the cursor that it works on. */
type Step = { opcode: string; p1: number; p4: string | null };

/** SQLite opens an index with a description of its keys (p4), a table with the number of its columns. */
function limitFor(steps: readonly Step[]): number {
  const tables = new Set(
    steps.flatMap(({ opcode, p1, p4 }) => (opcode === "OpenRead" && !p4?.startsWith("k(") ? [p1] : [])),
  );
  const readsRows = steps.some(
    ({ opcode, p1 }) => opcode === "VFilter" || (opcode === "Column" && tables.has(p1)),
  );
  if (readsRows) return 0;
  return steps.filter(({ opcode }) => opcode === "Next" || opcode === "Prev").length > 1
    ? MOST_IN_TWO
    : MOST_IN_INDEX;
}

/** The ids of the rows that words find. */
export type Found = ReadonlySet<number>;

type FoundReader = <Row>(sql: string, values: readonly Value[]) => Row[];

/** So many sets are available to queries at a time. */
const MOST_SETS = 20;

export function foundReader(db: Database, { read, keep }: { read: FoundReader; keep: Keep }) {
  const numbers = new WeakMap<Found, number>();
  const sets = new Map<number, Found>();
  let last = 0;
  db.function("is_among", { directOnly: true }, (number, id) => Number(setOf(number).has(Number(id))));
  db.function("ids_among", { directOnly: true }, (number) => JSON.stringify([...setOf(number)]));
  return { findIds, isAmong, isIn };

  /** The ids that a query finds; where they are more than `most`, the largest of those that were read. */
  function findIds({ sql, values }: Part, most: number): Found | { readTo: number } {
    return keep(cacheKeyOf(sql, [...values, most], {}), () => {
      const each = `SELECT DISTINCT id FROM (${sql}) LIMIT ?`;
      const ids = read<{ id: number }>(each, [...values, most + 1]).map(({ id }) => id);
      return ids.length > most
        ? { readTo: ids.reduce((one, other) => Math.max(one, other), 0) }
        : new Set(ids);
    });
  }

  /** For a query that walks a list: a test of each row. */
  function isAmong(column: string, found: Found): Part {
    return { sql: `is_among(?, ${column})`, values: [numberOf(found)] };
  }

  /** For a query that reads the rows of the set alone. */
  function isIn(column: string, found: Found): Part {
    return { sql: `${column} IN (SELECT value FROM json_each(ids_among(?)))`, values: [numberOf(found)] };
  }

  /** Throws for a set that too many later ones have displaced: an empty set would be believed. */
  function setOf(number: unknown): Found {
    const found = sets.get(Number(number));
    if (!found) throw new Error("a query goes by a set of rows that is not known any more");
    return found;
  }

  /** Stands for the set in queries, which are cached: its ids may be a megabyte. */
  function numberOf(found: Found): number {
    const number = numbers.get(found) ?? ++last;
    numbers.set(found, number);
    sets.delete(number);
    sets.set(number, found);
    const [oldest] = sets.keys();
    if (sets.size > MOST_SETS && oldest !== undefined) sets.delete(oldest);
    return number;
  }
}
