-- Whether a private key file of a host has signed a nonce of ours with the key that it shows, as of its last scan: 'verified';
-- 'claimed', and why; 'other-key': it signed with another. What stands in clear in a file anybody can write there, so that a claim
-- makes nobody the owner of a key. What was read before is claimed until it is read again.
ALTER TABLE key_file ADD COLUMN possession TEXT NOT NULL DEFAULT 'claimed'
  CHECK (possession IN ('verified', 'claimed', 'other-key'));
ALTER TABLE key_file ADD COLUMN claim TEXT DEFAULT 'not-asked';

CREATE INDEX key_file_verified ON key_file (fingerprint) WHERE gone_scan IS NULL AND possession = 'verified';

DROP TRIGGER key_begins;
DROP TRIGGER key_file_begins;
DROP TRIGGER key_file_ends;
DROP TRIGGER held_key_ends;

UPDATE key SET is_matched = 0
WHERE is_matched = 1 AND NOT EXISTS (SELECT 1 FROM held_key WHERE held_key.fingerprint = key.fingerprint);

UPDATE grant_line SET orphan_since = (SELECT started_at FROM scan WHERE scan.id = last_scan)
WHERE gone_scan IS NULL AND orphan IS NOT NULL AND orphan_since IS NULL;

CREATE TRIGGER key_begins AFTER INSERT ON key
BEGIN
  UPDATE key
  SET is_matched = EXISTS (SELECT 1 FROM key_file
                           WHERE key_file.fingerprint = NEW.fingerprint AND gone_scan IS NULL AND possession = 'verified')
                   OR EXISTS (SELECT 1 FROM held_key WHERE held_key.fingerprint = NEW.fingerprint),
      listed = (SELECT max(standing) FROM person_key JOIN person ON person.id = person_key.person
                WHERE fingerprint = NEW.fingerprint)
  WHERE fingerprint = NEW.fingerprint;
END;

CREATE TRIGGER key_file_begins AFTER INSERT ON key_file
WHEN NEW.possession = 'verified'
BEGIN
  UPDATE key SET is_matched = 1 WHERE fingerprint = NEW.fingerprint AND is_matched = 0;
END;

CREATE TRIGGER key_file_ends AFTER UPDATE OF gone_scan, fingerprint, possession ON key_file
WHEN OLD.gone_scan IS NOT NEW.gone_scan OR OLD.fingerprint IS NOT NEW.fingerprint OR OLD.possession <> NEW.possession
BEGIN
  UPDATE key
  SET is_matched = EXISTS (SELECT 1 FROM key_file
                           WHERE key_file.fingerprint = key.fingerprint AND gone_scan IS NULL AND possession = 'verified')
                   OR EXISTS (SELECT 1 FROM held_key WHERE held_key.fingerprint = key.fingerprint)
  WHERE fingerprint IN (OLD.fingerprint, NEW.fingerprint);
END;

CREATE TRIGGER held_key_ends AFTER DELETE ON held_key
BEGIN
  UPDATE key
  SET is_matched = EXISTS (SELECT 1 FROM key_file
                           WHERE key_file.fingerprint = OLD.fingerprint AND gone_scan IS NULL AND possession = 'verified')
                   OR EXISTS (SELECT 1 FROM held_key WHERE held_key.fingerprint = OLD.fingerprint)
  WHERE fingerprint = OLD.fingerprint;
END;
