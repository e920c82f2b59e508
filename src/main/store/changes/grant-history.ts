import type { Database } from "better-sqlite3";
import type { GrantEvent } from "#shared/model/change.ts";
import { formatDifference, type VersionReader } from "./version-row.ts";

type VersionRow = {
  id: number;
  firstScan: number;
  begun: string;
  goneScan: number | null;
  ended: string | null;
};
type MoveRow = { at: string; from: number; to: number };
type ApprovalRow = {
  owner: string;
  purpose: string;
  reviewOn: string | null;
  approvedAt: string;
  withdrawnAt: string | null;
};

/** A grant that changes at every scan shows so many of the newest. */
const MOST_EVENTS = 500;

const LINES_OF_THING = "(SELECT about FROM version WHERE id = @thing OR origin = @thing)";

/** What happened to a grant: its versions in all the lines that it was, where they stood, and who approved them. */
export function grantHistory(db: Database, readVersion: VersionReader): (grant: number) => GrantEvent[] {
  const thing = db
    .prepare<[number], number>(`
      SELECT ifnull(origin, id) FROM version WHERE kind = 'grant' AND about = ? ORDER BY id DESC LIMIT 1`)
    .pluck();
  const versions = db.prepare<[{ thing: number }], VersionRow>(`
    SELECT version.id, first_scan AS firstScan, first.started_at AS begun, gone_scan AS goneScan, last.started_at AS ended
    FROM version JOIN scan AS first ON first.id = first_scan LEFT JOIN scan AS last ON last.id = gone_scan
    WHERE version.id = @thing OR origin = @thing
    ORDER BY version.id`);
  const moves = db.prepare<[{ thing: number }], MoveRow>(`
    SELECT started_at AS at, from_line AS "from", to_line AS "to"
    FROM grant_move JOIN scan ON scan.id = grant_move.scan
    WHERE grant_line IN ${LINES_OF_THING}`);
  const approvals = db.prepare<[{ thing: number }], ApprovalRow>(`
    SELECT DISTINCT approval.owner, purpose, approval.review_on AS reviewOn, approved_at AS approvedAt, withdrawn_at AS withdrawnAt
    FROM grant_line JOIN approval USING (host, account, file, text)
    WHERE grant_line.id IN ${LINES_OF_THING}`);

  return (grant) => {
    const first = thing.get(grant);
    if (first === undefined) return [];
    const events = [
      ...tellVersions(versions.all({ thing: first })),
      ...moves.all({ thing: first }).map(toMove),
      ...approvals.all({ thing: first }).flatMap(toApproval),
    ];
    return events.toSorted((one, other) => other.at.localeCompare(one.at)).slice(0, MOST_EVENTS);
  };

  /** A version that ends as the next begins has changed; else it has gone, and the next is it, back. */
  function tellVersions(rows: readonly VersionRow[]): GrantEvent[] {
    return rows.flatMap((row, index) => {
      const before = rows[index - 1];
      const next = rows[index + 1];
      const goes = row.ended !== null && next?.firstScan !== row.goneScan;
      return [
        ...(goes ? [{ at: row.ended ?? "", what: "gone" as const, details: [] }] : []),
        tellBegin(row, before),
      ];
    });
  }

  function tellBegin(row: VersionRow, before: VersionRow | undefined): GrantEvent {
    if (!before) return { at: row.begun, what: "first-seen", details: [] };
    const details = formatDifference(readVersion(before.id), readVersion(row.id));
    return { at: row.begun, what: before.goneScan === row.firstScan ? "changed" : "back", details };
  }
}

const toMove = ({ at, from, to }: MoveRow): GrantEvent => ({
  at,
  what: "moved",
  details: [`line: ${from} → ${to}`],
});

function toApproval({ owner, purpose, reviewOn, approvedAt, withdrawnAt }: ApprovalRow): GrantEvent[] {
  const review = reviewOn === null ? [] : [`review: ${reviewOn}`];
  return [
    ...(withdrawnAt === null
      ? []
      : [{ at: withdrawnAt, what: "withdrawn" as const, details: [`owner: ${owner}`] }]),
    { at: approvedAt, what: "approved", details: [`owner: ${owner}`, `purpose: ${purpose}`, ...review] },
  ];
}
