import Sqlite from "better-sqlite3";
import { expect, test } from "vitest";
import { migrate, migrations } from "#store/opening/migrate.ts";

test("what was accepted before acceptances had members covers what there is when they get them", () => {
  using db = Object.assign(new Sqlite(":memory:"), { [Symbol.dispose]: () => db.close() });
  migrate(db, migrations.slice(0, 23));
  db.exec(`
    INSERT INTO scan (id, started_at, state, finished_at, total) VALUES (1, '2026-06-01T00:00:00Z', 'finished', '2026-06-01T00:00:00Z', 1);
    INSERT INTO host_name (id, name) VALUES (1, 'web1'), (2, 'web2');
    INSERT INTO host (id, host, port, name, state, outcome, message, last_scan, last_seen, key_fingerprint)
    VALUES (1, 'web1', 22, 1, 'ok', 'collected', '', 1, '2026-06-01T00:00:00Z', 'k'), (2, 'web2', 22, 2, 'ok', 'collected', '', 1, '2026-06-01T00:00:00Z', 'k');
    INSERT INTO endpoint (id, host, port, name, state, outcome, message, last_scan, last_seen)
    VALUES (7, 'web1', 443, 1, 'ok', 'presented', '', 1, '2026-06-01T00:00:00Z');
    INSERT INTO certificate (id, sha256, subject, issuer, serial, not_after, names, key_type, spki_sha256, signature, is_ca, is_self_issued, malformed, size_bytes, due_from, first_seen)
    VALUES (3, 'aa', 'CN=a', 'CN=a', '01', '2026-07-01T00:00:00Z', '[]', 'EC', 'bb', 'x', 0, 1, '[]', 1, '2026-06-20T00:00:00Z', '2026-06-01T00:00:00Z');
    INSERT INTO place (certificate, name, endpoint, position, first_scan, last_scan) VALUES (3, 1, 7, 0, 1, 1);
    INSERT INTO finding (id, rule, severity, kind, about, label, first_seen) VALUES (1, 'certificate-weak-key', 1, 'certificate', 3, '', '2026-06-01T00:00:00Z');
    INSERT INTO report (finding, name, endpoint, sentence, evidence, remedy) VALUES (1, 1, 7, '', '[]', '');
    INSERT INTO key_file (host, path, owner, mode, format, first_scan, last_scan, spki_sha256) VALUES (1, '/a', 'root', '0600', 'pem', 1, 1, 'cc'), (2, '/a', 'root', '0600', 'pem', 1, 1, 'cc'), (2, '/b', 'root', '0600', 'pem', 1, 1, 'dd');
    INSERT INTO acceptance (id, rule, kind, about, reason, until, accepted_at, withdrawn_at)
    VALUES (1, 'certificate-weak-key', 'certificate', 3, '', '2027-01-01', '2026-06-01T00:00:00Z', NULL),
      (2, 'certificate-key-shared', 'tls-key', 'bb', '', '2027-01-01', '2026-06-01T00:00:00Z', NULL),
      (3, 'host-key-shared', 'host', 1, '', '2027-01-01', '2026-06-01T00:00:00Z', NULL),
      (4, 'host-key-shared', 'host', 2, '', '2027-01-01', '2026-06-01T00:00:00Z', '2026-06-02T00:00:00Z');`);
  migrate(db);
  const read = (sql: string) => db.prepare(sql).raw().all();
  expect(read("SELECT acceptance, member FROM accepted_member ORDER BY 1, 2")).toEqual([
    [1, "endpoint 7"],
    [1, "name 1"],
    [2, "CN=a []"],
    [3, "host 1"],
    [3, "host 2"],
  ]);
  expect(read("SELECT host, path, elsewhere_since FROM key_file ORDER BY id")).toEqual([
    [1, "/a", "2026-06-01T00:00:00Z"],
    [2, "/a", "2026-06-01T00:00:00Z"],
    [2, "/b", null],
  ]);
});

test("what was accepted of several files covers those files by their paths, and no other one", () => {
  using db = Object.assign(new Sqlite(":memory:"), { [Symbol.dispose]: () => db.close() });
  migrate(db, migrations.slice(0, 48));
  const named = "ssl_certificate in /etc/nginx/nginx.conf:7";
  const rules: [string, string[]][] = [
    ["certificate-file-gone", ["/a.pem", "/b.pem"]],
    ["keystore-default-password", ["/a.p12 opens with changeit", "/b.p12 opens with password"]],
    ["host-key-changed", ["presented: ssh-ed25519 SHA256:new", "pinned by hand"]],
    ["host-key-leaked", [`/etc/ssh/key: SHA256:${"x".repeat(43)} (a product)`]],
    ["certificate-file-unreadable", ["/c.pem", "/d.pem"]],
    ["certificate-file-unnamed", ["/old.pem", "read: nginx (/etc/nginx/nginx.conf)"]],
    ["certificate-without-key", [named, "/my holds the certificate.pem holds the certificate"]],
  ];
  db.exec(`
    INSERT INTO scan (id, started_at, state, finished_at, total) VALUES (1, '2026-06-01T00:00:00Z', 'finished', '2026-06-01T00:00:00Z', 1);
    INSERT INTO host_name (id, name) VALUES (1, 'web1');
    INSERT INTO host (id, host, port, name, state, outcome, message, last_scan, last_seen)
    VALUES (1, 'web1', 22, 1, 'ok', 'collected', '', 1, '2026-06-01T00:00:00Z');`);
  for (const [index, [rule, evidence]] of rules.entries()) {
    const id = index + 1;
    const put = (sql: string, ...values: unknown[]) => db.prepare(sql).run(...values);
    put("INSERT INTO finding VALUES (?, ?, 1, 'host', 1, '', '', '2026-06-01T00:00:00Z')", id, rule);
    put(
      "INSERT INTO report (finding, name, host, sentence, evidence, remedy) VALUES (?, 1, 1, '', ?, '')",
      id,
      JSON.stringify(evidence),
    );
    put(
      "INSERT INTO acceptance VALUES (?, ?, 'host', 1, '', '2027-01-01', '2026-06-01T00:00:00Z', NULL)",
      id,
      rule,
    );
  }
  // One of the two was accepted; of the others there were no members then.
  db.exec(
    "INSERT INTO accepted_member VALUES (1, '/a.pem'), (2, '/a.p12 opens with changeit'), (5, '/c.pem')",
  );
  migrate(db);
  const read = (sql: string) => db.prepare(sql).raw().all();
  expect(read("SELECT finding, members FROM report ORDER BY 1")).toEqual([
    [1, '["/a.pem","/b.pem"]'],
    [2, '["/a.p12","/b.p12"]'],
    [3, '["SHA256:new"]'],
    [4, `["SHA256:${"x".repeat(43)}"]`],
    [5, '["/c.pem","/d.pem"]'],
    [6, '["/old.pem"]'],
    [7, '["/my holds the certificate.pem"]'],
  ]);
  expect(read("SELECT acceptance, member FROM accepted_member ORDER BY 1, 2")).toEqual([
    [1, "/a.pem"],
    [2, "/a.p12"],
    [3, "SHA256:new"],
    [4, `SHA256:${"x".repeat(43)}`],
    [5, "/c.pem"],
    [6, "/old.pem"],
    [7, "/my holds the certificate.pem"],
  ]);
});
