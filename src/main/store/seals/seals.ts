import { createHash, createHmac, randomBytes } from "node:crypto";
import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from "node:fs";
import type { Database } from "better-sqlite3";
import { findEditedCopies, restoreCopies } from "#store/labels/label-copies.ts";
import { SEALED_TABLES, type SealedTable } from "./sealed-tables.ts";

type Value = string | number | bigint | Buffer | null;

/** The seal of a row, or of all of them: 32 bytes. */
function sealOf(key: Uint8Array, values: readonly Value[]): Buffer {
  const plain = values.map((value) =>
    Buffer.isBuffer(value)
      ? { hex: value.toString("hex") }
      : typeof value === "bigint"
        ? Number(value)
        : value,
  );
  return createHmac("sha256", key).update(JSON.stringify(plain)).digest();
}

const NOTHING: Buffer = Buffer.alloc(32);

function xor(one: Uint8Array, other: Uint8Array): Buffer {
  return Buffer.from(one.map((byte, at) => byte ^ (other[at] ?? 0)));
}

const nameOf = (key: Uint8Array): string => createHash("sha256").update(key).digest("hex").slice(0, 16);

/**
 * Seals each row of these tables that this connection writes from now on, within the transaction that writes it. The
 * triggers are those of this connection alone: another program that writes to the file has neither them nor the key.
 */
function installSeals(db: Database, key: Uint8Array): void {
  db.function("seal_of", { varargs: true, deterministic: true }, (...values: unknown[]) =>
    sealOf(key, values as Value[]),
  );
  db.function("seal_xor", { deterministic: true }, (one: unknown, other: unknown) =>
    xor(one as Buffer, (other as Buffer | null) ?? NOTHING),
  );
  db.exec(SEALED_TABLES.map(writeTriggers).join("\n"));
}

const idOf = ({ key }: SealedTable, row: "NEW" | "OLD"): string =>
  `json_array(${key.map((column) => `${row}.${column}`).join(", ")})`;

function writeTriggers(sealed: SealedTable): string {
  const { table, columns } = sealed;
  const unseal = `
    UPDATE seal_state SET total = seal_xor(total,
      (SELECT mac FROM row_seal WHERE kind = '${table}' AND id = ${idOf(sealed, "OLD")}));
    DELETE FROM row_seal WHERE kind = '${table}' AND id = ${idOf(sealed, "OLD")};`;
  const unsealNew = unseal.replaceAll("OLD.", "NEW.");
  const seal = `
    INSERT INTO row_seal (kind, id, mac) VALUES ('${table}', ${idOf(sealed, "NEW")},
      seal_of('${table}', ${columns.map((column) => `NEW.${column}`).join(", ")}));
    UPDATE seal_state SET total = seal_xor(total,
      (SELECT mac FROM row_seal WHERE kind = '${table}' AND id = ${idOf(sealed, "NEW")}));`;
  const end = "UPDATE seal_state SET mac = seal_of('all', total);";
  return `
    CREATE TEMP TRIGGER seal_${table}_insert AFTER INSERT ON main.${table} BEGIN ${unsealNew} ${seal} ${end} END;
    CREATE TEMP TRIGGER seal_${table}_update AFTER UPDATE ON main.${table} BEGIN ${unseal} ${seal} ${end} END;
    CREATE TEMP TRIGGER seal_${table}_delete AFTER DELETE ON main.${table} BEGIN ${unseal} ${end} END;`;
}

type State = { key_id: string; total: Buffer; mac: Buffer };

const hasSeals = (db: Database): boolean =>
  db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'seal_state'").get() !== undefined;

const readState = (db: Database): State | undefined =>
  db.prepare<[], State>("SELECT key_id, total, mac FROM seal_state WHERE id = 1").get();

/** Seals all rows again as they are; returns how many there are. */
function sealAll(db: Database, key: Buffer): number {
  return db.transaction(() => {
    db.exec("DELETE FROM row_seal; DELETE FROM seal_state;");
    const put = db.prepare("INSERT INTO row_seal (kind, id, mac) VALUES (?, ?, ?)");
    let total = NOTHING;
    let count = 0;
    for (const sealed of SEALED_TABLES)
      for (const { id, mac } of listRows(db, sealed, key)) {
        put.run(sealed.table, id, mac);
        total = xor(total, mac);
        count++;
      }
    db.prepare("INSERT INTO seal_state (id, key_id, total, mac) VALUES (1, ?, ?, ?)").run(
      nameOf(key),
      total,
      sealOf(key, ["all", total]),
    );
    return count;
  })();
}

/** Made of constants of this program alone. */
const writeSelect = ({ table, key, columns }: SealedTable): string =>
  `SELECT json_array(${key.join(", ")}), ${columns.join(", ")} FROM ${table}`;

function listRows(db: Database, sealed: SealedTable, key: Uint8Array) {
  const sql = writeSelect(sealed);
  const rows = db.prepare<[], Value[]>(sql).raw().all();
  return rows.map(([id, ...values]) => ({ id: String(id), mac: sealOf(key, [sealed.table, ...values]) }));
}

