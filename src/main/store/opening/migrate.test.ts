import { createHash } from "node:crypto";
import Sqlite from "better-sqlite3";
import { expect, test } from "vitest";
import wholeSchema from "#store/schema.sql?raw";
import { openStore } from "#store/store.ts";
import { makeAtOnce } from "./make-at-once.ts";
import { migrate, migrations } from "./migrate.ts";

test("migrations are numbered from 1 without gaps or twins", () => {
  expect(migrations.map(({ number }) => number)).toEqual(migrations.map((_, index) => index + 1));
});

/*
 * What a migration made is compared with what is found in a database, statement by statement: one byte changed in it
 * would refuse every database that it was carried out on. What has to change does so in the next migration.
 */
test("a migration that has been carried out anywhere stays as it was, to the byte", () => {
  const digests = migrations.map(({ sql }) => createHash("sha256").update(sql).digest("hex").slice(0, 16));
  expect(digests.slice(0, 21)).toEqual([
    "e33e967227d70d47",
    "9d4e23d797d53b7b",
    "76d227ce42bee2a4",
    "373773c2168289b3",
    "502e21b89ecb9048",
    "ded5f6a3041e92b3",
    "0a6d87c276894603",
    "43ccb56972841b51",
    "a470a69f133bc343",
    "c11382b94ce7d8c8",
    "ac8baa74989d37d0",
    "7027b75c02f0631b",
    "3b089b15d7f17d26",
    "33b5427434d71569",
    "52768858f0d98202",
    "317d9b7679c23de4",
    "43b90d09523ab132",
    "e341eeacbf267ce8",
    "f09b93a8b4769884",
    "273031d4002d974f",
    "28017ef33634cdf0",
  ]);
});

test("all migrations together make schema.sql, which is what reviewers read", async () => {
  using db = openMemory();
  migrate(db);
  await expect(`${readStatements(db).join(";\n\n")};\n`).toMatchFileSnapshot("../schema.sql");
});

test("schema.sql makes what all migrations make, statement by statement", () => {
  using db = openMemory();
  using other = openMemory();
  migrate(db);
  other.exec(wholeSchema);
  expect(readStatements(other)).toEqual(readStatements(db));
});

test("a new database has, row by row, what all migrations leave in one", () => {
  using db = openMemory();
  using other = openMemory();
  migrate(db);
  makeAtOnce(other);
  expect(readRows(other)).toEqual(readRows(db));
  for (const pragma of ["application_id", "user_version"])
    expect(other.pragma(pragma)).toEqual(db.pragma(pragma));
});

const readRows = (db: Sqlite.Database) =>
  db
    .prepare<[], string>(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name",
    )
    .pluck()
    .all()
    .map((name) => [name, db.prepare(`SELECT * FROM "${name}"`).all()]);

test("every statement of the program fits the schema", () => {
  expect(() => openStore({ path: ":memory:", access: "write", compilesAll: true }).close()).not.toThrow();
});

/** Without what SQLite makes for itself. */
const readStatements = (db: Sqlite.Database): string[] =>
  db
    .prepare<[], string>(`
      SELECT sql
      FROM sqlite_schema
      WHERE sql IS NOT NULL
        AND tbl_name NOT IN (SELECT name FROM pragma_table_list WHERE type = 'shadow' OR name LIKE 'sqlite%')
      ORDER BY rowid`)
    .pluck()
    .all();

test("a step that fails leaves the schema and the number of the step before it", () => {
  using db = openMemory();
  const broken = [
    { number: 1, sql: "CREATE TABLE kept (id INTEGER) STRICT" },
    { number: 2, sql: "CREATE TABLE lost (id INTEGER) STRICT; SELECT nonsense" },
  ];
  expect(() => migrate(db, broken)).toThrow("nonsense");
  expect({
    version: db.pragma("user_version", { simple: true }),
    tables: db.prepare("SELECT name FROM sqlite_schema").pluck().all(),
  }).toEqual({ version: 1, tables: ["kept"] });
});

test("what a database of before STARTTLS holds stays, greeted at once, and nothing refers to what is gone", () => {
  using db = openMemory();
  db.pragma("foreign_keys = ON");
  migrate(db, migrations.slice(0, 14));
  db.exec(`
    INSERT INTO scan (id, started_at, state, finished_at, total) VALUES (1, '2026-06-01T00:00:00Z', 'finished', '2026-06-01T00:00:00Z', 1);
    INSERT INTO host_name (id, name) VALUES (1, 'mail');
    INSERT INTO endpoint (id, host, port, name, state, outcome, message, last_scan, last_seen)
    VALUES (7, 'mail', 465, 1, 'ok', 'presented', '', 1, '2026-06-01T00:00:00Z');
    INSERT INTO target (kind, host, port, use_sudo, added_at, transport) VALUES ('tls', 'mail', 25, 0, '2026-06-01T00:00:00Z', 'auto');
    INSERT INTO unvisited (kind, host, port, user, server_name, use_sudo, scan) VALUES ('tls', 'mail', 25, '', '', 0, 1);
    INSERT INTO certificate (id, sha256, subject, issuer, serial, not_after, names, key_type, spki_sha256, signature, is_ca, is_self_issued, malformed, size_bytes, due_from, first_seen)
    VALUES (3, 'aa', 'CN=mail', 'CN=mail', '01', '2026-07-01T00:00:00Z', '[]', 'EC', 'bb', 'x', 0, 1, '[]', 1, '2026-06-20T00:00:00Z', '2026-06-01T00:00:00Z');
    INSERT INTO place (certificate, name, endpoint, position, first_scan, last_scan) VALUES (3, 1, 7, 0, 1, 1);`);
  migrate(db);
  const known = [
    "SELECT host, port, protocol FROM endpoint",
    "SELECT host, port, protocol FROM target",
    "SELECT host, port, protocol FROM unvisited",
  ];
  expect(known.flatMap((sql) => db.prepare(sql).all())).toEqual([
    { host: "mail", port: 465, protocol: "tls" },
    { host: "mail", port: 25, protocol: "tls" },
    { host: "mail", port: 25, protocol: "tls" },
  ]);
  expect(db.prepare("SELECT endpoint FROM place").pluck().all()).toEqual([7]);
  expect(db.pragma("foreign_key_check")).toEqual([]);
  expect(db.pragma("foreign_keys", { simple: true })).toBe(1);
});

test("a database from a newer program is refused and not touched", () => {
  using db = openMemory();
  migrate(db);
  db.pragma("user_version = 99");
  const before = db.serialize();
  expect(() => migrate(db)).toThrow(`is at schema 99, newer than this program's ${migrations.length}`);
  expect(db.serialize().equals(before)).toBe(true);
});

test("a database of another program is refused and not touched", () => {
  using db = openMemory();
  db.exec("CREATE TABLE bookmark (url TEXT)");
  const before = db.serialize();
  expect(() => migrate(db)).toThrow("is a database of another program");
  expect(db.serialize().equals(before)).toBe(true);
});

function openMemory() {
  const db = new Sqlite(":memory:");
  return Object.assign(db, { [Symbol.dispose]: () => db.close() });
}
