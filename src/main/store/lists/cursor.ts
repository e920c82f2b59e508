import { Refusal } from "#shared/model/refusal.ts";

export type Value = string | number;

/** An order of a list. The columns together are unique, so that every row has its own place in it. */
export type Sort = { name: string; columns: readonly string[]; descending: boolean };

/** The values of a row in the order of its list, as the query names them. */
export type Key = Record<`sort_${number}`, Value>;

/** Where the next page begins. Opaque to callers, who can only give it back. */
export const writeCursor = (sort: Sort, row: Key): string =>
  Buffer.from(
    JSON.stringify([nameOf(sort), ...sort.columns.map((_, index) => row[`sort_${index}`])]),
  ).toString("base64url");

/** A cursor of another list or another order, or one that was made up, is refused. */
export function readCursor(sort: Sort, cursor: string): Value[] {
  const [name, ...values] = parse(cursor);
  const isOurs = name === nameOf(sort) && values.length === sort.columns.length && values.every(isValue);
  if (isOurs) return values;
  throw new Refusal("invalid-input", "after is not the next of a page of this list in this order");
}

const nameOf = ({ name, descending }: Sort): string => `${name}${descending ? " descending" : ""}`;

const isValue = (value: unknown): value is Value => typeof value === "string" || typeof value === "number";

function parse(cursor: string): unknown[] {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(cursor, "base64url").toString());
    return Array.isArray(parsed) ? parsed : [];
  } catch {
    return [];
  }
}
