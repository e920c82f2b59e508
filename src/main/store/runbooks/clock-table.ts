import type { Database } from "better-sqlite3";
import type { RunId } from "#shared/model/run.ts";

/** How far the clock of a host was ahead of this computer's. */
type HostClock = { host: string; port: number; aheadSeconds: number };

/** What runs have seen of their hosts' clocks. */
export function clockTable(db: Database) {
  const ofRun = db.prepare<[number], HostClock>(
    "SELECT host, port, ahead_seconds AS aheadSeconds FROM run_host_clock WHERE run = ? ORDER BY host, port",
  );
  const put = db.prepare(`
    INSERT INTO run_host_clock (run, host, port, ahead_seconds)
    VALUES (@run, @host, @port, @aheadSeconds)
    ON CONFLICT DO UPDATE SET ahead_seconds = excluded.ahead_seconds`);

  const read = db
    .prepare<{ host: string; port: number }, number | null>(
      "SELECT clock_ahead_seconds FROM host WHERE host = @host AND port = @port",
    )
    .pluck();

  return {
    ofRun: (run: RunId): HostClock[] => ofRun.all(run),

    /** Seconds ahead, as the last scan that read the host found its clock; null: it does not tell. */
    readOf: ({ host, port }: { host: string; port: number }): number | null =>
      read.get({ host, port }) ?? null,

    /** The last one counts. */
    put: (run: RunId, clock: HostClock): void => void put.run({ ...clock, run }),
  };
}
