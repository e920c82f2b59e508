import type { Database } from "better-sqlite3";
import { KeptKey, RunId } from "#shared/model/run.ts";

/** An old private key with the run that has left it. */
export type KeptKeyOfRun = KeptKey & { run: RunId };

type Row = KeptKey & { run: number };

/** Old private keys that runs have left beside the new ones. */
export function keptKeyTable(db: Database) {
  const ofRun = db.prepare<[number], Row>(
    "SELECT run, host, port, path, kept FROM kept_key WHERE run = ? ORDER BY host, port, path",
  );
  const all = db.prepare<[], Row>("SELECT run, host, port, path, kept FROM kept_key ORDER BY run, id");
  const forget = db.prepare(
    "DELETE FROM kept_key WHERE run = @run AND kept = @kept AND host IS @host AND port IS @port",
  );
  const add = db.prepare(
    "INSERT INTO kept_key (run, host, port, path, kept) VALUES (@run, @host, @port, @path, @kept)",
  );

  return {
    ofRun: (run: RunId): KeptKey[] => ofRun.all(run).map((row) => KeptKey.parse(row)),

    /** Of all runs. */
    all: (): KeptKeyOfRun[] => all.all().map((row) => ({ ...KeptKey.parse(row), run: RunId.parse(row.run) })),

    /** Safe to be said twice. */
    put: (run: RunId, key: KeptKey): void => {
      forget.run({ ...key, run });
      add.run({ ...key, run });
    },

    /** It is gone. */
    forget: (run: RunId, key: KeptKey): void => void forget.run({ ...key, run }),
  };
}
