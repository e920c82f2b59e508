import type { Database } from "better-sqlite3";
import { AccessCheck, type RunId } from "#shared/model/run.ts";

type Row = Omit<AccessCheck, "why"> & { why: string };

const COLUMNS = "host, port, account, fingerprint, answer, why, at";

/** What sshd says of keys whose lines runs have removed. */
export function accessCheckTable(db: Database) {
  const all = db.prepare<[number], Row>(
    `SELECT ${COLUMNS} FROM run_access_check WHERE run = ? ORDER BY host, port, account, fingerprint`,
  );
  const put = db.prepare(`
    INSERT INTO run_access_check (run, ${COLUMNS})
    VALUES (@run, @host, @port, @account, @fingerprint, @answer, @why, @at)
    ON CONFLICT DO UPDATE SET answer = excluded.answer, why = excluded.why, at = excluded.at
    WHERE excluded.answer <> 'unknown' OR answer = 'unknown'`);
  const forget = db.prepare("DELETE FROM run_access_check WHERE run = ? AND host = ? AND port = ?");

  return {
    all: (run: RunId): AccessCheck[] =>
      all.all(run).map(({ why, ...row }) => AccessCheck.parse({ ...row, why: JSON.parse(why) })),

    /** The last answer counts; that nothing was learnt now takes nothing back of what was. */
    put: (run: RunId, { why, ...check }: AccessCheck): void =>
      void put.run({ ...check, run, why: JSON.stringify(why) }),

    /** Of a host whose lines were put back. */
    forget: (run: RunId, host: string, port: number): void => void forget.run(run, host, port),
  };
}
