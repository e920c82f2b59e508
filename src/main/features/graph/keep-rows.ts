import { Refusal } from "#shared/model/refusal.ts";
import type { Store } from "#store/store.ts";

type Page = { after: string | null; limit: number };
type Made<Row> = { rows: Row[]; isCut: boolean };
type Listed<Row> = Made<Row> & { total: number; next: string | null };

/**
 * A list whose rows are found all at once, page by page: those of the last question are kept for its further pages, as long
 * as nothing in the database changes. A page begins after so many rows.
 */
export function keepRows<Wanted extends object, Row>(
  graph: Pick<Store["graph"], "version" | "atOnce">,
  make: (wanted: Wanted) => Made<Row>,
): (asked: Wanted & Page) => Listed<Row> {
  let kept: (Made<Row> & { key: string }) | null = null;

  return ({ after, limit, ...rest }) => {
    const wanted = rest as unknown as Wanted;
    const begin = readOffset(after);
    const key = JSON.stringify([graph.version(), wanted]);
    if (kept?.key !== key) kept = { key, ...graph.atOnce(() => make(wanted)) };
    const { rows, isCut } = kept;
    const end = begin + limit;
    return {
      rows: rows.slice(begin, end),
      total: rows.length,
      next: end < rows.length ? `${end}` : null,
      isCut,
    };
  };
}

function readOffset(after: string | null): number {
  if (after === null) return 0;
  if (/^\d{1,9}$/.test(after)) return Number(after);
  throw new Refusal("invalid-input", "after is not the next of a page of this list");
}

/** Whether every word that was typed stands in one of the texts, in any case. */
export function wordsIn(search: string): (texts: readonly (string | null)[]) => boolean {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return (texts) => {
    const text = texts.join("\n").toLowerCase();
    return words.every((word) => text.includes(word));
  };
}
