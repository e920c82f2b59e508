import type { Database } from "better-sqlite3";
import type { GrantEvent, LocationSpan, Neighbour } from "#shared/model/access/change.ts";
import { ScanId } from "#shared/model/hosts/scan.ts";
import type { Instant } from "#shared/model/instant.ts";
import type { Lists } from "#store/lists/lists.ts";
import { accountApprovals } from "./account-approvals.ts";
import { approvalTable } from "./approval-table.ts";
import { baselineTable } from "./baseline-table.ts";
import { changeTable } from "./change-table.ts";
import { formatDifference, type VersionReader, versionReader } from "./revision-row.ts";

/** Differences between scans, the baseline that they are compared with, and approvals. */
export function changeStore(db: Database, lists: Lists) {
  const readVersion = versionReader(db);
  const { list, counts } = changeTable(db, { lists, readVersion });
  const baseline = baselineTable(db);
  const approvals = approvalTable(db);
  const lastEnded = db
    .prepare<[number], number>("SELECT max(id) FROM scan WHERE id < ? AND state <> 'running'")
    .pluck();

  const lastEndedBy = db
    .prepare<[string, number], number>(
      "SELECT id FROM scan WHERE started_at <= ? AND id < ? AND state <> 'running' ORDER BY started_at DESC, id DESC LIMIT 1",
    )
    .pluck();

  return {
    list,
    counts,
    history: grantHistory(db, readVersion),
    locations: locationHistory(db),
    baseline: baseline.read,
    setBaseline: baseline.set,
    clearBaseline: baseline.clear,
    countUnapproved: baseline.countUnapproved,
    findLine: approvals.findLine,
    approve: approvals.approve,
    withdraw: approvals.withdraw,
    accounts: accountApprovals(db),

    /** The last scan that ended, of all or of those before this one; null when there is none. */
    lastEnded(before: number = Number.MAX_SAFE_INTEGER): ScanId | null {
      const id = lastEnded.get(before) ?? null;
      return id === null ? null : ScanId.parse(id);
    },

    /** The last scan before this one that had begun by then, and has ended; null when there is none. */
    lastEndedBy(at: Instant, before: number): ScanId | null {
      const id = lastEndedBy.get(at, before) ?? null;
      return id === null ? null : ScanId.parse(id);
    },
  };
}

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

/** So many of the newest events of a grant are listed; a grant may change at every scan. */
const MOST_EVENTS = 500;

const LINES_OF_THING = "(SELECT about FROM revision WHERE id = @thing OR origin = @thing)";

/** The history of a grant: its revisions in all its lines, their moves, and who approved them. */
function grantHistory(db: Database, readVersion: VersionReader): (grant: number) => GrantEvent[] {
  const thing = db
    .prepare<[number], number>(`
      SELECT ifnull(origin, id) FROM revision WHERE kind = 'grant' AND about = ? ORDER BY id DESC LIMIT 1`)
    .pluck();
  const revisions = db.prepare<[{ thing: number }], VersionRow>(`
    SELECT revision.id, first_scan AS firstScan, first.started_at AS begun, gone_scan AS goneScan, last.started_at AS ended
    FROM revision JOIN scan AS first ON first.id = first_scan LEFT JOIN scan AS last ON last.id = gone_scan
    WHERE revision.id = @thing OR origin = @thing
    ORDER BY revision.id`);
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
      ...describeVersions(revisions.all({ thing: first })),
      ...moves.all({ thing: first }).map(toMove),
      ...approvals.all({ thing: first }).flatMap(toApproval),
    ];
    return events.toSorted((one, other) => other.at.localeCompare(one.at)).slice(0, MOST_EVENTS);
  };

  /** A revision that ends as the next one begins has changed. Otherwise it has gone, and the next one is its return. */
  function describeVersions(rows: readonly VersionRow[]): GrantEvent[] {
    return rows.flatMap((row, index) => {
      const before = rows[index - 1];
      const next = rows[index + 1];
      const goes = row.ended !== null && next?.firstScan !== row.goneScan;
      return [
        ...(goes ? [{ at: row.ended ?? "", what: "gone" as const, details: [] }] : []),
        describeBegin(row, before),
      ];
    });
  }

  function describeBegin(row: VersionRow, before: VersionRow | undefined): GrantEvent {
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

/** So many spans are listed: nobody reads more one by one. */
const MOST_SPANS = 500;

type Row = Omit<LocationSpan, "before" | "after"> & {
  endpoint: number | null;
  onHost: number | null;
  path: string | null;
  firstScan: number;
  goneScan: number | null;
};

/** Where one certificate was and is, and what replaced it. */
function locationHistory(db: Database): (sha256: string) => LocationSpan[] {
  const spans = db.prepare<{ sha256: string; limit: number }, Row>(`
    SELECT iif(location.path IS NULL, 'endpoint', 'file') AS kind, host_name.name AS host,
      ifnull(location.path, endpoint.port || iif(endpoint.server_name = '', '', ' as ' || endpoint.server_name)) AS "where",
      position, begun.started_at AS "from", gone.started_at AS until,
      location.endpoint AS endpoint, location.host AS onHost, location.path AS path, first_scan AS firstScan,
      gone_scan AS goneScan
    FROM location
    JOIN host_name ON host_name.id = location.name
    JOIN scan AS begun ON begun.id = first_scan
    LEFT JOIN scan AS gone ON gone.id = gone_scan
    LEFT JOIN endpoint ON endpoint.id = location.endpoint
    WHERE location.id IN (
      SELECT id FROM location WHERE certificate = (SELECT id FROM certificate WHERE sha256 = @sha256) AND gone_scan IS NULL
      UNION ALL
      SELECT id FROM location WHERE certificate = (SELECT id FROM certificate WHERE sha256 = @sha256) AND gone_scan IS NOT NULL)
    ORDER BY first_scan DESC, location.id
    LIMIT @limit`);
  const neighbours = neighbourFinder(db);

  return (sha256) =>
    spans.all({ sha256, limit: MOST_SPANS }).map((row) => {
      const { endpoint: _, onHost: __, path: ___, firstScan: ____, goneScan: _____, ...span } = row;
      return { ...span, ...neighbours(row) };
    });
}

/** A location of an endpoint is found by the endpoint, one in a file by the file. */
function neighbourFinder(db: Database) {
  const SELECT = `
    SELECT sha256, subject, not_after AS notAfter
    FROM location JOIN certificate ON certificate.id = location.certificate`;
  const AT_ENDPOINT = "endpoint = @endpoint AND position = @position";
  const IN_FILE = "location.host = @onHost AND path = @path AND position = @position";
  const before = {
    endpoint: db.prepare<object, Neighbour>(`${SELECT}
      WHERE ${AT_ENDPOINT} AND gone_scan = @firstScan ORDER BY location.id DESC LIMIT 1`),
    file: db.prepare<object, Neighbour>(`${SELECT}
      WHERE ${IN_FILE} AND gone_scan = @firstScan ORDER BY location.id DESC LIMIT 1`),
  };
  const after = {
    endpoint: db.prepare<object, Neighbour>(`${SELECT}
      WHERE ${AT_ENDPOINT} AND first_scan = @goneScan ORDER BY location.id LIMIT 1`),
    file: db.prepare<object, Neighbour>(`${SELECT}
      WHERE ${IN_FILE} AND first_scan = @goneScan ORDER BY location.id LIMIT 1`),
  };
  return (row: Row): Pick<LocationSpan, "before" | "after"> => ({
    before: before[row.kind].get(row) ?? null,
    after: row.goneScan === null ? null : (after[row.kind].get(row) ?? null),
  });
}
