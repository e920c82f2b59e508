import Sqlite from "better-sqlite3";
import { createCommits, diskHealth } from "./commits.ts";
import { explaining, explainSqlite } from "./explain-sqlite.ts";
import { createLists } from "./lists/lists.ts";
import { compileLater, setUp } from "./opening/connection.ts";
import { inventoryTable } from "./people/inventory-table.ts";
import { peopleSourceTable } from "./people/people-source-table.ts";
import { peopleStore } from "./people/people-store.ts";
import { scanTables } from "./scan-tables.ts";
import { openSeals } from "./seals/seals.ts";
import type { Store } from "./store.ts";

type ScanTables = ReturnType<typeof scanTables>;

/** The tables that a scan writes to. The core's store has them, too. */
export type RecordingStore = {
  atomically: Store["atomically"];
  close: Store["close"];
  bundles: ScanTables["bundles"];
  chains: ScanTables["chains"];
  claims: ScanTables["claims"];
  endpoints: ScanTables["endpoints"];
  events: ScanTables["events"];
  issuedCollectors: ScanTables["issuedCollectors"];
  hosts: ScanTables["hostRecorder"];
  offlineReadings: ScanTables["offlineReadings"];
  people: ReturnType<typeof peopleStore>;
  pins: ScanTables["pins"];
  revoked: ScanTables["revoked"];
  /** Without a list of probes: a scan only writes them. */
  scans: ScanTables["scans"];
  served: ScanTables["served"];
  targets: ScanTables["targets"];
  trust: ScanTables["trust"];
  uses: ScanTables["uses"];
  violations: ScanTables["violations"];
};

/** In KiB, beside the cache of the core's connection: a scan rarely reads a page again after writing it. */
const CACHE = "cache_size = -4096";

/**
 * A second connection to a database that this process has opened to write: while that store is open, the database is at
 * our schema and locked against every other process. This file imports no schema, so that a bare Node can run it.
 */
export function openRecordingStore(options: { path: string; disk: SharedArrayBuffer }): RecordingStore {
  const { path } = options;
  const explained = <Table extends object>(table: Table): Table => explaining(table, path);
  try {
    const db = new Sqlite(path, { fileMustExist: true });
    setUp(db);
    db.pragma(CACHE);
    openSeals(db, path);
    compileLater(db);
    const commits = createCommits(db, path, diskHealth(options.disk));
    const lists = createLists(db);
    const {
      bundles,
      chains,
      endpoints,
      events,
      hostRecorder,
      pins,
      scans,
      served,
      targets,
      uses,
      ...tables
    } = scanTables(db, lists);
    const people = peopleStore(db, { lists, sources: peopleSourceTable(db), inventory: inventoryTable(db) });
    return {
      atomically: commits.atomically,
      bundles: explained(bundles),
      offlineReadings: explained(tables.offlineReadings),
      chains: explained(chains),
      claims: explained(tables.claims),
      endpoints: explained(endpoints),
      events: explained(events),
      issuedCollectors: explained(tables.issuedCollectors),
      hosts: explained(hostRecorder),
      people: explained(people),
      pins: explained(pins),
      revoked: explained(tables.revoked),
      scans: explained(scans),
      served: explained(served),
      targets: explained(targets),
      trust: explained(tables.trust),
      uses: explained(uses),
      violations: explained(tables.violations),
      close() {
        db.close();
        commits.close();
      },
    };
  } catch (error) {
    throw explainSqlite(error, path);
  }
}
