/**
 * What hosts' configurations say beside what endpoints show, labels, keys that are used again and certificates that were
 * replaced: written into a seeded database as visits would have, in one go. A test holds that its counts are right.
 */
import Sqlite from "better-sqlite3";
import { GRANTS_PER_HOST, NOW } from "./seed.mjs";

/** The certificates of authorities come first. */
const AUTHORITIES = 50;
const NAMES_PER_HOST = GRANTS_PER_HOST;

/**
 * A hundred names a host, each with a certificate of those that endpoints show; half of these lie on the host as well. Of
 * a hundred names twenty were not scanned, and seven do not serve what they should. Of ten endpoints one has a tag and
 * two an owner; of fifty one shows another certificate since the second scan.
 *
 * @param {string} path of a database that `seed` has filled
 * @param {number} size as it was given to that
 */
export function seedServed(path, size) {
  const db = new Sqlite(path);
  try {
    for (const pragma of [
      "journal_mode = OFF",
      "synchronous = OFF",
      "foreign_keys = OFF",
      "cache_size = -500000",
    ])
      db.pragma(pragma);
    const later = db
      .prepare(
        "SELECT type, name, sql FROM sqlite_master WHERE type = 'trigger' OR (type = 'index' AND sql IS NOT NULL)",
      )
      .all();
    const kept = (name) => /^(location_of_certificate|endpoint_|certificate_of_key)/.test(name);
    const dropped = later.filter(({ type, name }) => type === "trigger" || !kept(name));
    for (const { type, name } of dropped) db.exec(`DROP ${type} ${name}`);
    db.exec(writeServings(size));
    db.exec(writePlaces(size));
    db.exec(writeKinds(size));
    db.exec(writeLabels());
    db.exec(writeProbes(size));
    db.exec(COUNTED);
    for (const { sql } of dropped.toSorted((a, b) => a.type.localeCompare(b.type))) db.exec(sql);
  } finally {
    db.close();
  }
}

const upTo = (count) =>
  `WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ${count})`;

/** Not reloaded, another process, another listed, differs and cannot tell; not seen; or as it should be. */
const STATE = "iif(i % 100 < 5, i % 100, iif(i % 100 < 25, 5, 6))";

const writeServings = (size) => `
  ${upTo(size)} INSERT INTO binding (id, host, host_text, server, root, address, port, name, is_default, protocol, file, line,
      certificate_path, directive, directive_file, directive_line, key_path, state, first_scan, last_scan)
    SELECT i + 1, host.id, host.host, 'nginx', '/etc/nginx/nginx.conf', '', 443, 'shop' || i || '.example',
      i % ${NAMES_PER_HOST} = 0, 'tls', '/etc/nginx/sites/' || i, 1, '/etc/ssl/shop' || i || '.pem', 'ssl_certificate',
      '/etc/nginx/sites/' || i, 2, '/etc/ssl/shop' || i || '.key', ${STATE}, 1, 2
    FROM n JOIN host ON host.id = i / ${NAMES_PER_HOST} + 1;
  INSERT INTO served (binding, endpoint, state, certificate, evidence)
    SELECT id, id, state, id + ${AUTHORITIES}, '["it is what it is"]' FROM binding WHERE state <> 5;
  INSERT INTO finding (rule, severity, kind, about, label, host, first_seen)
    SELECT iif(state = 0, 'certificate-not-reloaded', 'endpoint-other-certificate'), iif(state = 0, 1, 2), 'certificate',
      id + ${AUTHORITIES}, 'CN=' || name, name, '${NOW}'
    FROM binding WHERE state < 4;
  INSERT INTO report (finding, name, endpoint, sentence, evidence, remedy)
    SELECT finding.id, about - ${AUTHORITIES}, about - ${AUTHORITIES}, 'it serves another one', '[]', 'reload it'
    FROM finding WHERE kind = 'certificate';
`;

const writePlaces = (size) => `
  INSERT INTO location (certificate, name, host, path, position, first_scan, last_scan)
    SELECT binding.id + ${AUTHORITIES}, host.name, host.id, certificate_path, 0, 1, 2
    FROM binding JOIN host ON host.id = binding.host WHERE binding.id % 2 = 0;
  UPDATE certificate SET location_count = 2, is_in_file = 1, only_name = NULL, only_host = ''
    WHERE id > ${AUTHORITIES} AND (id - ${AUTHORITIES}) % 2 = 0;
  UPDATE host SET certificate_count = ${NAMES_PER_HOST / 2};
  UPDATE location SET first_scan = 2, last_scan = 2 WHERE endpoint % 50 = 7 AND position = 0;
  INSERT INTO certificate (sha256, subject, issuer, common_name, serial, not_before, not_after, names, key_type, key_bits,
      curve, spki_sha256, signature, is_ca, is_self_issued, malformed, size_bytes, warn_from, urgent_from, first_seen)
    SELECT 'before ' || sha256, subject, issuer, common_name, serial, not_before, not_after, names, key_type, key_bits, curve,
      '', signature, 0, 0, '[]', size_bytes, warn_from, urgent_from, first_seen
    FROM certificate WHERE id > ${AUTHORITIES} AND (id - ${AUTHORITIES}) % 50 = 7;
  ${upTo(Math.ceil(size / 50))} INSERT INTO location (certificate, name, endpoint, position, first_scan, last_scan, gone_scan)
    SELECT ${size + AUTHORITIES} + i + 1, i * 50 + 7, i * 50 + 7, 0, 1, 1, 2 FROM n WHERE i * 50 + 7 <= ${size};
`;

