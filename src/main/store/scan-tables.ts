import type { Database } from "better-sqlite3";
import { grantAges } from "./access/grant-writer.ts";
import { accountMemory, keyPeople } from "./accounts/account-memory.ts";
import { servedTable } from "./bindings/served-table.ts";
import { bundleTable, issuedCollectorTable } from "./bundle-table.ts";
import { certificateMemory, revokedTable, violationTable } from "./certificates/certificate-memory.ts";
import { chainReader } from "./certificates/chain-reader.ts";
import { trustTable } from "./certificates/trust-table.ts";
import { claimTable } from "./claim-table.ts";
import { eventTable } from "./event-table.ts";
import { findingWriter } from "./findings/finding-writer.ts";
import { hostNameTable } from "./hosts/address-table.ts";
import { endpointTable } from "./hosts/endpoint-table.ts";
import { hostRecorder } from "./hosts/host-recorder.ts";
import type { Lists } from "./lists/lists.ts";
import { loginDayTable } from "./logins/login-day-table.ts";
import { loginTable } from "./logins/login-table.ts";
import { offlineReadingTable } from "./runs/host-readings.ts";
import { probeTable } from "./scans/probe-table.ts";
import { scanTable } from "./scans/scan-table.ts";
import { pinTable, targetTable } from "./target-table.ts";

/** The tables that a scan writes to, whichever connection it has. */
export function scanTables(db: Database, lists: Lists) {
  const certificates = certificateMemory(db);
  const probes = probeTable(db, lists);
  const writers = { certificates, findings: findingWriter(db), names: hostNameTable(db), probes };
  return {
    certificates,
    probes,
    bundles: bundleTable(db),
    offlineReadings: offlineReadingTable(db),
    chains: chainReader(db),
    claims: claimTable(db),
    endpoints: endpointTable(db, writers),
    events: eventTable(db),
    issuedCollectors: issuedCollectorTable(db),
    hostRecorder: hostRecorder(db, writers),
    pins: pinTable(db),
    revoked: revokedTable(db),
    scans: scanTable(db, lists),
    served: servedTable(db, writers.findings),
    targets: targetTable(db),
    trust: trustTable(db),
    violations: violationTable(db),
    uses: {
      ...loginTable(db),
      recallLogins: loginDayTable(db).recallLogins,
      knownSince: grantAges(db),
      knownAccounts: accountMemory(db),
      peopleOf: keyPeople(db),
    },
  };
}
