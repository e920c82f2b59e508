/**
 * A database as visits would have made it, but in one go: rows first, then what the triggers would have kept, then
 * indexes and triggers. By visits a million certificates take twenty minutes, so two. A test holds that its counts are right.
 */
import { createHash } from "node:crypto";
import Sqlite from "better-sqlite3";

export const NOW = "2026-06-01T00:00:00Z";
export const GRANTS_PER_HOST = 100;
const AUTHORITIES = 50;
/** Of ten lines one is new as of the second scan. */
const NEW_LINE = 3;
/** Bytes of a certificate. */
const DER_BYTES = 1_000;

/**
 * So many certificates, each on an endpoint of its own under one of fifty authorities, of which a few per cent need
 * attention; and as many grants, a hundred a host, of keys that are on three accounts each. Every fifth key lies on a host,
 * a tenth is somebody's, of whom every tenth has left; of fifty grants one is unused. As many days of logins, a hundred a host
 * from five addresses, and as many logins that stand out, of which somebody has accepted one in a thousand.
 *
 * @param {string} path of a database that is there, empty and closed
 * @param {number} size
 */
export function seed(path, size) {
  const db = new Sqlite(path);
  try {
    db.pragma("journal_mode = OFF");
    db.pragma("synchronous = OFF");
    db.pragma("foreign_keys = OFF");
    db.pragma("cache_size = -500000");
    db.function("sha256", { deterministic: true }, (text) => createHash("sha256").update(text).digest("hex"));
    db.function(
      "fingerprint",
      { deterministic: true },
      (text) => `SHA256:${createHash("sha256").update(text).digest("base64").slice(0, 43)}`,
    );
    const later = db
      .prepare(
        "SELECT type, name, sql FROM sqlite_master WHERE type IN ('index', 'trigger') AND sql IS NOT NULL",
      )
      .all();
    for (const { type, name } of later) db.exec(`DROP ${type} ${name}`);
    const hosts = size / GRANTS_PER_HOST;
    db.exec(writeEndpoints(size));
    db.exec(writeGrants(size, hosts));
    db.exec(writeVersions());
    db.exec(writeKeys(Math.floor(size / 3)));
    db.exec(writeLogins(size, hosts));
    db.exec(COUNTED);
    for (const { sql } of later.toSorted((a, b) => a.type.localeCompare(b.type))) db.exec(sql);
  } finally {
    db.close();
  }
}

const upTo = (count) =>
  `WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ${count})`;

/** A day from five days ago to more than a year ahead; days follow each other in no order. */
const day = (shift) => `strftime('%Y-%m-%dT%H:%M:%SZ', '${NOW}', (i * 7919 % 400 - 5 + ${shift}) || ' days')`;

