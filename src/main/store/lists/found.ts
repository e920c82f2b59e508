import type { Database } from "better-sqlite3";
import { questionOf } from "./answers.ts";
import type { Value } from "./cursor.ts";
import type { Keep } from "./kept.ts";
import type { Part } from "./part.ts";

/** What words find, by the ids of its rows. */
export type Found = ReadonlySet<number>;

type Read = <Row>(sql: string, values: readonly Value[]) => Row[];

/** So many sets are known to queries at a time. */
const MOST_SETS = 20;

export function foundReader(db: Database, { read, keep }: { read: Read; keep: Keep }) {
  const numbers = new WeakMap<Found, number>();
  const sets = new Map<number, Found>();
  let last = 0;
  db.function("is_among", { directOnly: true }, (number, id) => Number(setOf(number).has(Number(id))));
  db.function("ids_among", { directOnly: true }, (number) => JSON.stringify([...setOf(number)]));
  return { findIds, isAmong, isIn };

  /** The rows that an index has; when there are more than `most`, the largest id of those that were read. */
  function findIds({ sql, values }: Part, most: number): Found | { readTo: number } {
    return keep(questionOf(sql, [...values, most], {}), () => {
      const each = `SELECT DISTINCT id FROM (${sql}) LIMIT ?`;
      const ids = read<{ id: number }>(each, [...values, most + 1]).map(({ id }) => id);
      return ids.length > most
        ? { readTo: ids.reduce((one, other) => Math.max(one, other), 0) }
        : new Set(ids);
    });
  }

  /** For whoever walks a list: asked of each row. */
  function isAmong(column: string, found: Found): Part {
    return { sql: `is_among(?, ${column})`, values: [numberOf(found)] };
  }

  /** For whoever looks at nothing else. */
  function isIn(column: string, found: Found): Part {
    return { sql: `${column} IN (SELECT value FROM json_each(ids_among(?)))`, values: [numberOf(found)] };
  }

  /** Throws for one that too many came after: it would find nothing, and that would be believed. */
  function setOf(number: unknown): Found {
    const found = sets.get(Number(number));
    if (!found) throw new Error("a query goes by a set of rows that is not known any more");
    return found;
  }

  /** Stands for the set in questions, which are kept: its ids may be a megabyte. */
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
