-- What findings may be about is told by the table that `kind` names; a list of those tables is no part of this one.
CREATE TABLE report_before AS SELECT * FROM report;
CREATE TABLE finding_before AS SELECT * FROM finding;

DROP TABLE report;
DROP TABLE finding;

-- A rule that fails for a thing, for as long as a visit to some place says so. What depends on the date alone, or on
-- several places together, is not here: queries find it. `severity` counts from 0, the most severe. `about` is the id of a
-- row of the table that `kind` names; `host` is set while all reports are from one.
CREATE TABLE finding (
  id         INTEGER PRIMARY KEY,
  rule       TEXT NOT NULL,
  severity   INTEGER NOT NULL CHECK (severity BETWEEN 0 AND 4),
  kind       TEXT NOT NULL,
  about      INTEGER NOT NULL,
  label      TEXT NOT NULL,
  host       TEXT NOT NULL DEFAULT '',
  first_seen TEXT NOT NULL,
  UNIQUE (kind, about, rule)
) STRICT;

INSERT INTO finding (id, rule, severity, kind, about, label, host, first_seen)
SELECT id, rule, severity, kind, about, label, host, first_seen FROM finding_before;

-- What the last visit to one place says of a finding. A finding goes when its last report does.
CREATE TABLE report (
  id       INTEGER PRIMARY KEY,
  finding  INTEGER NOT NULL REFERENCES finding (id),
  name     INTEGER NOT NULL REFERENCES host_name (id),
  endpoint INTEGER REFERENCES endpoint (id),
  host     INTEGER REFERENCES host (id),
  sentence TEXT NOT NULL,
  evidence TEXT NOT NULL CHECK (json_valid(evidence)),
  remedy   TEXT NOT NULL,
  CHECK ((endpoint IS NULL) <> (host IS NULL))
) STRICT;

INSERT INTO report (id, finding, name, endpoint, host, sentence, evidence, remedy)
SELECT id, finding, name, endpoint, host, sentence, evidence, remedy FROM report_before;

DROP TABLE report_before;
DROP TABLE finding_before;

CREATE INDEX finding_by_severity ON finding (severity, rule, first_seen, id);
CREATE INDEX finding_by_rule ON finding (rule, severity, first_seen, id);
CREATE INDEX finding_by_host ON finding (host, rule, severity, id);
CREATE INDEX finding_by_label ON finding (substr(label, 1, 120), rule, severity, id);
CREATE INDEX finding_by_first_seen ON finding (first_seen, rule, severity, id);
CREATE INDEX report_of_finding ON report (finding, name);
CREATE INDEX report_under_name ON report (name, finding);
CREATE INDEX report_of_endpoint ON report (endpoint) WHERE endpoint IS NOT NULL;
CREATE INDEX report_of_host ON report (host) WHERE host IS NOT NULL;

-- That a rule may fail for a thing until a day, which ends it by itself, and why. `about` is the row of the table that
-- `kind` names, and of a key its fingerprint or hash. A row is withdrawn, never removed or changed.
CREATE TABLE acceptance (
  id           INTEGER PRIMARY KEY,
  rule         TEXT NOT NULL,
  kind         TEXT NOT NULL,
  about        ANY NOT NULL,
  reason       TEXT NOT NULL,
  until        TEXT NOT NULL,
  accepted_at  TEXT NOT NULL,
  withdrawn_at TEXT
) STRICT;

CREATE UNIQUE INDEX acceptance_of_finding ON acceptance (rule, kind, about) WHERE withdrawn_at IS NULL;

