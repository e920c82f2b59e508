-- That a list or an answer at hand says that a certificate is revoked: {"by", "sentence"}; and since when that is known here.
ALTER TABLE certificate ADD COLUMN revoked TEXT CHECK (json_valid(revoked));
ALTER TABLE certificate ADD COLUMN revoked_since TEXT;

CREATE INDEX certificate_revoked ON certificate (revoked_since) WHERE revoked IS NOT NULL;

-- A file that a configuration names for when its host is itself a client: what it says of itself to other servers.
CREATE TABLE client_file (
  host      INTEGER NOT NULL REFERENCES host (id),
  path      TEXT NOT NULL,
  directive TEXT NOT NULL,
  file      TEXT NOT NULL,
  line      INTEGER NOT NULL,
  PRIMARY KEY (host, path)
) STRICT, WITHOUT ROWID;

-- One that serves may be a client's as well.
DROP INDEX certificate_for_clients;
CREATE INDEX certificate_for_clients ON certificate (first_seen, id, is_at_endpoint, not_after)
  WHERE is_seen = 1 AND is_for_clients = 1 AND is_public = 1;

-- Since when the key of a file lies on another host as well; null where it does not.
ALTER TABLE key_file ADD COLUMN elsewhere_since TEXT;

UPDATE key_file
SET elsewhere_since = (SELECT started_at FROM scan WHERE scan.id = first_scan)
WHERE gone_scan IS NULL AND spki_sha256 IN (
  SELECT spki_sha256 FROM key_file
  WHERE spki_sha256 IS NOT NULL AND gone_scan IS NULL
  GROUP BY spki_sha256 HAVING min(host) < max(host));

CREATE INDEX key_file_elsewhere ON key_file (elsewhere_since, id)
  WHERE elsewhere_since IS NOT NULL AND gone_scan IS NULL;
CREATE INDEX key_file_held_once ON key_file (spki_sha256)
  WHERE spki_sha256 IS NOT NULL AND elsewhere_since IS NULL AND gone_scan IS NULL;

CREATE TRIGGER key_file_begins_elsewhere AFTER INSERT ON key_file
WHEN NEW.spki_sha256 IS NOT NULL AND NEW.gone_scan IS NULL AND EXISTS (
  SELECT 1 FROM key_file
  WHERE spki_sha256 = NEW.spki_sha256 AND gone_scan IS NULL AND host <> NEW.host)
BEGIN
  UPDATE key_file
  SET elsewhere_since = (SELECT started_at FROM scan WHERE scan.id = NEW.first_scan)
  WHERE spki_sha256 = NEW.spki_sha256 AND elsewhere_since IS NULL AND gone_scan IS NULL;
END;

CREATE TRIGGER key_file_leaves_elsewhere AFTER UPDATE OF gone_scan, spki_sha256 ON key_file
WHEN OLD.gone_scan IS NULL AND (NEW.gone_scan IS NOT NULL OR OLD.spki_sha256 IS NOT NEW.spki_sha256)
BEGIN
  UPDATE key_file SET elsewhere_since = NULL WHERE id = NEW.id AND elsewhere_since IS NOT NULL;
  UPDATE key_file
  SET elsewhere_since = NULL
  WHERE spki_sha256 = OLD.spki_sha256 AND gone_scan IS NULL AND elsewhere_since IS NOT NULL AND (
    SELECT min(held.host) = max(held.host) FROM key_file AS held
    WHERE held.spki_sha256 = OLD.spki_sha256 AND held.gone_scan IS NULL);
  UPDATE key_file
  SET elsewhere_since = (SELECT started_at FROM scan WHERE scan.id = NEW.last_scan)
  WHERE spki_sha256 = NEW.spki_sha256 AND elsewhere_since IS NULL AND gone_scan IS NULL AND NEW.gone_scan IS NULL AND (
    SELECT min(held.host) < max(held.host) FROM key_file AS held
    WHERE held.spki_sha256 = NEW.spki_sha256 AND held.gone_scan IS NULL);
END;

-- What an acceptance covers, where it is about several things or places at once: it ends when there is another one.
CREATE TABLE accepted_member (
  acceptance INTEGER NOT NULL REFERENCES acceptance (id),
  member     TEXT NOT NULL,
  PRIMARY KEY (acceptance, member)
) STRICT, WITHOUT ROWID;

-- Those that were accepted before cover what there is now.
INSERT OR IGNORE INTO accepted_member (acceptance, member)
SELECT acceptance.id, ifnull('endpoint ' || report.endpoint, 'host ' || report.host)
FROM acceptance
JOIN finding ON finding.kind = acceptance.kind AND finding.about = acceptance.about AND finding.rule = acceptance.rule
JOIN report ON report.finding = finding.id
WHERE withdrawn_at IS NULL;

INSERT OR IGNORE INTO accepted_member (acceptance, member)
SELECT acceptance.id, 'name ' || place.name
FROM acceptance JOIN place ON place.certificate = acceptance.about
WHERE acceptance.kind = 'certificate' AND withdrawn_at IS NULL AND gone_scan IS NULL;

INSERT OR IGNORE INTO accepted_member (acceptance, member)
SELECT acceptance.id, subject || ' ' || names
FROM acceptance JOIN certificate ON spki_sha256 = acceptance.about
WHERE rule = 'certificate-key-shared' AND withdrawn_at IS NULL AND is_seen = 1 AND is_ca = 0;

INSERT OR IGNORE INTO accepted_member (acceptance, member)
SELECT acceptance.id, account || ' on ' || host_name
FROM acceptance JOIN grant_line ON fingerprint = acceptance.about
WHERE rule = 'key-on-several-accounts' AND withdrawn_at IS NULL AND gone_scan IS NULL AND effective <> 'no';

INSERT OR IGNORE INTO accepted_member (acceptance, member)
SELECT acceptance.id, 'host ' || host.id
FROM acceptance
JOIN host AS first ON first.id = acceptance.about
JOIN host ON host.key_fingerprint = first.key_fingerprint
WHERE rule = 'host-key-shared' AND withdrawn_at IS NULL;