/** So many rows are named; the others are counted. */
const MOST_NAMED = 20;

/**
 * What in these tables is not as this program has left it, each as a sentence: rows that were changed, added or removed
 * by somebody who had the file and not the key; or why that cannot be verified. None where all is well, and for a
 * database that has no seals yet. What was removed with its seal is missed where all tables are verified whole: those of
 * more than \`most\` rows together are not.
 */
export function findUnsealed(db: Database, path: string, most = Infinity): string[] {
  if (!hasSeals(db)) return [];
  const key = readSealKey(path);
  const state = readState(db);
  const where = sealKeyPath(path);
  if (!state)
    return key === null || isFresh(db)
      ? []
      : [
          `its pins, approvals and issuers have no seals, and this computer has the key of some: the database is older than they are, or somebody removed them; ${INSPECT}`,
        ];
  if (key === null)
    return [
      `whether its pins, approvals and issuers were changed by others cannot be verified: ${where} is not there; put it back, or ${INSPECT}`,
    ];
  if (state.key_id !== nameOf(key))
    return [
      `whether its pins, approvals and issuers were changed by others cannot be verified: they were sealed by another key than that in ${where}; ${INSPECT}`,
    ];
  const { whole, large } = splitBySize(db, most);
  const found = [
    ...whole.flatMap((sealed) => compareRows(db, sealed, key)),
    ...large.flatMap(({ sealed, first }) => compareFirst(db, { sealed, first, key })),
  ];
  const missing =
    large.length > 0 || isTotal(db, key, state) || found.length > 0
      ? []
      : ["pins, approvals, labels or others were removed, with their seals, outside this program"];
  const more = found.length > MOST_NAMED ? [`and ${found.length - MOST_NAMED} more`] : [];
  const said = [...found.slice(0, MOST_NAMED), ...more, ...missing];
  return said.length === 0 ? [] : [...said, INSPECT];
}

/** Rows of sealed tables, by a condition with one value. */
export type SealedRows = { table: string; where: string; value: number };

/**
 * What of these rows is not as this program has left it, and whether any seal was removed with its row, each as a sentence. For what is
 * done by them: the others are verified at opening, and not where they are too many.
 */
export function findUnsealedRows(db: Database, path: string, rows: readonly SealedRows[]): string[] {
  const [state, key] = [hasSeals(db) ? readState(db) : undefined, readSealKey(path)];
  if (!state || key === null || state.key_id !== nameOf(key))
    return [
      `whether it was changed by others cannot be verified: its seals, or ${sealKeyPath(path)}, are not there`,
    ];
  const find = rowFinder(db, key);
  const found = rows.flatMap(({ table, where, value }) => {
    const sealed = SEALED_TABLES.find((one) => one.table === table);
    if (!sealed) throw new Error(`${table} is not sealed`);
    return find(sealed, `WHERE ${where} = ?`, value);
  });
  return found.length > 0 || isTotal(db, key, state)
    ? found
    : ["rows were removed outside this program, with their seals: latchkey database check says more"];
}

/** Finds what is not as it was sealed among the rows that the end of a query with one value chooses. */
function rowFinder(db: Database, key: Buffer): (sealed: SealedTable, end: string, value: number) => string[] {
  const sealIn = db
    .prepare<[string, string], Buffer>("SELECT mac FROM row_seal WHERE kind = ? AND id = ?")
    .pluck();
  return (sealed, end, value) => {
    const sql = `${writeSelect(sealed)} ${end}`;
    const rows = db.prepare<[number], Value[]>(sql).raw().all(value);
    return rows.flatMap(([id, ...values]) => {
      const before = sealIn.get(sealed.table, String(id));
      if (before?.equals(sealOf(key, [sealed.table, ...values]))) return [];
      return [`${nameRow(sealed, String(id))} was ${before ? "changed" : "added"} outside this program`];
    });
  };
}

