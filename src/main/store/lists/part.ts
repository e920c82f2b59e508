import type { Value } from "./cursor.ts";

/** A piece of SQL that this program wrote, and the values that a caller gave for its question marks. */
export type Part = {
  sql: string;
  values: readonly Value[];
  /** The same condition, written so that no index serves it: best where it lets through most of what there is. */
  walk?: { sql: string; values: readonly Value[] };
};

export const conditions = (where: readonly Part[]): string =>
  where.length === 0 ? "" : ` WHERE ${where.map(({ sql }) => sql).join(" AND ")}`;

export const valuesOf = (where: readonly Part[]): Value[] => where.flatMap(({ values }) => values);
