import Sqlite from "better-sqlite3";
import { expect, test } from "vitest";
import { findInconsistencies } from "#store/testing/consistent.ts";
import { migrate, migrations } from "./migrate.ts";

/** The last schema that had findings of four kinds of things alone, and no owners. */
const BEFORE = 14;

const SERVER = "TLS Web Server Authentication";
const CLIENT = "TLS Web Client Authentication";

const usage = (value: string): string =>
  JSON.stringify([{ oid: "2.5.29.37", name: "", isCritical: false, malformed: null, value }]);

type Wish = { id: number; notBefore?: string; extensions?: string };

const certificate = ({ id, notBefore = "2024-01-01T00:00:00Z", extensions = "[]" }: Wish) => `
  INSERT INTO certificate (id, sha256, subject, issuer, serial, not_before, not_after, names, key_type, spki_sha256,
    signature, is_ca, is_self_issued, malformed, size_bytes, due_from, first_seen)
  VALUES (${id}, 'hash ${id}', 'CN=shop', 'CN=An Issuer', '01', '${notBefore}', '2026-12-31T00:00:00Z', '[]', 'EC', 'key',
    'ecdsa-with-SHA256', 0, 0, '[]', 1, '2027-01-01T00:00:00Z', '2026-06-01T00:00:00Z');
  INSERT INTO certificate_der (certificate, der, extensions) VALUES (${id}, x'00', '${extensions}');
  INSERT INTO place (certificate, name, endpoint, position, first_scan, last_scan) VALUES (${id}, 1, 1, ${id - 1}, 1, 1);`;

const FILLED = `
  INSERT INTO scan (id, state, started_at, finished_at, total)
  VALUES (1, 'finished', '2026-06-01T00:00:00Z', '2026-06-01T00:00:00Z', 1);
  INSERT INTO host_name (id, name) VALUES (1, 'shop');
  INSERT INTO endpoint (id, host, port, name, state, outcome, message, last_scan, last_seen, facts)
  VALUES (1, 'shop', 443, 1, 'ok', 'presented', '', 1, '2026-06-01T00:00:00Z', '{"version":"TLS 1.2"}');
  ${certificate({ id: 1, extensions: usage(`${SERVER}, ${CLIENT}`) })}
  ${certificate({ id: 2, notBefore: "2026-01-01T00:00:00Z" })}
  ${certificate({ id: 3, extensions: usage(CLIENT) })}
  INSERT INTO finding (id, rule, severity, kind, about, label, host, first_seen)
  VALUES (7, 'certificate-weak-key', 1, 'certificate', 1, 'shop', 'shop', '2026-06-01T00:00:00Z');
  INSERT INTO report (id, finding, name, endpoint, sentence, evidence, remedy) VALUES (9, 7, 1, 1, 'short', '[]', 'replace it');`;

test("a database of an earlier version keeps its findings, and is added up as if it had always been", () => {
  using db = Object.assign(new Sqlite(":memory:"), { [Symbol.dispose]: () => db.close() });
  db.pragma("foreign_keys = ON");
  migrate(db, migrations.slice(0, BEFORE));
  db.exec(FILLED);
  migrate(db);
  const read = (sql: string) => db.prepare(sql).all();
  expect(findInconsistencies(read)).toEqual([]);
  expect(
    read("SELECT finding.id, rule, report.id AS report FROM finding JOIN report ON finding = finding.id"),
  ).toEqual([{ id: 7, rule: "certificate-weak-key", report: 9 }]);
  expect(
    read("SELECT id, is_over_limit, is_for_clients, is_public, owner FROM certificate ORDER BY id"),
  ).toEqual([
    { id: 1, is_over_limit: 1, is_for_clients: 1, is_public: null, owner: "" },
    { id: 2, is_over_limit: 0, is_for_clients: 0, is_public: null, owner: "" },
    { id: 3, is_over_limit: 0, is_for_clients: 1, is_public: null, owner: "" },
  ]);
  expect(read("SELECT sum(count) AS count FROM expiry")).toEqual([{ count: 3 }]);
  expect(read("SELECT seen_count, kept_days FROM reused_key")).toEqual([{ seen_count: 3, kept_days: 731 }]);
  expect(read("SELECT key_exchange FROM endpoint")).toEqual([{ key_exchange: "no-tls13" }]);
});
