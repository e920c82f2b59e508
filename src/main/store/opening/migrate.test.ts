import Sqlite from "better-sqlite3";
import { expect, test } from "vitest";
import { openStore } from "#store/store.ts";
import { findInconsistencies } from "#store/testing/consistent.ts";
import { describeSchema } from "#store/testing/describe-schema.ts";
import { MADE_UP } from "#store/testing/made-up-step.ts";
import { migrate, SCHEMA, type Schema } from "./migrate.ts";

const schemas: [string, Schema][] = [
  ["this program", SCHEMA],
  ["the one with a made-up step", MADE_UP],
];

test.each(schemas)(
  "the steps of %s are numbered from 2 to its version without gaps or twins",
  (_, schema) => {
    expect(schema.steps.map(({ version }) => version)).toEqual(
      Array.from({ length: schema.version - 1 }, (_, index) => index + 2),
    );
  },
);

/*
 * Compares what a database contains with `before`, statement by statement: a `before` that differs from what the step
 * before leaves would refuse every database of that version.
 */
test.each(schemas)(
  "each step of %s makes, of the schema that it names, the next one, and the last schema.sql",
  (_, schema) => {
    for (const [index, step] of schema.steps.entries()) {
      using stepped = openMemory();
      using made = openMemory();
      stepped.exec(step.before);
      stepped.exec(step.sql);
      made.exec(schema.steps[index + 1]?.before ?? schema.tables);
      expect(describeSchema(stepped)).toEqual(describeSchema(made));
      expect(readCode(stepped)).toEqual(readCode(made));
    }
  },
);

test.each(schemas)("a new database of %s is made at once, at its version", (_, schema) => {
  using db = openMemory();
  using other = openMemory();
  migrate(db, schema);
  other.exec(schema.tables);
  expect(describeSchema(db)).toEqual(describeSchema(other));
  expect(db.pragma("user_version", { simple: true })).toBe(schema.version);
  expect(db.prepare("SELECT what, count FROM cached_count").all()).toEqual([
    { what: "certificate", count: 0 },
  ]);
  expect(db.prepare("SELECT is_whole, note FROM inventory").all()).toEqual([{ is_whole: 0, note: "" }]);
  expect(findInconsistencies((sql) => db.prepare(sql).all())).toEqual([]);
});

test("every statement of the program fits the schema", () => {
  expect(() => openStore({ path: ":memory:", access: "write", compilesAll: true }).close()).not.toThrow();
});

test("a step that fails leaves the schema and the number of the step before it", () => {
  using db = openMemory();
  const first: Schema = {
    version: 1,
    tables: "CREATE TABLE first (id INTEGER) STRICT",
    firstRows: "",
    steps: [],
  };
  const broken: Schema = {
    version: 3,
    tables: "",
    firstRows: "",
    steps: [
      { version: 2, before: first.tables, sql: "CREATE TABLE kept (id INTEGER) STRICT" },
      { version: 3, before: "", sql: "CREATE TABLE lost (id INTEGER) STRICT; SELECT nonsense" },
    ],
  };
  migrate(db, first);
  expect(() => migrate(db, broken)).toThrow("nonsense");
  expect({
    version: db.pragma("user_version", { simple: true }),
    tables: db.prepare("SELECT name FROM sqlite_schema").pluck().all(),
  }).toEqual({ version: 2, tables: ["first", "kept"] });
});

const FILLED = `
  INSERT INTO scan (id, state, started_at, finished_at, total)
  VALUES (1, 'finished', '2026-06-01T00:00:00Z', '2026-06-01T00:00:00Z', 1);
  INSERT INTO host_name (id, name) VALUES (1, 'shop');
  INSERT INTO host (id, host, port, name, state, outcome, message, last_scan, last_seen)
  VALUES (4, 'shop', 22, 1, 'ok', 'collected', '', 1, '2026-06-01T00:00:00Z');
  INSERT INTO endpoint (id, host, port, name, state, outcome, message, last_scan, last_seen, facts)
  VALUES (7, 'shop', 443, 1, 'ok', 'presented', '', 1, '2026-06-01T00:00:00Z', '{"version":"TLS 1.2"}');
  INSERT INTO tag (id, name, due_percent) VALUES (2, 'slow', 50), (3, 'web', NULL);
  INSERT INTO tagged_host (name, tag) VALUES (1, 2);
  INSERT INTO certificate (id, sha256, subject, issuer, serial, not_before, not_after, names, key_type, spki_sha256,
    signature, is_ca, is_self_issued, malformed, size_bytes, warn_from, urgent_from, first_seen)
  VALUES (3, 'aa', 'CN=shop', 'CN=An Issuer', '01', '2026-01-01T00:00:00Z', '2026-12-31T00:00:00Z', '[]', 'EC', 'bb', 'x', 0, 1, '[]', 1,
    '2026-12-01T00:00:00Z', '2026-12-15T00:00:00Z', '2026-06-01T00:00:00Z');
  INSERT INTO certificate_der (certificate, der, extensions) VALUES (3, x'00', '[]');
  INSERT INTO tagged_certificate (certificate, tag) VALUES (3, 3);
  INSERT INTO location (certificate, name, endpoint, position, first_scan, last_scan) VALUES (3, 1, 7, 0, 1, 1);
  INSERT INTO finding (id, rule, severity, kind, about, label, host, first_seen)
  VALUES (7, 'certificate-weak-key', 1, 'certificate', 3, 'shop', 'shop', '2026-06-01T00:00:00Z');
  INSERT INTO report (id, finding, name, endpoint, sentence, evidence, remedy) VALUES (9, 7, 1, 7, 'short', '[]', 'replace it');`;