/** Of pairs of certificates some have one key; some are public, live too long, are for clients or for every name. */
const writeKinds = (size) => `
  UPDATE certificate SET spki_sha256 = 'key ' || (id / 2) WHERE id BETWEEN ${AUTHORITIES + 1} AND ${size + AUTHORITIES} AND id % 20 < 2;
  UPDATE certificate SET is_public = id % 3 = 0 WHERE is_ca = 0 AND is_seen = 1;
  UPDATE certificate SET is_over_limit = 1 WHERE is_ca = 0 AND id % 20 = 6;
  UPDATE certificate SET is_for_clients = 1 WHERE is_ca = 0 AND id % 20 = 7;
  UPDATE certificate SET names = '["DNS:*.shop' || id || '.example"]' WHERE is_ca = 0 AND id % 50 = 8;
  UPDATE endpoint SET facts = '{"version":"TLS 1.2"}', key_exchange = 'no-tls13', key_exchange_since = '${NOW}'
    WHERE id % 20 = 3;
  INSERT INTO enabled_rule (rule, since) VALUES ('certificate-changed', '2026-01-01T00:00:00Z');
`;

const writeLabels = () => `
  INSERT INTO tag (id, name) VALUES (1, 'production'), (2, 'shop');
  INSERT INTO tagged_host (name, tag) SELECT id, 1 FROM endpoint WHERE id % 10 = 1;
  INSERT INTO tagged_certificate (certificate, tag) SELECT id, 2 FROM certificate WHERE id % 1000 = 900;
  INSERT INTO label (kind, name, owner) SELECT 'host', name, 'team ' || (id % 100) FROM host_name
    WHERE id IN (SELECT id FROM endpoint WHERE id % 10 < 2);
  UPDATE host_name SET owner = 'team ' || (id % 100) WHERE id IN (SELECT id FROM endpoint WHERE id % 10 < 2);
  UPDATE certificate SET owner = 'team ' || (only_name % 100) WHERE only_name % 10 < 2 AND is_ca = 0;
`;

/** All endpoints in one scan. Of a thousand findings some are accepted. */
const writeProbes = (size) => `
  INSERT INTO probe (scan, kind, host, port, state, outcome, message, at, took_ms, protocol)
    SELECT 1, 'tls', host, port, 'ok', 'presented', '', '${NOW}', 5, 'tls' FROM endpoint;
  UPDATE scan SET total = ${size}, ok = ${size} WHERE id = 1;
  INSERT INTO acceptance (rule, kind, about, reason, until, accepted_at)
    SELECT rule, kind, about, 'it is known', '2027-01-01T00:00:00Z', '${NOW}' FROM finding WHERE id % 1000 = 5;
`;

/** What the triggers keep. */
const COUNTED = `
  INSERT INTO certificate_under_owner (certificate, owner, count)
    SELECT location.certificate, host_name.owner, count(*)
    FROM host_name JOIN location ON location.name = host_name.id
    WHERE host_name.owner IS NOT NULL AND location.gone_scan IS NULL
    GROUP BY 1, 2;
  INSERT INTO certificate_under_tag (certificate, tag, count)
    SELECT location.certificate, tagged_host.tag, count(*)
    FROM tagged_host JOIN location ON location.name = tagged_host.name
    WHERE location.gone_scan IS NULL
    GROUP BY 1, 2;
  INSERT INTO reused_key (spki, seen_count, first_from, last_from, kept_days, since)
    SELECT spki_sha256, sum(is_seen), min(not_before), max(not_before),
      ifnull((unixepoch(max(not_before)) - unixepoch(min(not_before))) / 86400, 0), max(first_seen)
    FROM certificate WHERE is_ca = 0 AND spki_sha256 <> '' GROUP BY spki_sha256 HAVING count(*) > 1;
  INSERT INTO revision (kind, name, about, first_scan, gone_scan)
    SELECT 'certificate', name, id, first_scan, gone_scan FROM location WHERE host IS NOT NULL OR gone_scan IS NOT NULL;
  DELETE FROM certificate_search;
  INSERT INTO certificate_search (rowid, text)
    SELECT id, subject || char(10) || issuer || char(10) || names || char(10, 10) FROM certificate WHERE is_seen = 1;
  DELETE FROM location_search;
  INSERT INTO location_search (rowid, text) SELECT id, text || char(10, 10) FROM location_text;
  DELETE FROM expiry;
  INSERT INTO expiry (ends_on, due_on, life_days, issuer, owner, public, count)
    SELECT ends_on, due_on, life_days, expiry_of.issuer, expiry_of.owner, public, count(*)
    FROM expiry_of JOIN certificate USING (id) WHERE is_seen = 1 GROUP BY 1, 2, 3, 4, 5, 6;
`;
