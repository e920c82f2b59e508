import type { Database } from "better-sqlite3";
import { grantRows, grantTable } from "./access/grant-table.ts";
import { accountList } from "./accounts/account-table.ts";
import { bindingList } from "./bindings/binding-list.ts";
import { certificateRows } from "./certificates/certificate-row.ts";
import { certificateTable } from "./certificates/certificate-table.ts";
import { expiryTable } from "./certificates/expiry-table.ts";
import { changeStore } from "./changes/change-store.ts";
import { createCommits, diskHealth } from "./commits.ts";
import { eventList } from "./event-table.ts";
import { explaining } from "./explain-sqlite.ts";
import { acceptanceTable, ruleTable } from "./findings/acceptance-table.ts";
import { findingBriefs } from "./findings/finding-briefs.ts";
import { findingTable } from "./findings/finding-table.ts";
import { graphStore } from "./graph/graph-store.ts";
import { endpointReader } from "./hosts/endpoint-table.ts";
import { hostKeyFacts } from "./hosts/host-key-facts.ts";
import { hostTable } from "./hosts/host-table.ts";
import { issuerStore } from "./issuers/issuer-store.ts";
import { labelTable } from "./labels/label-table.ts";
import { databaseVersion } from "./lists/kept.ts";
import { createLists } from "./lists/lists.ts";
import { loginStore } from "./logins/login-store.ts";
import { compileLater, MEMORY } from "./opening/connection.ts";
import { explainOpening, isDamage } from "./opening/damage.ts";
import { formatLoss, readMark } from "./opening/mark.ts";
import { type DatabaseOptions, openDatabase } from "./opening/open-database.ts";
import { inventoryTable } from "./people/inventory-table.ts";
import { ownerFinder } from "./people/owner-facts.ts";
import { peopleSourceTable } from "./people/people-source-table.ts";
import { peopleStore } from "./people/people-store.ts";
import { reviewStore } from "./reviews/review-store.ts";
import { runbookStore } from "./runs/run-store.ts";
import { scanTables } from "./scan-tables.ts";
import {
  findUnsealedAtOpening,
  findUnsealedRows,
  openSeals,
  type SealedRows,
  sealAnew,
} from "./seals/seals.ts";
import { figureReader } from "./today/figures.ts";
import { settingTable } from "./today/setting-table.ts";
import { targetGaps } from "./today/target-gaps.ts";

export type Store = ReturnType<typeof openStore>;

/**
 * Opens the database. Statements are compiled at their first use, or all at once here. A later error of SQLite reaches
 * the caller as a refusal that says what to do.
 */
export function openStore(
  options: DatabaseOptions & {
    /** The default is `MOST_COUNTED`. */
    mostCounted?: number;
    /** Fails at once for a statement that does not fit the schema. */
    compilesAll?: boolean;
  },
) {
  const { db, path, close: closeDatabase } = openDatabase(options);
  const unsealed = sealOrFind(db, path, options.access);
  if (!options.compilesAll) compileLater(db);
  const disk = diskHealth();
  let acquire: AcquireWrite = async () => () => undefined;
  try {
    const loss = findLoss(db, path, options.access);
    const { atomically, close: closeMark } = createCommits(db, path, disk);
    return {
      ...tables(db, path, options),
      atomically,

      /** As `atomically`, but waits until no other connection of this process is writing. */
      async queueWrite<T>(work: () => T): Promise<T> {
        const release = await acquire();
        try {
          return atomically(work);
        } finally {
          release();
        }
      },

      /** From now on another connection of this process writes, too; `take` acquires the right to write. */
      shareWith(take: AcquireWrite): void {
        acquire = take;
      },

      /** What was saved and is missing, as a sentence; null where nothing is. */
      loss,
      /**
       * What something other than this program has changed, as a sentence; null where nothing was found. An older copy
       * of the database is reported by `loss` alone.
       */
      unsealed: loss === null ? unsealed : null,
      /** Shared with every other connection to the database. */
      disk: disk.memory,

      sealAnew: () => sealAnew(db, path),
      /** See `findUnsealedRows`. A database in memory has no seals. */
      findUnsealedRows: (rows: readonly SealedRows[]) =>
        path === MEMORY ? [] : findUnsealedRows(db, path, rows),
      /** Another value after anything in the database has changed. */
      version: databaseVersion(db),
      facts: () => readFacts(db, path),
      close() {
        closeDatabase();
        closeMark();
      },
    };
  } catch (error) {
    closeDatabase();
    throw explainOpening(error, path);
  }
}

