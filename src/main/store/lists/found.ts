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
  const sets = new Map<number, Found>();
  let last = 0;
  db.function("is_among", { directOnly: true }, (number, id) =>
    Number(sets.get(Number(number))?.has(Number(id)) ?? false),
  );
  return { findIds, isAmong };

  /** The rows that an index has; when there are more than `most`, the largest id of those that were read. */
  function findIds({ sql, values }: Part, most: number): Found | { readTo: number } {
    return keep(questionOf(sql, [...values, most], {}), () => {
      const ids = read<{ id: number }>(`${sql} LIMIT ?`, [...values, most + 1]).map(({ id }) => id);
      return ids.length > most
        ? { readTo: ids.reduce((one, other) => Math.max(one, other), 0) }
        : new Set(ids);
    });
  }

  /** For whoever walks a list: asked of each row. */
  function isAmong(column: string, found: Found): Part {
    sets.set(++last, found);
    sets.delete(last - MOST_SETS);
    return { sql: `is_among(?, ${column})`, values: [last] };
  }
}

/** For whoever looks at nothing else. */
export const isIn = (column: string, found: Found): Part => ({
  sql: `${column} IN (SELECT value FROM json_each(?))`,
  values: [JSON.stringify([...found])],
});