const writeEndpoints = (size) => `
  INSERT INTO scan (id, state, started_at, finished_at, total, ok)
    VALUES (1, 'finished', '${NOW}', '${NOW}', 0, 0), (2, 'finished', '${NOW}', '${NOW}', 0, 0);
  ${upTo(size)} INSERT INTO host_name (id, name) SELECT i + 1, 'shop' || i || '.example' FROM n;
  ${upTo(size)} INSERT INTO endpoint (id, host, port, name, state, outcome, message, last_scan, last_seen)
    SELECT i + 1, 'shop' || i || '.example', 443, i + 1, 'ok', 'presented', '', 1, '${NOW}' FROM n;
  ${upTo(AUTHORITIES)} INSERT INTO certificate (id, sha256, subject, issuer, common_name, serial, not_before, not_after,
      names, key_type, key_bits, curve, spki_sha256, signature, is_ca, is_self_issued, malformed, size_bytes, warn_from,
      first_seen, location_count, endpoint_count, only_name, only_host, is_seen, is_at_endpoint)
    SELECT i + 1, sha256('authority ' || i), 'CN=authority ' || i, 'CN=An Issuer', 'authority ' || i, '01',
      '2026-01-01T00:00:00Z', '2040-01-01T00:00:00Z', '["DNS:authority ' || i || '"]', 'EC', 256, 'P-256', '',
      'ecdsa-with-SHA256', 1, 0, '[]', 1, '2040-01-01T00:00:00Z', '${NOW}', ${size / AUTHORITIES}, ${size / AUTHORITIES},
      iif(${size} = ${AUTHORITIES}, i + 1, NULL), iif(${size} = ${AUTHORITIES}, 'shop' || i || '.example', ''), 1, 1
    FROM n;
  ${upTo(size)} INSERT INTO certificate (id, sha256, subject, issuer, common_name, serial, not_before, not_after, names,
      key_type, key_bits, curve, spki_sha256, signature, is_ca, is_self_issued, malformed, size_bytes, warn_from,
      urgent_from, first_seen, location_count, endpoint_count, only_name, only_host, is_seen, is_at_endpoint)
    SELECT i + 1 + ${AUTHORITIES}, sha256('shop' || i), 'CN=shop' || i || '.example', 'CN=authority ' || (i % ${AUTHORITIES}),
      'shop' || i || '.example', '01', '2025-01-01T00:00:00Z', ${day(0)}, '["DNS:shop' || i || '.example"]',
      iif(i % 3, 'EC', 'RSA'), 256, 'P-256', '', 'ecdsa-with-SHA256', 0, 0, '[]', ${DER_BYTES}, ${day(-30)}, ${day(-15)},
      '${NOW}', 1, 1, i + 1, 'shop' || i || '.example', 1, 1
    FROM n;
  INSERT INTO certificate_der (certificate, der, extensions) SELECT id, zeroblob(${DER_BYTES}), '[]' FROM certificate;
  ${upTo(size)} INSERT INTO location (certificate, name, endpoint, position, first_scan, last_scan)
    SELECT i + 1 + ${AUTHORITIES}, i + 1, i + 1, 0, 1, 1 FROM n;
  ${upTo(size)} INSERT INTO location (certificate, name, endpoint, position, first_scan, last_scan)
    SELECT i % ${AUTHORITIES} + 1, i + 1, i + 1, 1, 1, 1 FROM n;
`;

/** The fingerprint is that of `fingerprintOf` for this name. */
const OWNER = `'user' || (((host.id - 1) * 31 + i * 17) % (SELECT count(*) / 3 FROM endpoint)) || '@laptop'`;

const writeGrants = (size, hosts) => `
  ${upTo(hosts)} INSERT INTO host_name (id, name) SELECT ${size} + i + 1, 'web' || i || '.corp' FROM n;
  ${upTo(hosts)} INSERT INTO host (id, host, port, name, user, state, outcome, message, last_scan, last_seen, last_read, os,
      grant_count)
    SELECT i + 1, 'web' || i || '.corp', 22, ${size} + i + 1, 'root', 'ok', 'collected', '', 1, '${NOW}', '${NOW}',
      'Debian GNU/Linux 13', ${GRANTS_PER_HOST}
    FROM n;
  INSERT INTO coverage (host, read, not_read) SELECT id, '[]', '[]' FROM host;
  ${upTo(GRANTS_PER_HOST)} INSERT INTO grant_line (host, host_name, port, account, uid, file, line, fingerprint, key_type,
      key_bits, comment, options, text, effective, verdict, first_scan, last_scan)
    SELECT host.id, host.host, 22, 'account' || (i % 10), 0, '/home/account' || (i % 10) || '/.ssh/authorized_keys', i + 1,
      fingerprint(${OWNER}), 'ssh-ed25519', 256, ${OWNER}, '', 'ssh-ed25519 ' || ${OWNER}, iif(i % 10, 'yes', 'no'),
      '${VERDICT}', iif(i % 10 = ${NEW_LINE}, 2, 1), 2
    FROM host, n;
  INSERT INTO finding (rule, severity, kind, about, label, host, first_seen)
    SELECT 'key-weak', 3, 'grant', id, 'a key', host_name, '${NOW}' FROM grant_line WHERE line <= 5;
  INSERT INTO report (finding, name, host, sentence, evidence, remedy)
    SELECT finding.id, host.name, host.id, 'weak', '[]', ''
    FROM finding JOIN grant_line ON grant_line.id = about JOIN host ON host.id = grant_line.host;
`;

