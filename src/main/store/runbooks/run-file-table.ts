import type { Database } from "better-sqlite3";
import { RunFile, type RunFileState, type RunId, type RunRepair } from "#shared/model/run.ts";
import { Cause } from "#shared/model/step-result.ts";
import { formatCause } from "#shared/text/run-cause.ts";

type Row = Omit<RunFile, "cause" | "why" | "takeOut" | "putBack" | "repair"> & {
  cause: string;
  take_out: string;
  put_back: string;
  repair_over: string | null;
  repair_to: string | null;
  is_approved: number;
};

const COLUMNS =
  "host, port, path, phase, fate, cause, take_out, put_back, repair_over, repair_to, is_approved";

/** Files that runs have left out, or could neither change nor take back. */
export function runFileTable(db: Database) {
  const all = db.prepare<[number], Row>(
    `SELECT ${COLUMNS} FROM run_file WHERE run = ? ORDER BY host, port, path`,
  );
  const put = db.prepare(`
    INSERT INTO run_file (run, ${COLUMNS})
    VALUES (@run, @host, @port, @path, @phase, @fate, @cause, @takeOut, @putBack, @over, @to, 0)
    ON CONFLICT (run, host, port, path) DO UPDATE SET phase = excluded.phase, fate = excluded.fate, cause = excluded.cause,
      take_out = excluded.take_out, put_back = excluded.put_back, repair_over = excluded.repair_over,
      repair_to = excluded.repair_to, is_approved = 0`);
  const approve = db.prepare(`
    UPDATE run_file SET is_approved = 1
    WHERE run = @run AND host = @host AND port = @port AND path = @path AND fate = 'stuck'
      AND repair_over = @over AND repair_to = @to`);
  const unstick = db.prepare(
    "DELETE FROM run_file WHERE run = ? AND host = ? AND port = ? AND fate = 'stuck'",
  );

  const include = db.prepare(
    "DELETE FROM run_file WHERE run = ? AND host = ? AND port = ? AND fate = 'left-out'",
  );

  return {
    all: (run: RunId): RunFile[] => all.all(run).map(toFile),

    /** A repair is approved by `approve` alone. */
    put: (run: RunId, { cause, takeOut, putBack, repair, ...file }: RunFileState): void =>
      void put.run({
        ...file,
        run,
        cause: JSON.stringify(cause),
        takeOut: JSON.stringify(takeOut),
        putBack: JSON.stringify(putBack),
        over: repair?.over ?? null,
        to: repair?.to ?? null,
      }),

    /** Whether that is what would be done there. */
    approve: (run: RunId, approved: RunRepair): boolean => approve.run({ ...approved, run }).changes === 1,

    /** Nothing of that host is left out so far. */
    include: (run: RunId, host: string, port: number): void => void include.run(run, host, port),

    /** What is stuck there is forgotten; what is left out stays so. */
    unstick: (run: RunId, host: string, port: number): void => void unstick.run(run, host, port),
  };
}

function toFile({ take_out, put_back, repair_over: over, repair_to: to, is_approved, ...row }: Row): RunFile {
  const cause = Cause.parse(JSON.parse(row.cause));
  return RunFile.parse({
    ...row,
    cause,
    why: formatCause(cause),
    takeOut: JSON.parse(take_out),
    putBack: JSON.parse(put_back),
    repair: over === null ? null : { over, to, isApproved: is_approved === 1 },
  });
}
