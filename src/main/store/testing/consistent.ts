/**
 * Lists the errors of a database, and each cached count that differs from the rows. `read` returns the rows of a query.
 */
export function findInconsistencies(read: (sql: string) => unknown[]): string[] {
  const rows = (sql: string): string => JSON.stringify(read(sql));
  return [
    ...(rows("PRAGMA integrity_check") === '[{"integrity_check":"ok"}]'
      ? []
      : [rows("PRAGMA integrity_check")]),
    ...(rows("PRAGMA foreign_key_check") === "[]" ? [] : [rows("PRAGMA foreign_key_check")]),
    ...COUNTS.filter(([kept, counted]) => rows(kept) !== rows(counted)).map(
      ([kept, counted]) => `${kept}: ${rows(kept)}, counted ${rows(counted)}`,
    ),
  ];
}

/** What the triggers keep, and the same counted from the rows. */
const COUNTS: [string, string][] = [
  [
    "SELECT id, certificate_count FROM profile_violation ORDER BY id",
    `SELECT id, (SELECT count(*) FROM certificate WHERE violation = profile_violation.id AND is_seen = 1) AS certificate_count
     FROM profile_violation ORDER BY id`,
  ],
  [
    "SELECT id, elsewhere_since IS NOT NULL AS is_elsewhere FROM key_file WHERE gone_scan IS NULL ORDER BY id",
    `SELECT id, EXISTS (
       SELECT 1 FROM key_file AS other
       WHERE other.spki_sha256 = key_file.spki_sha256 AND other.gone_scan IS NULL AND other.host <> key_file.host) AS is_elsewhere
     FROM key_file WHERE gone_scan IS NULL ORDER BY id`,
  ],
  [
    "SELECT id, location_count, endpoint_count, only_name, is_seen, is_at_endpoint, is_in_file FROM certificate ORDER BY id",
    `SELECT id, count(location.certificate) AS location_count, count(endpoint) AS endpoint_count,
            iif(count(DISTINCT name) = 1, min(name), NULL) AS only_name,
            count(location.certificate) > 0 AS is_seen, count(endpoint) > 0 AS is_at_endpoint, count(location.host) > 0 AS is_in_file
     FROM certificate
     LEFT JOIN (SELECT * FROM location WHERE gone_scan IS NULL) AS location ON location.certificate = certificate.id
     GROUP BY certificate.id ORDER BY certificate.id`.replace("SELECT id", "SELECT certificate.id"),
  ],
  [
    "SELECT what, count FROM cached_count WHERE count <> 0 ORDER BY what",
    `SELECT 'certificate' AS what, count(*) AS count FROM certificate WHERE is_seen = 1 HAVING count(*) > 0
     UNION ALL SELECT counted_as, count(*) FROM grant_line WHERE gone_scan IS NULL GROUP BY counted_as
     UNION ALL SELECT new_as, count(*) FROM grant_line WHERE new_as IS NOT NULL GROUP BY new_as
     UNION ALL SELECT new_as, count(*) FROM account WHERE new_as IS NOT NULL GROUP BY new_as
     UNION ALL SELECT ownerless_as, count(*) FROM account WHERE ownerless_as IS NOT NULL GROUP BY ownerless_as ORDER BY what`,
  ],
  [
    "SELECT fingerprint, environment, count FROM key_environment WHERE count <> 0 ORDER BY fingerprint, environment",
    `SELECT fingerprint, account.environment, count(*) AS count
     FROM grant_line JOIN account ON account.host = grant_line.host AND account.name = grant_line.account
     WHERE grant_line.gone_scan IS NULL AND effective <> 'no' AND fingerprint IS NOT NULL AND account.environment <> ''
     GROUP BY fingerprint, account.environment ORDER BY fingerprint, account.environment`,
  ],
  [
    "SELECT fingerprint, environment_count FROM key ORDER BY fingerprint",
    `SELECT key.fingerprint,
       (SELECT count(*) FROM key_environment
        WHERE key_environment.fingerprint = key.fingerprint AND count > 0) AS environment_count
     FROM key ORDER BY fingerprint`,
  ],
  [
    "SELECT id, only_host FROM certificate ORDER BY id",
    `SELECT certificate.id, ifnull(host_name.name, '') AS only_host
     FROM certificate LEFT JOIN host_name ON host_name.id = only_name ORDER BY certificate.id`,
  ],
  [
    "SELECT id, is_again FROM grant_line WHERE gone_scan IS NULL ORDER BY id",
    `SELECT id, EXISTS (
       SELECT 1 FROM grant_line AS earlier INDEXED BY grant_gone
       WHERE earlier.host = grant_line.host AND earlier.account = grant_line.account AND earlier.file = grant_line.file
         AND earlier.fingerprint = grant_line.fingerprint AND earlier.text = grant_line.text
         AND earlier.gone_scan <= grant_line.first_scan AND earlier.id < grant_line.id) AS is_again
     FROM grant_line WHERE gone_scan IS NULL ORDER BY id`,
  ],
  [
    "SELECT fingerprint, account_count, is_shared = (account_count > 1) AS is_told FROM key ORDER BY fingerprint",
    `SELECT fingerprint, (
       SELECT count(*) FROM (
         SELECT DISTINCT host, account FROM grant_line
         WHERE grant_line.fingerprint = key.fingerprint AND gone_scan IS NULL AND effective <> 'no')) AS account_count, 1 AS is_told
     FROM key ORDER BY fingerprint`,
  ],
  [
    "SELECT fingerprint, is_matched, listed FROM key ORDER BY fingerprint",
    `SELECT fingerprint,
            EXISTS (SELECT 1 FROM key_file WHERE gone_scan IS NULL AND possession = 'verified'
                    AND key.fingerprint = key_file.fingerprint)
            OR EXISTS (SELECT 1 FROM held_key WHERE held_key.fingerprint = key.fingerprint) AS is_matched,
            (SELECT max(standing) FROM person JOIN person_key ON person = person.id
             WHERE person_key.fingerprint = key.fingerprint) AS listed
     FROM key ORDER BY fingerprint`,
  ],
  [
    "SELECT fingerprint, person, lead FROM person_key ORDER BY 1, 2",
    `SELECT fingerprint, person, ifnull(person.lead, person.id) AS lead
     FROM person_key JOIN person ON person.id = person_key.person ORDER BY 1, 2`,
  ],
  [
    "SELECT id, is_matched, listed FROM grant_line WHERE gone_scan IS NULL ORDER BY id",
    `SELECT id, ifnull(key.is_matched, 0) AS is_matched, key.listed FROM grant_line
     LEFT JOIN key ON key.fingerprint = grant_line.fingerprint WHERE gone_scan IS NULL ORDER BY id`,
  ],
  [
    "SELECT count(*) AS undated FROM grant_line WHERE gone_scan IS NULL AND orphan IS NOT NULL AND orphan_since IS NULL",
    "SELECT 0 AS undated",
  ],
  [
    "SELECT id, grant_count, certificate_count FROM host ORDER BY id",
    `SELECT id, (SELECT count(*) FROM grant_line WHERE host = host.id AND gone_scan IS NULL) AS grant_count,
            (SELECT count(DISTINCT certificate) FROM location WHERE host = host.id AND gone_scan IS NULL) AS certificate_count
     FROM host ORDER BY id`.replaceAll("WHERE host = host.id", "WHERE +host = host.id"),
  ],
  [
    "SELECT ends_on, due_on, life_days, issuer, owner, public, count FROM expiry ORDER BY 1, 2, 3, 4, 5, 6",
    `SELECT ends_on, due_on, life_days, expiry_of.issuer, expiry_of.owner, public, count(*) AS count
     FROM expiry_of JOIN certificate USING (id) WHERE is_seen = 1 GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6`,
  ],
  [
    "SELECT spki, seen_count, first_from, last_from, kept_days FROM reused_key ORDER BY spki",
    `SELECT spki_sha256 AS spki, sum(is_seen) AS seen_count, min(not_before) AS first_from, max(not_before) AS last_from,
            ifnull((unixepoch(max(not_before)) - unixepoch(min(not_before))) / 86400, 0) AS kept_days
     FROM certificate WHERE is_ca = 0 AND spki_sha256 <> '' GROUP BY spki_sha256 HAVING count(*) > 1 ORDER BY spki_sha256`,
  ],
  [
    "SELECT id, owner, due_percent FROM certificate WHERE is_seen = 1 ORDER BY id",
    `SELECT id, coalesce((
              SELECT label.owner FROM label WHERE label.kind = 'certificate' AND label.name = certificate.sha256), (
              SELECT iif(count(DISTINCT tag.owner) = 1, min(tag.owner), '') FROM tag
              WHERE tag.owner IS NOT NULL AND tag.id IN (
                SELECT tag FROM tagged_certificate WHERE tagged_certificate.certificate = certificate.id)
              HAVING count(*) > 0), (
              SELECT iif(count(DISTINCT ifnull(host_name.owner, '')) = 1, ifnull(min(host_name.owner), ''), '')
              FROM location JOIN host_name ON host_name.id = location.name
              WHERE location.certificate = certificate.id AND location.gone_scan IS NULL)) AS owner,
            (SELECT max(tag.due_percent) FROM tag WHERE tag.id IN (
              SELECT tag FROM tagged_certificate WHERE tagged_certificate.certificate = certificate.id
              UNION SELECT tag FROM location JOIN tagged_host ON tagged_host.name = location.name
              WHERE location.certificate = certificate.id AND location.gone_scan IS NULL)) AS due_percent
     FROM certificate WHERE is_seen = 1 ORDER BY id`,
  ],
  [
    "SELECT id, owner, purpose, environment, review_on FROM host_name ORDER BY id",
    `SELECT host_name.id, ifnull(label.owner, iif(count(DISTINCT tag.owner) = 1, min(tag.owner), NULL)) AS owner, label.purpose,
            ifnull(label.environment, iif(count(DISTINCT tag.environment) = 1, min(tag.environment), NULL)) AS environment,
            label.review_on
     FROM host_name LEFT JOIN label ON label.kind = 'host' AND label.name = host_name.name
     LEFT JOIN tagged_host ON tagged_host.name = host_name.id LEFT JOIN tag ON tag.id = tagged_host.tag
     GROUP BY host_name.id ORDER BY host_name.id`,
  ],
  [
    "SELECT id, owner, purpose, environment, review_on FROM account ORDER BY id",
    `SELECT account.id,
            CASE WHEN label.owner IS NOT NULL THEN label.owner WHEN count(DISTINCT tag.owner) > 1 THEN ''
                 ELSE coalesce(min(tag.owner), home.owner, '') END AS owner,
            coalesce(label.purpose, home.purpose, '') AS purpose,
            CASE WHEN label.environment IS NOT NULL THEN label.environment WHEN count(DISTINCT tag.environment) > 1 THEN ''
                 ELSE coalesce(min(tag.environment), home.environment, '') END AS environment,
            ifnull(label.review_on, home.review_on) AS review_on
     FROM account JOIN host ON host.id = account.host JOIN host_name AS home ON home.id = host.name
     LEFT JOIN label ON label.kind = 'account'
       AND (label.name, label.host, label.port, label.uid) = (account.name, account.host_name, account.port, account.uid)
     LEFT JOIN tagged_account ON tagged_account.account = account.id AND tagged_account.uid = account.uid LEFT JOIN tag ON tag.id = tagged_account.tag
     GROUP BY account.id ORDER BY account.id`,
  ],
  [
    "SELECT certificate, owner, count FROM certificate_under_owner ORDER BY 1, 2",
    `SELECT certificate, host_name.owner, count(*) AS count FROM location JOIN host_name ON host_name.id = location.name
     WHERE gone_scan IS NULL AND host_name.owner <> '' GROUP BY 1, 2 ORDER BY 1, 2`,
  ],
  [
    "SELECT certificate, tag, count FROM certificate_under_tag ORDER BY 1, 2",
    `SELECT certificate, tag, count(*) AS count FROM location JOIN tagged_host ON tagged_host.name = location.name
     WHERE gone_scan IS NULL GROUP BY 1, 2 ORDER BY 1, 2`,
  ],
  [
    "SELECT rowid AS id FROM certificate_search ORDER BY rowid",
    "SELECT id FROM certificate WHERE is_seen = 1 ORDER BY id",
  ],
  [
    "SELECT rowid AS id FROM location_search ORDER BY rowid",
    "SELECT id FROM location WHERE gone_scan IS NULL ORDER BY id",
  ],
  [
    "SELECT rowid AS id FROM grant_search ORDER BY rowid",
    "SELECT id FROM grant_line WHERE gone_scan IS NULL ORDER BY id",
  ],
  [
    "SELECT rowid AS id FROM account_search ORDER BY rowid",
    "SELECT id FROM account WHERE gone_scan IS NULL ORDER BY id",
  ],
  [
    "SELECT rowid AS id FROM key_file_search ORDER BY rowid",
    "SELECT id FROM key_file WHERE gone_scan IS NULL ORDER BY id",
  ],
];
