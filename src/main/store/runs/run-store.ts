import type { Database } from "better-sqlite3";
import type { Lists } from "#store/lists/lists.ts";
import { factReader, servedFactReader } from "./fact-reader.ts";
import { hostReadingTable } from "./host-readings.ts";
import { journalTable } from "./journal-table.ts";
import { offlineTable } from "./offline-table.ts";
import { planTable } from "./plan-table.ts";
import { runCertificateTable } from "./run-certificate-table.ts";
import {
  accessCheckTable,
  clockTable,
  confirmationTable,
  keptKeyTable,
  runFileTable,
} from "./run-details.ts";
import { runTable } from "./run-table.ts";

type Explained = <Table extends object>(table: Table) => Table;

/** Plans, runs and their journals. */
export const runbookStore = (db: Database, lists: Lists, explained: Explained) => ({
  plans: explained(planTable(db, lists)),
  runs: explained(runTable(db, lists)),
  journal: explained(journalTable(db, lists)),
  offline: explained(offlineTable(db)),
  facts: explained(factReader(db)),
  readings: explained(hostReadingTable(db)),
  files: explained(runFileTable(db)),
  accessChecks: explained(accessCheckTable(db)),
  clocks: explained(clockTable(db)),
  keptKeys: explained(keptKeyTable(db)),
  certificates: explained(runCertificateTable(db)),
  confirmations: explained(confirmationTable(db)),
  servers: explained(servedFactReader(db)),
});
