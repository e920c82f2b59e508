import type { Database } from "better-sqlite3";
import { Refusal } from "#shared/model/refusal.ts";
import { SCHEMA, type Schema } from "./schema.ts";

/** Marks a database as ours in its header: "Lkey". */
export const APPLICATION_ID = 0x4c_6b_65_79;

/** What marked databases before there was a version 1, "Ltch": their schemas have numbers of their own, and no way leads on. */
const DEVELOPMENT_ID = 0x4c_74_63_68;

/**
 * The version of a database's schema, 0 for an empty one; nothing is written. One of another program, of a newer version
 * of this one, or of a version before the first is refused.
 */
export function readSchema(db: Database, { version: known }: Schema = SCHEMA): number {
  const current = readVersion(db);
  const owner = Number(db.pragma("application_id", { simple: true }));
  const isEmpty = current === 0 && db.prepare("SELECT 1 FROM sqlite_schema LIMIT 1").get() === undefined;
  if (owner === DEVELOPMENT_ID) {
    throw new Refusal(
      "unusable",
      `${db.name} was made by a version of Latchkey before the first release, and this one cannot bring it up to date; ` +
        "it was not touched: finish or roll back its runs with that version; then move it away together with its .vault and " +
        ".seal-key files, or name another file by --db. Scans find hosts, keys and certificates again, and not approvals, people, issuers and runs",
    );
  }
  if (owner !== APPLICATION_ID && !isEmpty) {
    throw new Refusal("unusable", `${db.name} is a database of another program; name another file`);
  }
  if (current > known) {
    throw new Refusal(
      "unusable",
      `${db.name} is at schema ${current}, newer than this program's ${known}; it was not touched: use the newer Latchkey`,
    );
  }
  return current;
}

/**
 * Brings a database to this program's schema, forward only; an empty one at once.
 *
 * Each step and its version are one transaction: a step that fails, or a power
 * cut, leaves the step before it. A database from a newer program is left alone.
 */
export function migrate(db: Database, schema: Schema = SCHEMA): void {
  const current = readSchema(db, schema);
  if (current === 0) {
    take(db, schema.version, `${schema.tables}\n${schema.firstRows}`);
    return;
  }
  const keepsReferences = db.pragma("foreign_keys", { simple: true }) === 1;
  // A step may make a table anew that others refer to; within a transaction this has no effect.
  db.pragma("foreign_keys = OFF");
  try {
    for (const { version, sql } of schema.steps) take(db, version, sql);
  } finally {
    if (keepsReferences) db.pragma("foreign_keys = ON");
  }
}

/** What a database is carried to `version` by, and that number beside it, in one transaction; nothing where it is there already. */
function take(db: Database, version: number, sql: string): void {
  const inOne = db.transaction(() => {
    // Another process may have taken it while this one waited for its turn.
    if (readVersion(db) >= version) return;
    db.exec(sql);
    db.pragma(`application_id = ${APPLICATION_ID}`);
    db.pragma(`user_version = ${version}`);
  });
  inOne.immediate();
}

const readVersion = (db: Database): number => Number(db.pragma("user_version", { simple: true }));
