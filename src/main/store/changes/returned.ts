import type { Database } from "better-sqlite3";
import type { Instant } from "#shared/model/instant.ts";
import { FilePlan } from "#shared/model/runs/plan.ts";
import { readExactly } from "#shared/text/exact-bytes.ts";
import { fromStored } from "#store/runs/stored-json.ts";

/**
 * The condition for a grant to have returned: no line let its key in there any more, as a scan found, and it is there
 * again. What nobody removed by a run counts as agreed on while its approval stands, and anything that was approved
 * since.
 */
export const IS_RETURNED_GRANT = `gone_scan IS NULL AND returned_at IS NOT NULL AND (effective <> 'no' OR is_dormant = 1)
  AND NOT EXISTS (
    SELECT 1 FROM approval AS given
    WHERE given.id = grant_line.approval AND (grant_line.removed_by IS NULL OR given.approved_at >= grant_line.returned_at))`;

/** The condition for an account to have returned that is not the system's own, and that nobody has approved since. */
export const IS_RETURNED_ACCOUNT = `gone_scan IS NULL AND returned_at IS NOT NULL AND kind <> 'system'
  AND NOT EXISTS (
    SELECT 1 FROM account_approval AS given
    WHERE given.id = account.approval AND given.approved_at >= account.returned_at)`;

/**
 * How severe the return of an account is. Its way in may be a line or a password, which sshd may refuse; or what this
 * reading does not show: a password that was not read, certificates, or keys that could not be.
 */
export const RETURNED_ACCOUNT_SEVERITY = `CASE WHEN grant_count > 0 OR password_state IN ('set', 'none') THEN 'critical'
  WHEN password_state = 'unknown' OR entry_most > 1 THEN 'high' ELSE 'medium' END`;

/** Whether somebody gets into an account: for certain only by a line that is known to let in. */
export const ENTERED_BY = `CASE
  WHEN EXISTS (
    SELECT 1 FROM grant_line INDEXED BY grant_by_account
    WHERE grant_line.account = account.name AND grant_line.host_name = account.host_name
      AND grant_line.host = account.host AND grant_line.gone_scan IS NULL AND grant_line.effective = 'yes')
  THEN 'somebody'
  WHEN ${RETURNED_ACCOUNT_SEVERITY} = 'medium' THEN 'nobody' ELSE 'perhaps' END`;

/** What a grant came back from: the scan that had found it gone, and the run that had removed it, if one had. */
export type GrantReturn = {
  wasGoneScan: number | null;
  returnedAt: Instant | null;
  removedBy: number | null;
};

const NOT_RETURNED: GrantReturn = { wasGoneScan: null, returnedAt: null, removedBy: null };

type NewGrant = {
  host: number;
  hostName: string;
  port: number;
  account: string;
  fingerprint: string | null;
  text: string;
};

type GoneRow = {
  goneScan: number;
  goneAt: Instant;
  wasGoneScan: number | null;
  returnedAt: Instant | null;
  removedBy: number | null;
};

/**
 * Finds what a new line comes back from. It is as returned as the lines of its key that let into the account, and as
 * those that went in the same scan (it has moved or changed): of them all, as the one that has returned, so that nobody
 * gets rid of a return by writing the line twice. Nothing comes back where an older bundle is imported late, and where a
 * run of ours that had removed it has put it back. No bare parameter where SQLite would plan anew for each row (decision 0044).
 */