/** Resolves when no other connection writes. None does until the function that it resolves to is called. */
export type AcquireWrite = () => Promise<() => void>;

type Settings = { now?: () => Date; mostCounted?: number };

/** A connection that writes seals what it writes. A damaged database can still be read. */
function sealOrFind(db: Database, path: string, access: "write" | "read"): string | null {
  if (path === MEMORY) return null;
  try {
    const found = findUnsealedAtOpening(db, path);
    if (access === "write") openSeals(db, path);
    return found;
  } catch (error) {
    if (isDamage(error, path) && access === "read") return null;
    throw error;
  }
}

/** A damaged database can still be read, as far as that goes; nobody writes to it. */
function findLoss(db: Database, path: string, access: "write" | "read"): string | null {
  try {
    // The mark is read first, because the process that writes goes on meanwhile.
    return formatLoss(db, path, readMark(path));
  } catch (error) {
    if (isDamage(error, path) && access === "read") return null;
    throw error;
  }
}

function tables(db: Database, path: string, { now = () => new Date(), mostCounted }: Settings) {
  const explained = <Table extends object>(table: Table): Table => explaining(table, path);
  const inOneView = db.transaction((work: () => unknown) => work());
  /** For tables that are only read, and often: a page and its total are of one moment, and the file is locked once. */
  const viewed = <Table extends object>(table: Table): Table => explaining(table, path, inOneView);
  const lists = createLists(db, mostCounted === undefined ? {} : { mostCounted });
  const written = scanTables(db, lists);
  const { certificates, pins, probes, scans } = written;
  const acceptances = acceptanceTable(db);
  const briefs = findingBriefs(db, { acceptances, now });
  const rows = certificateRows(db, briefs);
  const inventory = inventoryTable(db);
  const sources = peopleSourceTable(db);
  const grants = grantRows({ briefs, owners: ownerFinder(db, { sources, inventory }) });
  const access = grantTable(db, { lists, rows: grants, inventory });
  const findings = findingTable(db, { lists, briefs, acceptances, findGrant: access.findRow });
  return {
    acceptances: explained(acceptances),
    access: viewed(access),
    accounts: viewed(accountList(db, { lists, briefs, now })),
    bundles: explained(written.bundles),
    offlineReadings: explained(written.offlineReadings),
    certificates: { ...viewed(certificateTable(db, lists, rows)), isKnown: certificates.isKnown },
    chains: explained(written.chains),
    changes: viewed(changeStore(db, lists)),
    claims: explained(written.claims),
    endpoints: { ...explained(written.endpoints), ...viewed(endpointReader(db, lists)) },
    events: { ...explained(written.events), ...viewed(eventList(db, lists)) },
    findings: viewed(findings),
    gaps: viewed(targetGaps(db, lists)),
    graph: explained(graphStore(db, lists)),
    issuedCollectors: explained(written.issuedCollectors),
    hostKeys: explained(hostKeyFacts(db)),
    hosts: {
      ...viewed(hostTable(db, { lists, briefs, pins, bundles: written.bundles })),
      ...explained(written.hostRecorder),
    },
    expiry: viewed(expiryTable(db)),
    issuers: issuerStore(db, explained),
    labels: explained(labelTable(db)),
    logins: viewed(loginStore(db, lists)),
    people: explained(peopleStore(db, { lists, sources, inventory })),
    pins: explained(pins),
    revoked: explained(written.revoked),
    reviews: reviewStore(db, lists, explained),
    rules: explained(ruleTable(db)),
    runbooks: runbookStore(db, lists, explained),
    scans: explained({ ...scans, probes: probes.list }),
    served: explained(written.served),
    settings: explained(settingTable(db)),
    bindings: viewed(bindingList(db, lists)),
    targets: explained(written.targets),
    today: viewed(figureReader(db, { rows, findings, scans, inventory, lists })),
    trust: explained(written.trust),
    uses: explained(written.uses),
    violations: explained(written.violations),
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
