import type { Database } from "better-sqlite3";
import { ReviewItemState, type StateCount } from "#shared/model/access/review.ts";
import { databaseVersion } from "#store/lists/kept.ts";
import { BARE, OUTCOME } from "./review-outcome.ts";

/** So many items are counted at once: each is a search of its own, and between them others are served. */
const PIECE = 5_000;

type Piece = { state: string; count: number; last: number };

/** How many items are in each state, of those that somebody has decided: all of them, however many there are. */
export function stateCounter(db: Database): (review: number) => Promise<StateCount[]> {
  const kept = db
    .prepare<[number], number>("SELECT count(*) FROM review_item WHERE review = ? AND choice = 'keep'")
    .pluck();
  const piece = db.prepare<{ review: number; choice: string; after: number }, Piece>(`
    SELECT iif(outcome LIKE 'closed %', 'closed', outcome) AS state, count(*) AS count, max(ordinal) AS last
    FROM (
      SELECT item.ordinal, ${OUTCOME} AS outcome FROM ${BARE}
      WHERE item.review = @review AND item.choice = @choice AND item.ordinal > @after
      ORDER BY item.ordinal LIMIT ${PIECE})
    GROUP BY 1`);
  const versionOf = databaseVersion(db);
  const known = new Map<number, { version: string; counts: Promise<StateCount[]> }>();

  return (review) => {
    const version = versionOf();
    const before = known.get(review);
    if (before?.version === version) return before.counts;
    const counts = count(review);
    known.set(review, { version, counts });
    // What was cut short is counted anew.
    counts.catch(() => known.delete(review));
    return counts;
  };

  async function count(review: number): Promise<StateCount[]> {
    const counts = new Map<ReviewItemState, number>();
    const add = (state: ReviewItemState, more: number) => counts.set(state, (counts.get(state) ?? 0) + more);
    add("kept", kept.get(review) ?? 0);
    for (const choice of ["reassign", "revoke"])
      for (let after = 0; ; ) {
        const found = piece.all({ review, choice, after });
        for (const { state, count: more } of found) add(ReviewItemState.parse(state), more);
        if (found.reduce((sum, one) => sum + one.count, 0) < PIECE) break;
        after = Math.max(...found.map(({ last }) => last));
        await new Promise((resolve) => setImmediate(resolve));
      }
    return [...counts].flatMap(([state, count]) => (count > 0 ? [{ state, count }] : []));
  }
}
