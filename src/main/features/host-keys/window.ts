import type { HostKeyFilter } from "#shared/contract/hosts.ts";
import { type HostKeyRow, HostKeyState } from "#shared/model/hosts/host-key.ts";
import { readCursor, type Sort, type Value, writeCursor } from "#store/lists/order.ts";
import { splitWords } from "#store/lists/search.ts";

type Column = "name" | "state" | "keyType" | "fingerprint";
type Order = { by: Column; descending: boolean };
type HostKeyQuery = HostKeyFilter & { sort: Order; after: string | null; limit: number };

/** What a host calls itself; null where that is not known. */
type OwnNameOf = (host: { host: string; port: number }) => string | null;

/** A cursor has no more of a name. */
const LONGEST_SORTED = 120;

const SORTED_BY: Record<Column, (row: HostKeyRow) => Value> = {
  name: ({ name }) => name.slice(0, LONGEST_SORTED),
  /** States that need attention come first. */
  state: ({ state }) => HostKeyState.options.indexOf(state),
  keyType: ({ keyType }) => keyType.slice(0, LONGEST_SORTED),
  fingerprint: ({ fingerprint }) => fingerprint,
};

/** So many filters and orders of one snapshot are kept; one person uses fewer. */
const MOST_KEPT = 20;

/** Pages of rows in memory, by the same rules as those of the store: filtered, ordered, and after a cursor. */
export function createWindows(rows: readonly HostKeyRow[], ownNameOf: OwnNameOf) {
  const kept = new Map<string, HostKeyRow[]>();

  return function read({ after, limit, sort, ...filter }: HostKeyQuery) {
    const key = JSON.stringify([sort, filter]);
    const all = kept.get(key) ?? order(rows.filter(fits(filter, ownNameOf)), sort);
    if (kept.size >= MOST_KEPT) kept.clear();
    kept.set(key, all);
    const start = after === null ? 0 : findAfter(all, sort, readCursor(toSort(sort), after));
    const page = all.slice(start, start + limit);
    const last = page.at(-1);
    const isEnd = start + limit >= all.length || !last;
    const next = isEnd ? null : writeCursor(toSort(sort), toKey(sortKeyOf(last, sort)));
    return { rows: page, total: all.length, next };
  };
}

const toSort = ({ by, descending }: Order): Sort => ({
  name: by,
  columns: [by, "name", "id"],
  descending,
});

type SortKey = readonly [Value, Value, Value];

/** The values that order a row: rows with the same value are ordered by their names. */
const sortKeyOf = (row: HostKeyRow, { by }: Order): SortKey => [
  SORTED_BY[by](row),
  SORTED_BY.name(row),
  row.id,
];

const toKey = ([sort_0, sort_1, sort_2]: SortKey) => ({ sort_0, sort_1, sort_2 });

function fits(
  { search, state, host, shared, weak }: HostKeyFilter,
  ownNameOf: OwnNameOf,
): (row: HostKeyRow) => boolean {
  const words = splitWords(search.toLowerCase());
  return (row) =>
    (state === null || row.state === state) &&
    (host === null || row.host?.host === host) &&
    (!shared || row.sharedWith.count > 0) &&
    (!weak || row.weakness !== null) &&
    words.every((word) => textOf(row, row.host && ownNameOf(row.host)).includes(word));
}

const textOf = (
  { name, keyType, fingerprint, state, why, knownAt, host }: HostKeyRow,
  ownName: string | null,
): string =>
  [name, host?.host ?? "", ownName ?? "", keyType, fingerprint, state, why, ...knownAt]
    .join("\n")
    .toLowerCase();

const order = (rows: HostKeyRow[], sort: Order): HostKeyRow[] =>
  rows.sort((one, other) => compare(sortKeyOf(one, sort), sortKeyOf(other, sort), sort));

/** The index of the row after the one that the cursor names, whether that row is still there or not. */
function findAfter(rows: readonly HostKeyRow[], sort: Order, cursor: readonly Value[]): number {
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const row = rows[middle];
    if (row && compare(sortKeyOf(row, sort), cursor, sort) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function compare(one: readonly Value[], other: readonly Value[], { descending }: Order): number {
  const index = one.findIndex((value, at) => value !== other[at]);
  if (index === -1) return 0;
  const isBefore = (one[index] ?? "") < (other[index] ?? "");
  return isBefore === descending ? 1 : -1;
}