/** What a row is called; a seal that somebody else wrote may name none. */
function nameRow(sealed: SealedTable, id: string): string {
  try {
    const key: unknown = JSON.parse(id);
    if (Array.isArray(key)) return sealed.describe(key);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  return `a row of ${sealed.table} without a name`;
}

/** All seals together are as they were left. */
function isTotal(db: Database, key: Buffer, { total, mac }: State): boolean {
  const macs = db.prepare<[], Buffer>("SELECT mac FROM row_seal").pluck().all();
  return macs.reduce(xor, NOTHING).equals(total) && sealOf(key, ["all", total]).equals(mac);
}

const INSPECT =
  "look at latchkey host-keys, approvals, issuers, label and findings --accepted, and say latchkey database seal once all is right";

function compareRows(db: Database, sealed: SealedTable, key: Buffer): string[] {
  const seals = new Map(
    db
      .prepare<[string], { id: string; mac: Buffer }>("SELECT id, mac FROM row_seal WHERE kind = ?")
      .all(sealed.table)
      .map(({ id, mac }) => [id, mac]),
  );
  const name = (id: string) => nameRow(sealed, id);
  const changed = listRows(db, sealed, key).flatMap(({ id, mac }) => {
    const before = seals.get(id);
    seals.delete(id);
    if (before === undefined) return [`${name(id)} was added outside this program`];
    return before.equals(mac) ? [] : [`${name(id)} was changed outside this program`];
  });
  return [...changed, ...[...seals.keys()].map((id) => `${name(id)} was removed outside this program`)];
}

/** Whether no event was ever recorded in it. */
const isFresh = (db: Database): boolean => db.prepare("SELECT 1 FROM event LIMIT 1").get() === undefined;

/** So many rows are verified when the database is opened: `database check` verifies all. */
const MOST_AT_OPENING = 20_000;

type LargeTable = { sealed: SealedTable; first: number };

/**
 * The tables that are small enough, one after the other: a large one keeps no other from being verified. Their rows are
 * counted, not their seals. Of a large one so many of the first are verified as would still be small: one that was small
 * before somebody added rows has one among them that has no seal, or a false one.
 */
function splitBySize(db: Database, most: number): { whole: SealedTable[]; large: LargeTable[] } {
  const whole: SealedTable[] = [];
  const large: LargeTable[] = [];
  let left = most;
  for (const sealed of SEALED_TABLES) {
    const size = most === Infinity ? 0 : countRows(db, sealed);
    if (size > left) large.push({ sealed, first: left + 1 });
    else {
      whole.push(sealed);
      left -= size;
    }
  }
  return { whole, large };
}

function countRows(db: Database, { table }: SealedTable): number {
  const sql = `SELECT count(*) FROM ${table}`;
  return db.prepare<[], number>(sql).pluck().get() ?? 0;
}

/** Of a large table: whether each row has a seal, by their number, and whether the first have their own. */
function compareFirst(db: Database, { sealed, first, key }: LargeTable & { key: Buffer }): string[] {
  const { table } = sealed;
  const sealCount = db.prepare<[string], number>("SELECT count(*) FROM row_seal WHERE kind = ?").pluck();
  const more = countRows(db, sealed) - (sealCount.get(table) ?? 0);
  const uneven =
    more > 0
      ? [`${more} rows of ${table} are not sealed: they were added outside this program`]
      : more < 0
        ? [`${-more} rows of ${table} were removed outside this program`]
        : [];
  return [...uneven, ...rowFinder(db, key)(sealed, "LIMIT ?", first)];
}

/**
 * Call it for each connection that writes. A database without seals gets them where there is no key either: then
 * nothing was sealed here before. What cannot be verified is never sealed again automatically.
 */
export function openSeals(db: Database, path: string): void {
  const state = readState(db);
  const known = readSealKey(path);
  if (!state && (known === null || isFresh(db))) {
    const key = known ?? createKey(path);
    if (key === null) return;
    sealAll(db, key);
    installSeals(db, key);
  } else if (state && known && state.key_id === nameOf(known)) installSeals(db, known);
}

/** Null where it cannot be created, such as where another file has its path: no file is ever overwritten. */
function createKey(path: string): Buffer | null {
  try {
    return makeSealKey(path);
  } catch (error) {
    if (error instanceof Error && "errno" in error) return null;
    throw error;
  }
}

/** What was found when the database was opened, as a sentence; null where nothing was found in the tables that are verified then. */
export function findUnsealedAtOpening(db: Database, path: string, most = MOST_AT_OPENING): string | null {
  if (!hasSeals(db)) return null;
  const found = findUnsealed(db, path, most);
  return found.length === 0 ? null : found.join("; ");
}

/**
 * Seals all rows as they are, with the key of this installation. Returns what was not as it was sealed, and how many
 * rows there are.
 */
export function sealAnew(db: Database, path: string): { before: string[]; count: number } {
  const before = [...findUnsealed(db, path), ...findEditedCopies(db)];
  const key = readSealKey(path) ?? makeSealKey(path);
  restoreCopies(db);
  return { before, count: sealAll(db, key) };
}

/**
 * The key of this installation, beside the database: somebody who copies or edits the database alone does not have it.
 */
const sealKeyPath = (database: string): string => `${homeOf(database)}.seal-key`;

/** The database of which this is a backup, or which another one has replaced. */
const homeOf = (database: string): string =>
  database.replace(/\.before-restore-[^/\\]*$/, "").replace(/\.backups[/\\][^/\\]*$/, "");

/** Null where there is no file, or no key in it. */
function readSealKey(database: string): Buffer | null {
  try {
    const text = readFileSync(sealKeyPath(database), "latin1");
    return /^[0-9a-f]{64}\n$/.test(text) ? Buffer.from(text.trim(), "hex") : null;
  } catch (error) {
    if (error instanceof Error && "errno" in error) return null;
    throw error;
  }
}

/** Creates the key; throws where the file is there already, for no key is ever written over. */
function makeSealKey(database: string): Buffer {
  const key = randomBytes(32);
  const file = openSync(sealKeyPath(database), "wx", 0o600);
  try {
    writeSync(file, `${key.toString("hex")}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  return key;
}
