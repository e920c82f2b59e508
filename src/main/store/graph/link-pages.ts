import type { Key, Value } from "#store/lists/cursor.ts";
import type { Lists } from "#store/lists/lists.ts";
import { mergeRows, rowsAfter } from "#store/lists/order.ts";
import { conditions, type Part, valuesOf } from "#store/lists/part.ts";
import type { LinkArm } from "./link-arms.ts";
import type { Way } from "./link-ways.ts";

type Page = { ways: readonly Way[]; start: readonly Value[] | null; limit: number };

/** Reads the rows of one arm, from after a row of it. */
export function linkPages(lists: Lists) {
  return { page, readKept };

  /** First what else the same holder opens, then the holders after it: no index serves both at once. */
  function page(arm: LinkArm, { ways, start, limit }: Page): Key[] {
    if (start === null) return read(arm, ways, { where: [], limit });
    const outer = start.slice(0, arm.outer.length);
    const same: Part[] =
      arm.inner.length === 0
        ? []
        : [
            { sql: compare(arm.outer, "="), values: outer },
            { sql: compare(arm.inner, ">"), values: start.slice(arm.outer.length) },
          ];
    const rest = same.length === 0 ? [] : read(arm, ways, { where: same, limit });
    if (rest.length >= limit) return rest;
    const beyond = { sql: compare(arm.outer, ">"), values: outer };
    return [...rest, ...read(arm, ways, { where: [beyond], limit: limit - rest.length })];
  }

  /** Of several ways each gives the first of its rows; of these the first are those of the list. */
  function read(arm: LinkArm, ways: readonly Way[], more: { where: readonly Part[]; limit: number }): Key[] {
    const rows = ways.map(({ from, where }) => {
      const all = [...where, ...more.where];
      const sql = `SELECT ${arm.select}, ${keysOf(arm)} FROM ${from}${conditions(all)} ORDER BY ${orderOf(arm)} LIMIT ?`;
      return lists.read<Key>(sql, [...valuesOf(all), more.limit]);
    });
    return rows.length === 1 ? (rows[0] ?? []) : mergeRows(rows, more.limit, inOrder(arm));
  }

  /** Which rows words find is kept for the next pages; what is in them is read for a page alone. */
  function readKept(arm: LinkArm, { ways, start, limit }: Page): Key[] {
    const question = JSON.stringify(["steps", arm.name, ways]);
    const all = lists.keep(question, () => {
      const keys = ways.map(({ from, where }) =>
        lists.read<Key>(
          `SELECT ${keysOf(arm)} FROM ${from}${conditions(where)} ORDER BY ${orderOf(arm)}`,
          valuesOf(where),
        ),
      );
      return mergeRows(keys, Number.POSITIVE_INFINITY, inOrder(arm));
    });
    const found = rowsAfter(all, start, limit, inOrder(arm));
    const names = new Set(found.map(nameOf(arm)));
    const where = [{ sql: arm.where, values: [] }, among(arm, found, 0)];
    if (arm.inner.length > 0) where.push(among(arm, found, columnsOf(arm).length - 1));
    const rows = read(arm, [{ from: arm.from, where }], { where: [], limit: lists.mostCounted });
    return rows.filter((row) => names.has(nameOf(arm)(row)));
  }
}

/** Its column by this number is one of those that these rows have there. */
const among = (arm: LinkArm, rows: readonly Key[], index: number): Part => ({
  sql: `${columnsOf(arm)[index]} IN (SELECT value FROM json_each(?))`,
  values: [JSON.stringify(rows.map((row) => row[`sort_${index}`]))],
});

const nameOf =
  (arm: LinkArm) =>
  (row: Key): string =>
    JSON.stringify(columnsOf(arm).map((_, index) => row[`sort_${index}`]));

const columnsOf = ({ outer, inner }: LinkArm): readonly string[] => [...outer, ...inner];

const keysOf = (arm: LinkArm): string =>
  columnsOf(arm)
    .map((column, index) => `${column} AS sort_${index}`)
    .join(", ");

const orderOf = (arm: LinkArm): string => columnsOf(arm).join(", ");

const inOrder = (arm: LinkArm) => ({ count: columnsOf(arm).length, descending: false });

const compare = (columns: readonly string[], operator: string): string =>
  `(${columns.join(", ")}) ${operator} (${columns.map(() => "?").join(", ")})`;
