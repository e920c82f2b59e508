import type { Database } from "better-sqlite3";
import Sqlite from "better-sqlite3";
import { grantAges } from "./access/grant-writer.ts";
import { bundleTable, handedTable } from "./bundle-table.ts";
import { certificateMemory, revokedTable, violationTable } from "./certificates/certificate-memory.ts";
import { chainReader } from "./certificates/chain-reader.ts";
import { trustTable } from "./certificates/trust-table.ts";
import { claimTable } from "./claim-table.ts";
import { createCommits, diskHealth } from "./commits.ts";
import { eventTable } from "./event-table.ts";
import { explaining, explainSqlite } from "./explain-sqlite.ts";
import { findingWriter } from "./findings/finding-writer.ts";
import { hostNameTable } from "./hosts/address-table.ts";
import { endpointTable } from "./hosts/endpoint-table.ts";
import { hostVisits } from "./hosts/host-visit.ts";
import { createLists, type Lists } from "./lists/lists.ts";
import { loginTable } from "./logins/login-table.ts";
import { compileLater, setUp } from "./opening/connection.ts";
import { inventoryTable } from "./people/inventory-table.ts";
import { peopleStore } from "./people/people-store.ts";
import { peopleSourceTable } from "./people/person-table.ts";
import { carriedLookTable } from "./runs/host-readings.ts";
import { probeTable } from "./scans/probe-table.ts";
import { scanTable } from "./scans/scan-table.ts";
import { openSeals } from "./seals/seals.ts";
import { servedTable } from "./serving/served-table.ts";
import type { Store } from "./store.ts";
import { pinTable, targetTable } from "./target-table.ts";

/** What a scan writes with. The store of the core is one, too. */
export type RecordingStore = Pick<Store, "atomically" | "close"> & {
  bundles: Store["bundles"];
  carried: Pick<Store["carried"], "put" | "stand">;
  chains: Pick<Store["chains"], "named" | "isPublic" | "markPublic">;
  claims: Pick<Store["claims"], "find" | "add" | "drop" | "known">;
  endpoints: Pick<Store["endpoints"], "visit">;
  events: Pick<Store["events"], "append">;
  handed: Pick<Store["handed"], "find">;
  hosts: Pick<Store["hosts"], "visit">;
  revoked: Pick<Store["revoked"], "of" | "note">;
  trust: Pick<Store["trust"], "ders" | "mark">;
  people: Pick<Store["people"], "entries" | "holdHere" | "settle">;
  pins: Pick<Store["pins"], "put">;
  scans: Pick<Store["scans"], "begin" | "beginCarried" | "finish">;
  served: Store["served"];
  targets: Pick<Store["targets"], "remember">;
  uses: Pick<Store["uses"], "knownSince" | "recall">;
  violations: Store["violations"];
};

/** In KiB, of pages beside those that the core's connection keeps: what is written comes back to few of them. */
const CACHE = "cache_size = -4096";

/**
 * A second connection to a database that this process has opened to write: it is at our schema then, and locked against
 * every other process for as long as that store is open. This file imports no schema, so that a bare Node can run it.
 */
export function openRecordingStore(wish: { path: string; disk: SharedArrayBuffer }): RecordingStore {
  const { path } = wish;
  const explained = <Table extends object>(table: Table): Table => explaining(table, path);
  try {
    const db = new Sqlite(path, { fileMustExist: true });
    setUp(db);
    db.pragma(CACHE);
    openSeals(db, path);
    compileLater(db);
    const commits = createCommits(db, path, diskHealth(wish.disk));
    const lists = createLists(db);
    const { bundles, chains, endpoints, events, hostVisits, pins, scans, served, targets, uses, ...tables } =
      scanTables(db, lists);
    const people = peopleStore(db, { lists, rosters: peopleSourceTable(db), inventory: inventoryTable(db) });
    return {
      atomically: commits.atomically,
      bundles: explained(bundles),
      carried: explained(tables.carried),
      chains: explained(chains),
      claims: explained(tables.claims),
      endpoints: explained(endpoints),
      events: explained(events),
      handed: explained(tables.handed),
      hosts: explained(hostVisits),
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

/** The tables that a scan writes to, whichever connection it has. */
export function scanTables(db: Database, lists: Lists) {
  const certificates = certificateMemory(db);
  const probes = probeTable(db, lists);
  const writers = { certificates, findings: findingWriter(db), names: hostNameTable(db), probes };
  return {
    certificates,
    probes,
    bundles: bundleTable(db),
    carried: carriedLookTable(db),
    chains: chainReader(db),
    claims: claimTable(db),
    endpoints: endpointTable(db, writers),
    events: eventTable(db),
    handed: handedTable(db),
    hostVisits: hostVisits(db, writers),
    pins: pinTable(db),
    revoked: revokedTable(db),
    scans: scanTable(db, lists),
    served: servedTable(db, writers.findings),
    targets: targetTable(db),
    trust: trustTable(db),
    violations: violationTable(db),
    uses: { ...loginTable(db), knownSince: grantAges(db) },
  };
}
