import type { Database } from "better-sqlite3";
import { Refusal } from "#shared/model/refusal.ts";

export type Migration = { number: number; sql: string };

const files = import.meta.glob<string>("../migrations/*.sql", {
  query: "?raw",
  import: "default",
  eager: true,
});

/** Every migration in order. They are part of the program: no shell has to find a folder. */
export const migrations: readonly Migration[] = Object.entries(files)
  .map(([path, sql]) => ({ number: Number(/(\d{4})_/.exec(path)?.[1]), sql }))
  .sort((a, b) => a.number - b.number);

/** Marks a database as ours in its header: "Ltch". */
const APPLICATION_ID = 0x4c_74_63_68;

/**
 * Says how a database stands to this program, without writing: the number of its schema, 0 for an empty one.
 * One of another program, or of a newer version of this one, is refused.
 */
export function readSchema(db: Database, steps: readonly Migration[] = migrations): number {
  const known = steps.at(-1)?.number ?? 0;
  const current = readVersion(db);
  const owner = Number(db.pragma("application_id", { simple: true }));
  const isEmpty = current === 0 && db.prepare("SELECT 1 FROM sqlite_schema LIMIT 1").get() === undefined;
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
 * Brings a database to this program's schema, forward only.
 *
 * Each step and its number are one transaction: a step that fails, or a power
 * cut, leaves the step before it. A database from a newer program is left alone.
 */
export function migrate(db: Database, steps: readonly Migration[] = migrations): void {
  const current = readSchema(db, steps);
  const keepsReferences = db.pragma("foreign_keys", { simple: true }) === 1;
  // A step may make a table anew that others refer to; within a transaction this has no effect.
  db.pragma("foreign_keys = OFF");
  try {
    for (const step of steps.slice(current)) numberSchema(db, step);
  } finally {
    if (keepsReferences) db.pragma("foreign_keys = ON");
  }
}

/** Takes one step, and writes its number beside it, in one transaction. */
export function numberSchema(db: Database, { number, sql }: Migration): void {
  const take = db.transaction(() => {
    // Another process may have taken it while this one waited for its turn.
    if (readVersion(db) >= number) return;
    db.exec(sql);
    db.pragma(`application_id = ${APPLICATION_ID}`);
    db.pragma(`user_version = ${number}`);
  });
  take.immediate();
}

const readVersion = (db: Database): number => Number(db.pragma("user_version", { simple: true }));
