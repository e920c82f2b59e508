import type { Database } from "better-sqlite3";
import type { Verdict } from "#shared/model/access/verdict.ts";
import type { Instant } from "#shared/model/instant.ts";
import { returnFinder } from "#store/changes/returned.ts";
import { revisionWriter } from "#store/changes/revision-writer.ts";
import type { CollectedGrant } from "#store/probe-record.ts";
import type { HostCoverage } from "#store/spans.ts";

/** The host that has the grants: its row, the row of its name, and its name as lists print it. */
type Home = { id: number; name: number; host: string; port: number };

type Row = {
  id: number;
  account: string;
  file: string;
  line: number;
  text: string;
  uid: number;
  verdict: string;
};

/**
 * The grant that ended and was not continued yet. A line of another text with the same key, for the same account in the
 * same file, is the same grant, changed.
 */
const BEFORE = `
  SELECT thing
  FROM grant_line INDEXED BY grant_gone CROSS JOIN gone_revision ON kind = 'grant' AND about = grant_line.id
  WHERE grant_line.host = CAST(? AS INTEGER) AND account = CAST(? AS TEXT) AND file = CAST(? AS TEXT)
    AND fingerprint = CAST(? AS TEXT) AND grant_line.gone_scan IS NOT NULL
  ORDER BY text = CAST(? AS TEXT) DESC, grant_line.gone_scan DESC, line
  LIMIT 1`;

type KeyRow = { is_matched: number; listed: string | null };
type ApprovalRow = { id: number; review_on: string | null };

/** Writes the grants of a host as spans: a grant goes on as long as its text does, even if the line moves. */
export function grantWriter(db: Database) {
  const current = db.prepare<[number], Row>(`
    SELECT id, account, file, line, text, uid, verdict
    FROM grant_line
    WHERE host = CAST(? AS INTEGER) AND gone_scan IS NULL
    ORDER BY line DESC`);
  const knowKey = db.prepare(`
    INSERT INTO key (fingerprint, key_type, key_bits) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`);
  const findStanding = standingFinder(db);
  const findReturn = returnFinder(db);
  const begin = db.prepare(`
    INSERT INTO grant_line (host, host_name, port, account, uid, file, line, fingerprint, key_type, key_bits, comment,
      options, text, effective, verdict, use, is_dormant, is_matched, listed, approval, review_on, is_vouched,
      orphan_since, was_gone_scan, returned_at, removed_by, first_scan, last_scan)
    VALUES (@host, @hostName, @port, @account, @uid, @file, @line, @fingerprint, @keyType, @keyBits, @comment,
      @options, @text, @effective, @verdict, @use, @isDormant, @isMatched, @listed, @approval, @reviewOn, @isVouched,
      @at, @wasGoneScan, @returnedAt, @removedBy, @scanId, @scanId)`);
  const extend = db.prepare("UPDATE grant_line SET last_scan = ? WHERE id = ?");
  const change = db.prepare(`
    UPDATE grant_line
    SET last_scan = @scanId, line = @line, uid = @uid, effective = @effective, verdict = @verdict, use = @use,
        is_dormant = @isDormant
    WHERE id = @id`);
  const end = db.prepare("UPDATE grant_line SET gone_scan = ? WHERE id = ?");
  const findBefore = db.prepare<[number, string, string, string | null, string], number>(BEFORE).pluck();
  const revisions = revisionWriter(db);

  return {
    /** Returns the rows of the grants that were seen, by account, file and line. */
    follow(
      home: Home,
      grants: readonly CollectedGrant[],
      { scanId, couldSee, unlisted }: HostCoverage,
      at: Instant,
    ): Map<string, number> {
      const seen = [...new Map(grants.map((grant) => [locationOf(grant), grant])).values()];
      const { rows, gone } = match(current.all(home.id), seen);
      // Grants that end are written first, so that a key that has only moved is never on two accounts in between.
      for (const { id, account, file } of gone) {
        if (!couldSee(file) || unlisted.has(account)) continue;
        end.run(scanId, id);
        revisions.end(toThing(id), scanId);
      }
      return new Map(
        seen.map((grant, index) => [locationOf(grant), write(home, { grant, row: rows[index], scanId, at })]),
      );
    },
  };

  function write(
    home: Home,
    { grant, row, scanId, at }: { grant: CollectedGrant; row: Row | undefined; scanId: number; at: Instant },
  ) {
    const verdict = JSON.stringify(grant.verdict);
    const evaluated = {
      line: grant.line,
      uid: grant.uid,
      effective: grant.verdict.effective.state,
      verdict,
      use: grant.verdict.use.state,
      isDormant: Number(grant.verdict.effective.dormant !== null),
      scanId,
    };
    if (row) {
      const isSame = row.line === grant.line && row.uid === grant.uid && row.verdict === verdict;
      if (isSame) {
        extend.run(scanId, row.id);
      } else {
        change.run({ ...evaluated, id: row.id });
        revise(row, grant, scanId);
      }
      return row.id;
    }
    if (grant.fingerprint !== null) knowKey.run(grant.fingerprint, grant.keyType ?? "", grant.keyBits);
    const written = { ...grant, ...evaluated, host: home.id, hostName: home.host, port: home.port, at };
    const origins = { ...findStanding(written), ...findReturn(written, scanId) };
    const id = Number(begin.run({ ...written, ...origins }).lastInsertRowid);
    const { account, file, fingerprint, text } = grant;
    const origin = findBefore.get(home.id, account, file, fingerprint, text) ?? null;
    revisions.begin(toThing(id), { scanId, name: home.name, state: stateOf(grant.verdict), origin });
    return id;
  }

  function revise(row: Row, grant: CollectedGrant, scanId: number): void {
    const state = stateOf(grant.verdict);
    if (row.verdict !== JSON.stringify(grant.verdict) && stateOf(JSON.parse(row.verdict)) !== state)
      revisions.change(toThing(row.id), scanId, () => ({ state, isOtherwise: true }));
    if (row.line !== grant.line) revisions.moveGrant(row.id, scanId, { from: row.line, to: grant.line });
  }
}

