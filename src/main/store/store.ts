import { certificateMemory } from "./certificate-memory.ts";
import { endpointTable } from "./endpoint-table.ts";
import { eventTable } from "./event-table.ts";
import { explaining, explainSqlite } from "./explain-sqlite.ts";
import { findingWriter } from "./finding-writer.ts";
import { hostNameTable } from "./host-name-table.ts";
import { hostVisits } from "./host-visit.ts";
import { createLists } from "./lists/lists.ts";
import { openDatabase } from "./opening/open-database.ts";
import { pinTable } from "./pin-table.ts";
import { probeTable } from "./probe-table.ts";
import { scanTable } from "./scan-table.ts";
import { targetTable } from "./target-table.ts";

export type Store = ReturnType<typeof openStore>;

/**
 * Opens the database. Every fixed statement of the program is prepared here, so one that does not fit
 * the schema fails at once. What SQLite reports later reaches the caller as a refusal that says what to do.
 */
export function openStore({ path: name, access }: { path: string; access: "write" | "read" }) {
  const { db, path, close } = openDatabase(name, access);
  try {
    const explained = <Table extends object>(table: Table): Table => explaining(table, path);
    const lists = createLists(db);
    const probes = probeTable(db, lists);
    const certificates = certificateMemory(db);
    const writers = { certificates, findings: findingWriter(db), names: hostNameTable(db), probes };
    const scans = scanTable(db, lists);
    return {
      certificates: explained({ isKnown: certificates.isKnown }),
      endpoints: explained(endpointTable(db, writers)),
      events: explained(eventTable(db)),
      hosts: explained(hostVisits(db, writers)),
      pins: explained(pinTable(db)),
      scans: explained({ ...scans, probes: probes.list }),
      targets: explained(targetTable(db)),

      /** All of the work or none of it. The work cannot await: nothing comes in between. */
      atomically<T>(work: () => T): T {
        try {
          return db.transaction(work).immediate();
        } catch (error) {
          throw explainSqlite(error, path);
        }
      },
      close,
    };
  } catch (error) {
    close();
    throw explainSqlite(error, path);
  }
}