-- Rules that are not looked at unless somebody turns them on, and since when they are.
CREATE TABLE rule_wish (
  rule  TEXT PRIMARY KEY,
  since TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What the user calls hosts and certificates. `due_percent`: how much of its life is left when a certificate with this tag
-- needs attention; null leaves it as it is for all.
CREATE TABLE tag (
  id          INTEGER PRIMARY KEY,
  name        TEXT NOT NULL UNIQUE,
  due_percent INTEGER CHECK (due_percent BETWEEN 1 AND 99)
) STRICT;

CREATE TABLE tagged_host (
  name INTEGER NOT NULL REFERENCES host_name (id),
  tag  INTEGER NOT NULL REFERENCES tag (id),
  PRIMARY KEY (name, tag)
) STRICT, WITHOUT ROWID;

CREATE INDEX tagged_host_of_tag ON tagged_host (tag);

CREATE TABLE tagged_certificate (
  certificate INTEGER NOT NULL REFERENCES certificate (id),
  tag         INTEGER NOT NULL REFERENCES tag (id),
  PRIMARY KEY (certificate, tag)
) STRICT, WITHOUT ROWID;

CREATE INDEX tagged_certificate_of_tag ON tagged_certificate (tag);

-- Who answers for what is under this name.
ALTER TABLE host_name ADD COLUMN owner TEXT;

CREATE INDEX host_name_with_owner ON host_name (owner) WHERE owner IS NOT NULL;

-- Whether what is sent to an endpoint and recorded can be read one day: `hybrid` is safe from that, `classical` and
-- `no-tls13` (which has no hybrid groups) are not; null where nobody has asked for its groups.
ALTER TABLE endpoint ADD COLUMN key_exchange TEXT CHECK (key_exchange IN ('hybrid', 'classical', 'no-tls13'));
ALTER TABLE endpoint ADD COLUMN key_exchange_since TEXT;

-- Of a certificate: who answers for it, as was said of it or else of all hosts where it is seen, empty for nobody; the
-- share of its life that tags ask for, and when it would be due without; whether its chain ends in a public root, null
-- where that is not known; whether it lives longer than public authorities may let it; whether it is for clients, too.
ALTER TABLE certificate ADD COLUMN own_owner TEXT;
ALTER TABLE certificate ADD COLUMN owner TEXT NOT NULL DEFAULT '';
ALTER TABLE certificate ADD COLUMN due_percent INTEGER;
ALTER TABLE certificate ADD COLUMN usual_due_from TEXT;
ALTER TABLE certificate ADD COLUMN usual_urgent_from TEXT;
ALTER TABLE certificate ADD COLUMN is_public INTEGER CHECK (is_public IN (0, 1));
ALTER TABLE certificate ADD COLUMN is_over_limit INTEGER NOT NULL DEFAULT 0 CHECK (is_over_limit IN (0, 1));
ALTER TABLE certificate ADD COLUMN is_for_clients INTEGER NOT NULL DEFAULT 0 CHECK (is_for_clients IN (0, 1));
-- The fingerprint that its key has as a key of SSH; null where SSH has no such keys, or it was not made out yet.
ALTER TABLE certificate ADD COLUMN ssh_fingerprint TEXT;
-- A key of that fingerprint has been met as a key of SSH; whether it still is, is asked then.
ALTER TABLE certificate ADD COLUMN is_ssh_key INTEGER NOT NULL DEFAULT 0 CHECK (is_ssh_key IN (0, 1));

CREATE INDEX certificate_of_owner ON certificate (owner, not_after, id) WHERE is_seen = 1 AND owner <> '';
CREATE INDEX certificate_of_key ON certificate (spki_sha256) WHERE is_ca = 0 AND spki_sha256 <> '';
CREATE INDEX certificate_of_ssh_key ON certificate (ssh_fingerprint) WHERE ssh_fingerprint IS NOT NULL;
CREATE INDEX certificate_over_limit ON certificate (first_seen) WHERE is_seen = 1 AND is_over_limit = 1 AND is_public = 1;
CREATE INDEX certificate_for_clients ON certificate (first_seen)
  WHERE is_seen = 1 AND is_for_clients = 1 AND is_public = 1 AND is_at_endpoint = 0;
CREATE INDEX certificate_wildcard_spread ON certificate (first_seen)
  WHERE is_seen = 1 AND is_ca = 0 AND only_name IS NULL AND instr(names, '"DNS:*.') > 0;
CREATE INDEX certificate_also_ssh ON certificate (first_seen) WHERE is_seen = 1 AND is_ssh_key = 1;

-- The owner of a certificate where none was said of it: the one that all hosts have where it is seen.
CREATE VIEW inherited_owner AS
SELECT place.certificate AS certificate,
  CASE WHEN count(DISTINCT ifnull(host_name.owner, '')) = 1 THEN ifnull(min(host_name.owner), '') ELSE '' END AS owner
FROM place JOIN host_name ON host_name.id = place.name
WHERE place.gone_scan IS NULL
GROUP BY place.certificate;

-- The earliest that any tag of a certificate, or of a host where it is seen, asks for.
CREATE VIEW asked_percent AS
SELECT certificate, due_percent
FROM tagged_certificate JOIN tag ON tag.id = tagged_certificate.tag
WHERE due_percent IS NOT NULL
UNION ALL
SELECT place.certificate, due_percent
FROM place JOIN tagged_host ON tagged_host.name = place.name JOIN tag ON tag.id = tagged_host.tag
WHERE place.gone_scan IS NULL AND due_percent IS NOT NULL;

-- An owner and a share are set one after the other: each moves the certificate in the tally of those that expire.
CREATE TRIGGER place_begins_under_label AFTER INSERT ON place
WHEN EXISTS (SELECT 1 FROM host_name WHERE id = NEW.name AND owner IS NOT NULL)
  OR EXISTS (SELECT 1 FROM tagged_host WHERE name = NEW.name)
  OR EXISTS (SELECT 1 FROM certificate WHERE id = NEW.certificate AND owner <> '')
BEGIN
  UPDATE certificate
  SET owner = ifnull(own_owner, ifnull((SELECT owner FROM inherited_owner WHERE certificate = NEW.certificate), ''))
  WHERE id = NEW.certificate;
  UPDATE certificate
  SET due_percent = (SELECT max(due_percent) FROM asked_percent WHERE certificate = NEW.certificate)
  WHERE id = NEW.certificate;
END;

CREATE TRIGGER place_ends_under_label AFTER UPDATE OF gone_scan ON place
WHEN OLD.gone_scan IS NULL AND NEW.gone_scan IS NOT NULL
  AND (EXISTS (SELECT 1 FROM host_name WHERE id = NEW.name AND owner IS NOT NULL)
    OR EXISTS (SELECT 1 FROM tagged_host WHERE name = NEW.name)
    OR EXISTS (SELECT 1 FROM host_name WHERE owner IS NOT NULL)
      AND EXISTS (
        SELECT 1 FROM place AS other JOIN host_name ON host_name.id = other.name
        WHERE other.certificate = NEW.certificate AND other.gone_scan IS NULL AND host_name.owner IS NOT NULL))
BEGIN
  UPDATE certificate
  SET owner = ifnull(own_owner, ifnull((SELECT owner FROM inherited_owner WHERE certificate = NEW.certificate), ''))
  WHERE id = NEW.certificate;
  UPDATE certificate
  SET due_percent = (SELECT max(due_percent) FROM asked_percent WHERE certificate = NEW.certificate)
  WHERE id = NEW.certificate;
END;

-- As `expiringFrom` has it: of a life beyond 398 days, 398 count, and half of what is left when it is due is urgent.
CREATE TRIGGER certificate_is_due_otherwise AFTER UPDATE OF due_percent ON certificate
WHEN OLD.due_percent IS NOT NEW.due_percent
BEGIN
  UPDATE certificate
  SET usual_due_from = ifnull(usual_due_from, due_from),
      usual_urgent_from = iif(usual_due_from IS NULL, urgent_from, usual_urgent_from)
  WHERE id = NEW.id;
  UPDATE certificate
  SET due_from = usual_due_from, urgent_from = usual_urgent_from, usual_due_from = NULL, usual_urgent_from = NULL
  WHERE id = NEW.id AND NEW.due_percent IS NULL;
  UPDATE certificate
  SET due_from = strftime('%Y-%m-%dT%H:%M:%SZ', unixepoch(not_after)
        - min(unixepoch(not_after) - unixepoch(not_before), 34387200) * due_percent / 100, 'unixepoch'),
      urgent_from = strftime('%Y-%m-%dT%H:%M:%SZ', unixepoch(not_after)
        - min(unixepoch(not_after) - unixepoch(not_before), 34387200) * due_percent / 200, 'unixepoch')
  WHERE id = NEW.id AND due_percent IS NOT NULL AND urgent_from IS NOT NULL AND not_before < not_after;
END;

-- How many certificates of end entities that are seen now end on one day, of those that are due on one day, have one life
-- and one owner, and are from one issuer; that of self-issued ones is empty. A forecast is made of this.
CREATE TABLE expiry (
  ends_on   TEXT NOT NULL,
  due_on    TEXT NOT NULL,
  life_days INTEGER NOT NULL,
  issuer    TEXT NOT NULL,
  owner     TEXT NOT NULL,
  public    TEXT NOT NULL CHECK (public IN ('yes', 'no', 'unknown')),
  count     INTEGER NOT NULL,
  PRIMARY KEY (ends_on, due_on, life_days, issuer, owner, public)
) STRICT, WITHOUT ROWID;

-- As RFC 5280 counts a validity: both ends are part of it.
CREATE VIEW expiry_of AS
SELECT id,
  substr(not_after, 1, 10) AS ends_on,
  substr(due_from, 1, 10) AS due_on,
  (unixepoch(not_after) - unixepoch(not_before) + 1 + 86399) / 86400 AS life_days,
  iif(is_self_issued, '', substr(issuer, 1, 300)) AS issuer,
  owner,
  CASE is_public WHEN 1 THEN 'yes' WHEN 0 THEN 'no' ELSE 'unknown' END AS public
FROM certificate
WHERE is_ca = 0 AND not_before <= not_after AND not_after < '9999';

INSERT INTO expiry (ends_on, due_on, life_days, issuer, owner, public, count)
SELECT ends_on, due_on, life_days, expiry_of.issuer, expiry_of.owner, public, count(*)
FROM expiry_of JOIN certificate USING (id)
WHERE certificate.is_seen = 1
GROUP BY 1, 2, 3, 4, 5, 6;

CREATE TRIGGER certificate_appears_in_expiry AFTER UPDATE OF is_seen ON certificate
WHEN OLD.is_seen = 0 AND NEW.is_seen = 1
BEGIN
  INSERT INTO expiry (ends_on, due_on, life_days, issuer, owner, public, count)
  SELECT ends_on, due_on, life_days, issuer, owner, public, 1 FROM expiry_of WHERE id = NEW.id
  ON CONFLICT DO UPDATE SET count = count + 1;
END;

CREATE TRIGGER certificate_vanishes_from_expiry AFTER UPDATE OF is_seen ON certificate
WHEN OLD.is_seen = 1 AND NEW.is_seen = 0
BEGIN
  UPDATE expiry SET count = count - 1
  WHERE (ends_on, due_on, life_days, issuer, owner, public)
    IN (SELECT ends_on, due_on, life_days, issuer, owner, public FROM expiry_of WHERE id = NEW.id);
  DELETE FROM expiry
  WHERE count = 0 AND (ends_on, due_on, life_days, issuer, owner, public)
    IN (SELECT ends_on, due_on, life_days, issuer, owner, public FROM expiry_of WHERE id = NEW.id);
END;

-- Taken from where it was before the change, and put where it is after.
CREATE TRIGGER certificate_leaves_expiry BEFORE UPDATE OF owner, due_from, is_public ON certificate
WHEN OLD.is_seen = 1
  AND (OLD.owner <> NEW.owner OR OLD.due_from <> NEW.due_from OR OLD.is_public IS NOT NEW.is_public)
BEGIN
  UPDATE expiry SET count = count - 1
  WHERE (ends_on, due_on, life_days, issuer, owner, public)
    IN (SELECT ends_on, due_on, life_days, issuer, owner, public FROM expiry_of WHERE id = OLD.id);
  DELETE FROM expiry
  WHERE count = 0 AND (ends_on, due_on, life_days, issuer, owner, public)
    IN (SELECT ends_on, due_on, life_days, issuer, owner, public FROM expiry_of WHERE id = OLD.id);
END;

CREATE TRIGGER certificate_enters_expiry AFTER UPDATE OF owner, due_from, is_public ON certificate
WHEN OLD.is_seen = 1
  AND (OLD.owner <> NEW.owner OR OLD.due_from <> NEW.due_from OR OLD.is_public IS NOT NEW.is_public)
BEGIN
  INSERT INTO expiry (ends_on, due_on, life_days, issuer, owner, public, count)
  SELECT ends_on, due_on, life_days, issuer, owner, public, 1 FROM expiry_of WHERE id = NEW.id
  ON CONFLICT DO UPDATE SET count = count + 1;
END;

-- A key that several certificates of end entities have, or have had: how many of them are seen now, and how many days
-- lie between the first and the last date from which one of them is valid.
CREATE TABLE reused_key (
  spki       TEXT PRIMARY KEY,
  seen_count INTEGER NOT NULL,
  first_from TEXT,
  last_from  TEXT,
  kept_days  INTEGER NOT NULL,
  since      TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX reused_key_shared ON reused_key (since, spki) WHERE seen_count > 1;
CREATE INDEX reused_key_kept ON reused_key (since, spki) WHERE seen_count > 0 AND kept_days > 398;

INSERT INTO reused_key (spki, seen_count, first_from, last_from, kept_days, since)
SELECT spki_sha256, sum(is_seen), min(not_before), max(not_before),
  ifnull((unixepoch(max(not_before)) - unixepoch(min(not_before))) / 86400, 0), max(first_seen)
FROM certificate
WHERE is_ca = 0 AND spki_sha256 <> ''
GROUP BY spki_sha256
HAVING count(*) > 1;

CREATE TRIGGER certificate_has_known_key AFTER INSERT ON certificate
WHEN NEW.is_ca = 0 AND NEW.spki_sha256 <> ''
  AND EXISTS (
    SELECT 1 FROM certificate
    WHERE spki_sha256 = NEW.spki_sha256 AND spki_sha256 <> '' AND is_ca = 0 AND id <> NEW.id)
BEGIN
  UPDATE reused_key
  SET first_from = min(ifnull(first_from, NEW.not_before), ifnull(NEW.not_before, first_from)),
      last_from = max(ifnull(last_from, NEW.not_before), ifnull(NEW.not_before, last_from))
  WHERE spki = NEW.spki_sha256;
  INSERT INTO reused_key (spki, seen_count, first_from, last_from, kept_days, since)
  SELECT spki_sha256, sum(is_seen), min(not_before), max(not_before), 0, NEW.first_seen
  FROM certificate
  WHERE spki_sha256 = NEW.spki_sha256 AND spki_sha256 <> '' AND is_ca = 0
    AND NOT EXISTS (SELECT 1 FROM reused_key WHERE spki = NEW.spki_sha256)
  GROUP BY spki_sha256;
  UPDATE reused_key
  SET kept_days = ifnull((unixepoch(last_from) - unixepoch(first_from)) / 86400, 0)
  WHERE spki = NEW.spki_sha256;
END;

CREATE TRIGGER certificate_of_known_key_comes_or_goes AFTER UPDATE OF is_seen ON certificate
WHEN OLD.is_seen <> NEW.is_seen AND NEW.is_ca = 0
BEGIN
  UPDATE reused_key SET seen_count = seen_count + NEW.is_seen - OLD.is_seen WHERE spki = NEW.spki_sha256;
END;

-- The private half of a certificate is no key of SSH by lying on a host: it is where SSH keeps its keys.
CREATE VIEW ssh_key_met AS
SELECT fingerprint FROM key
UNION ALL SELECT fingerprint FROM host_key WHERE gone_scan IS NULL
UNION ALL SELECT key_fingerprint FROM host WHERE key_fingerprint IS NOT NULL
UNION ALL SELECT fingerprint FROM key_file
  WHERE gone_scan IS NULL AND fingerprint IS NOT NULL AND (instr(path, '/.ssh/') > 0 OR path GLOB '/etc/ssh/*');

CREATE TRIGGER certificate_has_ssh_key AFTER INSERT ON certificate
WHEN NEW.ssh_fingerprint IS NOT NULL
BEGIN
  UPDATE certificate SET is_ssh_key = 1
  WHERE id = NEW.id AND EXISTS (SELECT 1 FROM ssh_key_met WHERE fingerprint = NEW.ssh_fingerprint);
END;

CREATE TRIGGER certificate_is_told_its_ssh_key AFTER UPDATE OF ssh_fingerprint ON certificate
WHEN NEW.ssh_fingerprint IS NOT NULL
BEGIN
  UPDATE certificate SET is_ssh_key = 1
  WHERE id = NEW.id AND EXISTS (SELECT 1 FROM ssh_key_met WHERE fingerprint = NEW.ssh_fingerprint);
END;

CREATE TRIGGER key_is_of_certificate AFTER INSERT ON key
BEGIN
  UPDATE certificate SET is_ssh_key = 1 WHERE ssh_fingerprint = NEW.fingerprint AND is_ssh_key = 0;
END;

CREATE TRIGGER host_key_is_of_certificate AFTER INSERT ON host_key
BEGIN
  UPDATE certificate SET is_ssh_key = 1 WHERE ssh_fingerprint = NEW.fingerprint AND is_ssh_key = 0;
END;

CREATE TRIGGER host_begins_with_key_of_certificate AFTER INSERT ON host
WHEN NEW.key_fingerprint IS NOT NULL
BEGIN
  UPDATE certificate SET is_ssh_key = 1 WHERE ssh_fingerprint = NEW.key_fingerprint AND is_ssh_key = 0;
END;

CREATE TRIGGER host_presents_key_of_certificate AFTER UPDATE OF key_fingerprint ON host
WHEN NEW.key_fingerprint IS NOT NULL AND OLD.key_fingerprint IS NOT NEW.key_fingerprint
BEGIN
  UPDATE certificate SET is_ssh_key = 1 WHERE ssh_fingerprint = NEW.key_fingerprint AND is_ssh_key = 0;
END;

CREATE TRIGGER key_file_is_of_certificate AFTER INSERT ON key_file
WHEN NEW.fingerprint IS NOT NULL AND (instr(NEW.path, '/.ssh/') > 0 OR NEW.path GLOB '/etc/ssh/*')
BEGIN
  UPDATE certificate SET is_ssh_key = 1 WHERE ssh_fingerprint = NEW.fingerprint AND is_ssh_key = 0;
END;

CREATE INDEX place_gone_of_certificate ON place (certificate) WHERE gone_scan IS NOT NULL;

-- The leaves that endpoints present, by since when.
CREATE INDEX place_leaf_begun ON place (first_scan, endpoint)
  WHERE gone_scan IS NULL AND endpoint IS NOT NULL AND position = 0;

CREATE INDEX endpoint_asking ON endpoint (id) WHERE authorities IS NOT NULL;
CREATE INDEX endpoint_readable ON endpoint (key_exchange_since, id) WHERE key_exchange IN ('classical', 'no-tls13');

CREATE VIEW key_exchange_of AS
SELECT id, CASE
  WHEN EXISTS (
    SELECT 1 FROM json_each(offers, '$.groups')
    WHERE instr(value ->> 'name', 'MLKEM') > 0 AND value ->> 'state' = 'accepted') THEN 'hybrid'
  WHEN facts ->> 'version' IN ('TLS 1.2', 'TLS 1.1', 'TLS 1.0', 'SSL 3.0') AND NOT EXISTS (
    SELECT 1 FROM json_each(offers, '$.versions')
    WHERE value ->> 'name' = 'TLS 1.3' AND value ->> 'state' <> 'refused') THEN 'no-tls13'
  WHEN (
    SELECT count(*) > 0 AND min(value ->> 'state' = 'refused') FROM json_each(offers, '$.groups')
    WHERE instr(value ->> 'name', 'MLKEM') > 0) THEN 'classical'
  END AS key_exchange
FROM endpoint;

UPDATE endpoint
SET key_exchange = (SELECT key_exchange FROM key_exchange_of WHERE key_exchange_of.id = endpoint.id),
    key_exchange_since = last_seen;

CREATE TRIGGER endpoint_begins_with_key_exchange AFTER INSERT ON endpoint
BEGIN
  UPDATE endpoint
  SET key_exchange = (SELECT key_exchange FROM key_exchange_of WHERE key_exchange_of.id = NEW.id),
      key_exchange_since = NEW.last_seen
  WHERE id = NEW.id;
END;

CREATE TRIGGER endpoint_has_another_key_exchange AFTER UPDATE OF facts, offers ON endpoint
WHEN OLD.facts <> NEW.facts OR OLD.offers IS NOT NEW.offers
BEGIN
  UPDATE endpoint
  SET key_exchange = (SELECT key_exchange FROM key_exchange_of WHERE key_exchange_of.id = NEW.id),
      key_exchange_since = iif(
        key_exchange IS (SELECT key_exchange FROM key_exchange_of WHERE key_exchange_of.id = NEW.id),
        key_exchange_since, NEW.last_seen)
  WHERE id = NEW.id;
END;

-- Of certificates that were seen before this step; those that are seen later have it from when they are read.
UPDATE certificate
SET is_over_limit = 1
WHERE is_ca = 0 AND not_before >= '2020-09-01' AND not_after < '9999'
  AND unixepoch(not_after) - unixepoch(not_before) + 1 > 86400 * CASE
    WHEN not_before >= '2029-03-15' THEN 47
    WHEN not_before >= '2027-03-15' THEN 100
    WHEN not_before >= '2026-03-15' THEN 200
    ELSE 398 END
  AND NOT EXISTS (
    SELECT 1
    FROM certificate_der JOIN json_each(extensions) AS extension
    WHERE certificate = certificate.id AND json_extract(extension.value, '$.oid') = '2.5.29.37'
      AND instr(ifnull(json_extract(extension.value, '$.value'), ''), 'TLS Web Server Authentication') = 0
      AND instr(ifnull(json_extract(extension.value, '$.value'), ''), 'Any Extended Key Usage') = 0);

UPDATE certificate
SET is_for_clients = 1
WHERE is_ca = 0 AND EXISTS (
  SELECT 1
  FROM certificate_der JOIN json_each(extensions) AS extension
  WHERE certificate = certificate.id AND json_extract(extension.value, '$.oid') = '2.5.29.37'
    AND instr(json_extract(extension.value, '$.value'), 'TLS Web Client Authentication') > 0);