const toThing = (id: number) => ({ kind: "grant" as const, about: id, label: null });

/** The part of a verdict of which a change makes another revision of the grant. */
const stateOf = ({ effective }: Pick<Verdict, "effective">): string =>
  JSON.stringify([effective.state, effective.dormant, effective.gives, effective.onlyFrom]);

/**
 * Finds what is known of the key of a new grant, and who has approved its line. These are separate statements: SQLite
 * would prepare a statement that joins anew for each row, with all the triggers of the table that it writes to
 * (decision 0044).
 */
function standingFinder(db: Database) {
  const findKey = db.prepare<[string], KeyRow>("SELECT is_matched, listed FROM key WHERE fingerprint = ?");
  const findApproval = db.prepare<object, ApprovalRow>(`
    SELECT id, review_on FROM approval
    WHERE host = @host AND account = @account AND file = @file AND text = @text AND withdrawn_at IS NULL`);

  return (grant: Pick<CollectedGrant, "account" | "file" | "text" | "fingerprint"> & { host: number }) => {
    const key = grant.fingerprint === null ? undefined : findKey.get(grant.fingerprint);
    const approval = findApproval.get(grant);
    return {
      isMatched: key?.is_matched ?? 0,
      listed: key?.listed ?? null,
      approval: approval?.id ?? null,
      reviewOn: approval?.review_on ?? null,
      isVouched: Number(approval !== undefined),
    };
  };
}

/** How a finding names a grant of the host that is probed. */
export const locationOf = ({
  account,
  file,
  line,
}: {
  account: string;
  file: string;
  line: number;
}): string => JSON.stringify([account, file, line]);

const textOf = ({ account, file, text }: Row | CollectedGrant): string =>
  JSON.stringify([account, file, text]);

/**
 * Matches each grant that was seen with its known row: first the row of the same line, then one of the same text
 * elsewhere in the file.
 */
function match(
  known: readonly Row[],
  seen: readonly CollectedGrant[],
): { rows: (Row | undefined)[]; gone: Row[] } {
  const exact = new Map(known.map((row) => [`${row.line} ${textOf(row)}`, row]));
  const unmoved = seen.map((grant) => exact.get(`${grant.line} ${textOf(grant)}`));
  const used = new Set(unmoved);
  const moved = new Map<string, Row[]>();
  for (const row of known) {
    if (used.has(row)) continue;
    const rows = moved.get(textOf(row));
    if (rows) rows.push(row);
    else moved.set(textOf(row), [row]);
  }
  const rows = seen.map((grant, index) => unmoved[index] ?? moved.get(textOf(grant))?.pop());
  const kept = new Set(rows);
  return { rows, gone: known.filter((row) => !kept.has(row)) };
}

/** A line by its text, wherever in the file it stands. */
type Line = { account: string; file: string; text: string };

/** When scans first saw each line that stands on a host now; null for a line that no scan has seen. */
export function grantAges(db: Database) {
  const lines = db.prepare<[string, number], Line & { since: Instant }>(`
    SELECT account, file, text, min(started_at) AS since
    FROM grant_line
    JOIN host ON host.id = grant_line.host
    JOIN scan ON scan.id = first_scan
    WHERE host.host = ? AND host.port = ? AND gone_scan IS NULL
    GROUP BY account, file, text`);

  return ({ host, port }: { host: string; port: number }): ((line: Line) => Instant | null) => {
    const known = new Map(lines.all(host, port).map(({ since, ...line }) => [nameOf(line), since]));
    return (line) => known.get(nameOf(line)) ?? null;
  };
}

const nameOf = ({ account, file, text }: Line): string => JSON.stringify([account, file, text]);

/**
 * Dates the grants that have just become orphans. Call it in the transaction that changes owners or use: the triggers
 * re-evaluate grants by themselves, and know no clock.
 */
export function orphanClock(db: Database): (at: Instant) => void {
  const date = db.prepare(`
    UPDATE grant_line INDEXED BY grant_orphan_unsettled SET orphan_since = ?
    WHERE gone_scan IS NULL AND orphan IS NOT NULL AND orphan_since IS NULL`);
  return (at) => void date.run(at);
}