export function returnFinder(db: Database) {
  const findStanding = db.prepare<[string, number, string], GrantReturn>(`
    SELECT was_gone_scan AS wasGoneScan, returned_at AS returnedAt, removed_by AS removedBy
    FROM grant_line INDEXED BY grant_usable
    WHERE fingerprint = CAST(? AS TEXT) AND host = CAST(? AS INTEGER) AND account = CAST(? AS TEXT)
      AND gone_scan IS NULL AND effective <> 'no'
    ORDER BY returned_at DESC
    LIMIT 1`);
  const findGone = db.prepare<[string, number, string], GoneRow>(`
    SELECT gone_scan AS goneScan, (SELECT started_at FROM scan WHERE scan.id = gone_scan) AS goneAt,
      was_gone_scan AS wasGoneScan, returned_at AS returnedAt, removed_by AS removedBy
    FROM grant_line INDEXED BY grant_gone_by_key
    WHERE fingerprint = CAST(? AS TEXT) AND host = CAST(? AS INTEGER) AND account = CAST(? AS TEXT)
      AND gone_scan IS NOT NULL AND fingerprint IS NOT NULL
    ORDER BY gone_scan DESC, returned_at DESC
    LIMIT 1`);
  const startOf = db.prepare<[number], Instant>("SELECT started_at FROM scan WHERE id = ?").pluck();
  const removedBy = db
    .prepare<[string, string, number, string, string], number>(`
      SELECT run FROM run_access_check INDEXED BY access_check_of_key
      WHERE fingerprint = CAST(? AS TEXT) AND host = CAST(? AS TEXT) AND port = CAST(? AS INTEGER)
        AND account = CAST(? AS TEXT) AND at <= CAST(? AS TEXT)
      ORDER BY at DESC, run DESC
      LIMIT 1`)
    .pluck();
  const isPutBack = putBackFinder(db);

  return (grant: NewGrant, scanId: number): GrantReturn => {
    const { fingerprint, host, hostName, port, account } = grant;
    if (fingerprint === null) return NOT_RETURNED;
    const standing = findStanding.get(fingerprint, host, account);
    if (standing && standing.returnedAt !== null) return standing;
    const gone = findGone.get(fingerprint, host, account);
    if (!gone) return NOT_RETURNED;
    const { goneScan, goneAt, ...before } = gone;
    if (goneScan === scanId) return before;
    const at = startOf.get(scanId) ?? "";
    const isLater = at === goneAt ? scanId > goneScan : at > goneAt;
    if (!isLater || standing) return NOT_RETURNED;
    if (isPutBack(grant, { scanId, goneAt })) return NOT_RETURNED;
    return {
      wasGoneScan: goneScan,
      returnedAt: at,
      removedBy: removedBy.get(fingerprint, hostName, port, account, at) ?? null,
    };
  };
}

type RemovalRow = { run: number; plan: number; ordinal: number; at: Instant | null };

/**
 * Whether a run that has removed this very line of the account puts it back, or has done so since it was found gone. A
 * roll-back that stands still puts nothing back, and a file that it left out or could not write is as the host made it.
 * Plans are large: of a host they are read once a scan.
 */
function putBackFinder(db: Database) {
  const removals = db.prepare<[string, number], RemovalRow>(`
    SELECT run.id AS run, run.plan, plan_host.ordinal,
      CASE WHEN run_step.state = 'rolled-back' OR run_step.state = 'failed' AND result ->> '$.stands' = 'rolled-back'
           THEN run_step.at END AS at
    FROM run_step INDEXED BY run_step_removing
    JOIN run ON run.id = run_step.run
    JOIN plan_host ON plan_host.plan = run.plan AND plan_host.host = run_step.host AND plan_host.port = run_step.port
    WHERE phase = 'revoke' AND run_step.host = CAST(? AS TEXT) AND run_step.port = CAST(? AS INTEGER)
      AND (run_step.state = 'rolled-back' OR run_step.state = 'failed' AND result ->> '$.stands' = 'rolled-back'
        OR run.direction = 'back' AND run.state = 'running' AND run_step.state <> 'planned')`);
  const filesOf = db
    .prepare<[number, number], string>(
      "SELECT json_extract(body, '$.hosts[' || CAST(? AS INTEGER) || '].files') FROM plan WHERE id = CAST(? AS INTEGER)",
    )
    .pluck();
  const heldFiles = db
    .prepare<[number, string, number], string>(
      "SELECT path FROM run_file WHERE run = ? AND host = CAST(? AS TEXT) AND port = CAST(? AS INTEGER)",
    )
    .pluck();
  let read: { key: string; removals: (RemovalRow & { lines: Set<string> | null })[] } | null = null;

  return (grant: NewGrant, { scanId, goneAt }: { scanId: number; goneAt: Instant }): boolean => {
    const { hostName, port, account, text } = grant;
    const key = JSON.stringify([scanId, hostName, port]);
    if (read?.key !== key)
      read = { key, removals: removals.all(hostName, port).map((row) => ({ ...row, lines: null })) };
    const line = lineOf(account, text);
    return read.removals.some((removal) => {
      if (removal.at !== null && removal.at < goneAt) return false;
      removal.lines ??= removedLines(removal, grant);
      return removal.lines.has(line);
    });
  };

  function removedLines({ run, plan, ordinal }: RemovalRow, { hostName, port }: NewGrant): Set<string> {
    const held = new Set(heldFiles.all(run, hostName, port));
    const files = fromStored(FilePlan.array(), filesOf.get(ordinal, plan) ?? "") ?? [];
    return new Set(
      files
        .filter(({ path }) => !held.has(path))
        .flatMap(({ account, others = [], hunks }) => {
          const gone = hunks.flatMap(({ rows }) =>
            rows.flatMap(({ sign, text }) => (sign === "-" ? text : [])),
          );
          const texts = gone.map((text) => Buffer.from(readExactly(text) ?? []).toString("utf8"));
          return [account, ...others].flatMap((name) => texts.map((text) => lineOf(name, text)));
        }),
    );
  }
}

const lineOf = (account: string, text: string): string => JSON.stringify([account, text.trim()]);