/** Of ten accounts of each host three have gone and three have another shell; their tables need not have them. */
const writeVersions = () => `
  INSERT INTO revision (kind, name, about, state, first_scan)
    SELECT 'grant', host.name, grant_line.id, '["yes",null,[],[]]', first_scan
    FROM grant_line JOIN host ON host.id = grant_line.host;
  ${upTo(10)} INSERT INTO revision (kind, name, about, label, state, first_scan, gone_scan)
    SELECT 'account', host.name, host.id, 'somebody' || i, '[1000,"/bin/sh","set"]', 1, iif(i < 6, 2, NULL) FROM host, n;
  INSERT INTO revision (kind, name, about, label, state, first_scan, origin)
    SELECT kind, name, about, label, '[1000,"/bin/bash","set"]', 2, id FROM revision
    WHERE kind = 'account' AND label IN ('somebody3', 'somebody4', 'somebody5');
`;

const COVERAGE = '{"read":[],"notRead":[]}';
const UNKNOWN = `{"state":"unknown","reasons":[],"coverage":${COVERAGE}}`;
const VERDICT = `{"effective":{"state":"yes","reasons":[],"coverage":${COVERAGE},"onlyFrom":[]},"owner":${UNKNOWN},"use":${UNKNOWN}}`;

const writeKeys = (keys) => `
  INSERT INTO people_source (id, name, kind, is_whole, read_at) VALUES (1, 'people.csv', 'csv', 0, '${NOW}');
  ${upTo(Math.ceil(keys / 10))} INSERT INTO person (id, lead, source, handle, name, called, said, read_at, standing)
    SELECT i + 1, i + 1, 1, 'user' || (i * 10), 'User ' || (i * 10), 'user ' || (i * 10), iif(i % 10, 'active', 'gone'), '${NOW}', iif(i % 10, 'known', 'gone')
    FROM n;
  INSERT INTO person_login (login, person) SELECT handle, id FROM person;
  INSERT INTO person_key (fingerprint, person, lead, key_type)
    SELECT fingerprint(handle || '@laptop'), id, lead, 'ssh-ed25519' FROM person;
  ${upTo(Math.ceil(keys / 5))} INSERT INTO key_file (host, path, owner, mode, format, fingerprint, possession, claim, first_scan, last_scan)
    SELECT i % (SELECT count(*) FROM host) + 1, '/root/.ssh/id' || i, 'root', '0600', 'openssh',
      fingerprint('user' || (i * 5) || '@laptop'), 'verified', NULL, 1, 1
    FROM n;
`;

const SOURCES_PER_HOST = 5;
const DAYS_PER_SOURCE = 20;
/** Days since the epoch of the last logins: `NOW`. */
const LAST_DAY = 20_605;