test("what a database of an earlier version holds stays, and nothing refers to what is gone", () => {
  using db = openMemory();
  db.pragma("foreign_keys = ON");
  migrate(db);
  db.exec(FILLED);
  migrate(db, MADE_UP);
  const read = (sql: string) => db.prepare(sql).all();
  expect(read("SELECT id, name, due_percent, colour FROM tag")).toEqual([
    { id: 2, name: "slow", due_percent: 50, colour: "none" },
    { id: 3, name: "web", due_percent: null, colour: "none" },
  ]);
  expect(read("SELECT tag FROM tagged_host UNION ALL SELECT tag FROM tagged_certificate")).toEqual([
    { tag: 2 },
    { tag: 3 },
  ]);
  expect(db.pragma("foreign_key_check")).toEqual([]);
  expect(db.pragma("foreign_keys", { simple: true })).toBe(1);
});

test("a database of an earlier version keeps its findings, and is added up as if it had always been", () => {
  using db = openMemory();
  db.pragma("foreign_keys = ON");
  migrate(db);
  db.exec(FILLED);
  migrate(db, MADE_UP);
  const read = (sql: string) => db.prepare(sql).all();
  expect(findInconsistencies(read)).toEqual([]);
  expect(
    read("SELECT finding.id, rule, report.id AS report FROM finding JOIN report ON finding = finding.id"),
  ).toEqual([{ id: 7, rule: "certificate-weak-key", report: 9 }]);
  expect(read("SELECT due_percent, location_count FROM certificate")).toEqual([
    { due_percent: 50, location_count: 1 },
  ]);
  expect(read("SELECT name, host_count FROM rack")).toEqual([{ name: "the only one", host_count: 1 }]);
  expect(read("SELECT sum(count) AS count FROM expiry")).toEqual([{ count: 1 }]);
});

test("a database from a newer program is refused and not touched", () => {
  using db = openMemory();
  migrate(db);
  db.pragma("user_version = 99");
  const before = db.serialize();
  expect(() => migrate(db)).toThrow(`is at schema 99, newer than this program's ${SCHEMA.version}`);
  expect(db.serialize().equals(before)).toBe(true);
});

test("a database of another program is refused and not touched", () => {
  using db = openMemory();
  db.exec("CREATE TABLE bookmark (url TEXT)");
  const before = db.serialize();
  expect(() => migrate(db)).toThrow("is a database of another program");
  expect(db.serialize().equals(before)).toBe(true);
});

test.each([1, 54])(
  "a database of before the first release, at its schema %i, is refused and not touched",
  (version) => {
    using db = openMemory();
    db.exec("CREATE TABLE scan (id INTEGER PRIMARY KEY, total INTEGER NOT NULL) STRICT");
    db.pragma("application_id = 0x4c746368");
    db.pragma(`user_version = ${version}`);
    const before = db.serialize();
    expect(() => migrate(db)).toThrow(
      ":memory: was made by a version of Latchkey before the first release, and this one cannot bring it up to date; " +
        "it was not touched: finish or roll back its runs with that version; then move it away together with its .vault and " +
        ".seal-key files, or name another file by --db. Scans find hosts, keys and certificates again, and not approvals, people, issuers and runs",
    );
    expect(db.serialize().equals(before)).toBe(true);
  },
);

const readCode = (db: Sqlite.Database) =>
  db.prepare("SELECT sql FROM sqlite_schema WHERE type IN ('trigger', 'view') ORDER BY name").pluck().all();

function openMemory() {
  const db = new Sqlite(":memory:");
  return Object.assign(db, { [Symbol.dispose]: () => db.close() });
}
