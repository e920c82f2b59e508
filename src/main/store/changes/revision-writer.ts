import type { Database } from "better-sqlite3";
import type { ChangeKind } from "#shared/model/access/change.ts";

/**
 * What has revisions: a row of the table that `kind` names (of `location` for a certificate). An account is its host
 * and its name.
 */
export type RevisedThing = { kind: ChangeKind; about: number; label: string | null };

type NewRevision = {
  scanId: number;
  /** The host name that it is found under. */
  name: number;
  /** What may change while the thing remains, as JSON; null where nothing may. */
  state: string | null;
  /** The first revision of the thing that this continues; null where it is new. */
  origin: number | null;
};

type NextState = {
  state: string;
  /** True: the thing has changed. False: more is known of it. */
  isOtherwise: boolean;
};

type Row = {
  id: number;
  name: number;
  state: string | null;
  first_scan: number;
  gone_scan: number | null;
  origin: number;
};

/**
 * Writes the history of what is found on hosts and endpoints: whatever records that a row begins, ends or changes calls
 * this in the same transaction. No bare parameter where SQLite would plan anew for each row (decision 0044).
 */
export function revisionWriter(db: Database) {
  const insert = db.prepare(`
    INSERT INTO revision (kind, name, about, label, state, first_scan, origin) VALUES (?, ?, ?, ?, ?, ?, ?)`);
  const close = db.prepare("UPDATE revision SET gone_scan = ? WHERE id = ?");
  const restate = db.prepare("UPDATE revision SET state = ? WHERE id = ?");
  const findLast = db.prepare<[string, number, string | null], Row>(`
    SELECT id, name, state, first_scan, gone_scan, ifnull(origin, id) AS origin
    FROM revision INDEXED BY revision_about
    WHERE kind = CAST(? AS TEXT) AND about = CAST(? AS INTEGER) AND label IS CAST(? AS TEXT)
    ORDER BY id DESC
    LIMIT 1`);
  const move = db.prepare(`
    INSERT INTO grant_move (grant_line, scan, from_line, to_line) VALUES (?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET to_line = excluded.to_line`);
  const last = ({ kind, about, label }: RevisedThing) => findLast.get(kind, about, label);
  const begin = (
    { kind, about, label }: RevisedThing,
    { scanId, name, state, origin }: NewRevision,
  ): unknown => insert.run(kind, name, about, label, state, scanId, origin);

  return {
    begin,

    /** Ends what the scan found gone; something that was gone before stays as it is. */
    end(thing: RevisedThing, scanId: number): void {
      const row = last(thing);
      if (row?.gone_scan === null) close.run(scanId, row.id);
    },

    /**
     * Begins another revision of something that has changed or is back. Several changes within one scan, and the first
     * state that is recorded, make no revision of their own. `toNext` makes the new state from the one that was last
     * known.
     */
    change(thing: RevisedThing, scanId: number, toNext: (state: string | null) => NextState): void {
      const row = last(thing);
      if (!row) return;
      const { state, isOtherwise } = toNext(row.state);
      const isStanding = row.gone_scan === null;
      if (isStanding && (!isOtherwise || row.first_scan === scanId || row.state === null)) {
        restate.run(state, row.id);
        return;
      }
      if (isStanding) close.run(scanId, row.id);
      begin(thing, { scanId, name: row.name, state, origin: row.origin });
    },

    /** Records that the line of a grant has moved within its file. */
    moveGrant(grant: number, scanId: number, { from, to }: { from: number; to: number }): void {
      move.run(grant, scanId, from, to);
    },
  };
}