const writeLogins = (size, hosts) => `
  ${upTo(SOURCES_PER_HOST)} INSERT INTO login_source (host, host_name, port, account, method, means, address)
    SELECT host.id, host.host, 22, 'account' || i, iif(i, 'publickey', 'password'), iif(i, fingerprint('user' || i), ''),
      '10.' || (host.id % 200) || '.' || i || '.7'
    FROM host, n;
  ${upTo(DAYS_PER_SOURCE)} INSERT INTO login_day (source, day, count, in_journal, hours, hours_in_journal, first_at, last_at)
    SELECT login_source.id, ${LAST_DAY} - i, 3, 3, 768, 768, '${NOW}', '${NOW}' FROM login_source, n;
  ${upTo(size)} INSERT INTO login_observation (host, host_name, port, account, rule, subject, method, means, address, first_at,
      last_at, evidence, severity, facts, lines)
    SELECT i % ${hosts} + 1, 'web' || (i % ${hosts}) || '.corp', 22, 'account' || (i / ${hosts} % 10), 'login-new-source',
      '10.' || (i / ${hosts}) || '.0.0/24', 'publickey', fingerprint('user' || (i % 10)), '10.' || (i / ${hosts}) || '.0.7',
      '${NOW}', ${day(0)}, 'journal', iif(i % 1000, 'medium', 'high'),
      '{"rule":"login-new-source","network":"10.0.0.0/24","isBaselinePartial":false,"isNetworkUsual":false,"isUsualOnHost":false}', '[]'
    FROM n;
  INSERT INTO login_acceptance (observation, evidence, weight, reason, until, accepted_at)
    SELECT id, evidence, weight, 'the office', '2027-01-01', '${NOW}' FROM login_observation WHERE id % 1000 = 7;
`;

/** What the triggers keep. */
const COUNTED = `
  INSERT INTO baseline (id, scan, set_at) VALUES (1, 1, '${NOW}');
  INSERT INTO key (fingerprint, key_type, key_bits, account_count, is_shared, shared_since, is_matched, listed)
    SELECT fingerprint, 'ssh-ed25519', 256, count(DISTINCT usable), count(DISTINCT usable) > 1,
      iif(count(DISTINCT usable) > 1, '${NOW}', NULL), 0,
      (SELECT max(standing) FROM person_key JOIN person ON person.id = person WHERE person_key.fingerprint = of_grant.fingerprint)
    FROM (SELECT fingerprint, iif(effective = 'no', NULL, host || ' ' || account) AS usable FROM grant_line) AS of_grant
    GROUP BY fingerprint;
  UPDATE key SET is_matched = 1 WHERE fingerprint IN (SELECT fingerprint FROM key_file);
  UPDATE grant_line
    SET is_matched = key.is_matched, listed = key.listed, use = iif(line % 50 = 7, 'unused', 'unknown'), orphan_since = '${NOW}'
    FROM key WHERE key.fingerprint = grant_line.fingerprint;
  UPDATE cached_count SET count = (SELECT count(*) FROM certificate) WHERE what = 'certificate';
  INSERT INTO cached_count (what, count) SELECT counted_as, count(*) FROM grant_line GROUP BY counted_as;
  INSERT INTO cached_count (what, count) SELECT new_as, count(*) FROM grant_line WHERE new_as IS NOT NULL GROUP BY new_as;
  INSERT INTO expiry (ends_on, due_on, life_days, issuer, owner, public, count)
    SELECT ends_on, due_on, life_days, expiry_of.issuer, expiry_of.owner, public, count(*)
    FROM expiry_of JOIN certificate USING (id)
    WHERE is_seen = 1
    GROUP BY 1, 2, 3, 4, 5, 6;
  INSERT INTO host_name_search (rowid, text) SELECT id, name || char(10, 10) FROM host_name;
  INSERT INTO certificate_search (rowid, text)
    SELECT id, subject || char(10) || issuer || char(10) || names || char(10, 10) FROM certificate;
  INSERT INTO location_search (rowid, text) SELECT id, text || char(10, 10) FROM location_text;
  INSERT INTO login_source_search (rowid, text) SELECT id, search_text || char(10, 10) FROM login_source;
  INSERT INTO login_observation_search (rowid, text) SELECT id, search_text || char(10, 10) FROM login_observation;
  INSERT INTO grant_search (rowid, text) SELECT id, search_text || char(10, 10) FROM grant_line;
  INSERT INTO key_file_search (rowid, text)
    SELECT key_file.id, owner || char(10) || host.host || char(10) || path || char(10, 10)
    FROM key_file JOIN host ON host.id = key_file.host;
`;
