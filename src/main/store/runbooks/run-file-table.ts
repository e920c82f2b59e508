import type { Database } from "better-sqlite3";
import { RunFile, type RunId } from "#shared/model/run.ts";

type Row = Omit<RunFile, "takeOut" | "putBack"> & { take_out: string; put_back: string };

const COLUMNS = "host, port, path, phase, fate, why, take_out, put_back";

/** Files that runs have left out, or could neither change nor take back. */
export function runFileTable(db: Database) {
  const all = db.prepare<[number], Row>(
    `SELECT ${COLUMNS} FROM run_file WHERE run = ? ORDER BY host, port, path`,
  );
  const put = db.prepare(`
    INSERT INTO run_file (run, ${COLUMNS})
    VALUES (@run, @host, @port, @path, @phase, @fate, @why, @takeOut, @putBack)
    ON CONFLICT (run, host, port, path) DO UPDATE SET phase = excluded.phase, fate = excluded.fate, why = excluded.why,
      take_out = excluded.take_out, put_back = excluded.put_back`);
  const unstick = db.prepare(
    "DELETE FROM run_file WHERE run = ? AND host = ? AND port = ? AND fate = 'stuck'",
  );

  return {
    all: (run: RunId): RunFile[] =>
      all
        .all(run)
        .map(({ take_out, put_back, ...row }) =>
          RunFile.parse({ ...row, takeOut: JSON.parse(take_out), putBack: JSON.parse(put_back) }),
        ),

    put: (run: RunId, { takeOut, putBack, ...file }: RunFile): void =>
      void put.run({ ...file, run, takeOut: JSON.stringify(takeOut), putBack: JSON.stringify(putBack) }),

    /** What is stuck there is forgotten; what is left out stays so. */
    unstick: (run: RunId, host: string, port: number): void => void unstick.run(run, host, port),
  };
}
