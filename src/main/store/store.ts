import Sqlite, { type Database } from "better-sqlite3";
import { Refusal } from "#shared/model/refusal.ts";
import { grantRows } from "./access/grant-row.ts";
import { grantTable } from "./access/grant-table.ts";
import { certificateMemory } from "./certificates/certificate-memory.ts";
import { certificateRows } from "./certificates/certificate-row.ts";
import { certificateTable } from "./certificates/certificate-table.ts";
import { eventTable } from "./event-table.ts";
import { explaining, explainSqlite } from "./explain-sqlite.ts";
import { findingBriefs } from "./findings/finding-briefs.ts";
import { findingTable } from "./findings/finding-table.ts";
import { findingWriter } from "./findings/finding-writer.ts";
import { endpointTable } from "./hosts/endpoint-table.ts";
import { hostNameTable } from "./hosts/host-name-table.ts";
import { hostTable } from "./hosts/host-table.ts";
import { hostVisits } from "./hosts/host-visit.ts";
import { createLists } from "./lists/lists.ts";
import { explainOpening, isDamage } from "./opening/damage.ts";
import { openMark, readMark } from "./opening/mark.ts";
import { MEMORY, openDatabase } from "./opening/open-database.ts";
import { progressOf, sayLoss } from "./opening/progress.ts";
import { overview } from "./overview/overview.ts";
import { pinTable } from "./pin-table.ts";
import { probeTable } from "./scans/probe-table.ts";
import { scanTable } from "./scans/scan-table.ts";
import { targetTable } from "./target-table.ts";

export type Store = ReturnType<typeof openStore>;

/**
 * Opens the database. Every fixed statement of the program is prepared here, so one that does not fit
 * the schema fails at once. What SQLite reports later reaches the caller as a refusal that says what to do.
 */
export function openStore(wish: { path: string; access: "write" | "read"; now?: () => Date }) {
  const { db, path, close: closeDatabase } = openDatabase(wish);
  const mark = openMark(path);
  const close = () => {
    closeDatabase();
    mark.close();
  };
  let hasDiskFailed = false;
  try {
    const loss = findLoss(db, path, wish.access);
    const progress = progressOf(db);
    return {
      ...tables(db, path),

      /** What had been saved and is missing, as a sentence; null when nothing is. */
      loss,

      /** All of the work or none of it. The work cannot await: nothing comes in between. */
      atomically<T>(work: () => T): T {
        const result = commit(work);
        // Within other work nothing is on the disk yet.
        if (path !== MEMORY && !db.inTransaction) mark.keep(progress());
        return result;
      },

      facts: () => readFacts(db, path),
      close,
    };
  } catch (error) {
    close();
    throw explainOpening(error, path);
  }

  function commit<T>(work: () => T): T {
    if (hasDiskFailed)
      throw new Refusal(
        "unusable",
        `the disk has failed under ${path}, and nothing more is saved: see to the disk, and start Latchkey again`,
      );
    try {
      return db.transaction(work).immediate();
    } catch (error) {
      // What the system still holds of a write that failed cannot be told: this connection writes no more.
      hasDiskFailed ||= error instanceof Sqlite.SqliteError && error.code.startsWith("SQLITE_IOERR");
      throw explainSqlite(error, path);
    }
  }
}

/** A database that is damaged is still read, so far as that goes; nobody writes to it. */
function findLoss(db: Database, path: string, access: "write" | "read"): string | null {
  try {
    // The mark is read first: whoever writes beside us goes on.
    return sayLoss(db, path, readMark(path));
  } catch (error) {
    if (isDamage(error, path) && access === "read") return null;
    throw error;
  }
}

function tables(db: Database, path: string) {
  const explained = <Table extends object>(table: Table): Table => explaining(table, path);
  const inOneView = db.transaction((work: () => unknown) => work());
  /** For what only reads, often: a page and its total are of one moment, and the file is locked once. */
  const viewed = <Table extends object>(table: Table): Table => explaining(table, path, inOneView);
  const lists = createLists(db);
  const briefs = findingBriefs(db);
  const certificates = certificateMemory(db);
  const findings = findingTable(db, lists, briefs);
  const pins = pinTable(db);
  const probes = probeTable(db, lists);
  const scans = scanTable(db, lists);
  const rows = certificateRows(db, briefs);
  const writers = { certificates, findings: findingWriter(db), names: hostNameTable(db), probes };
  return {
    access: viewed(grantTable(db, lists, grantRows(briefs))),
    certificates: { ...viewed(certificateTable(db, lists, rows)), isKnown: certificates.isKnown },
    endpoints: explained(endpointTable(db, writers)),
    events: explained(eventTable(db)),
    findings: viewed(findings),
    hosts: { ...viewed(hostTable(db, { lists, briefs, pins })), ...explained(hostVisits(db, writers)) },
    overview: viewed(overview(db, { rows, findings, scans })),
    pins: explained(pins),
    scans: explained({ ...scans, probes: probes.list }),
    targets: explained(targetTable(db)),
  };
}

/** Where the database is, and how large: as SQLite counts it, so without what still waits in the log. */
function readFacts(db: Database, path: string) {
  const read = (name: string) => Number(db.pragma(name, { simple: true }));
  return {
    path,
    sizeBytes: read("page_count") * read("page_size"),
    schema: read("user_version"),
    synchronous: read("synchronous"),
    journal: String(db.pragma("journal_mode", { simple: true })),
  };
}
