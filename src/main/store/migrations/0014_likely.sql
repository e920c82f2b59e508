-- A locked private key may not show which it is; the .pub file beside it says so, and proves nothing. That is enough not to
-- say that nobody is known to have the private half: such a key counts as matched, and the verdict says by what.
DROP TRIGGER key_begins;
DROP TRIGGER key_file_begins;
DROP TRIGGER key_file_ends;
DROP TRIGGER held_key_ends;

CREATE TRIGGER key_begins AFTER INSERT ON key
BEGIN
  UPDATE key
  SET is_matched = EXISTS (SELECT 1 FROM key_file WHERE key_file.fingerprint = NEW.fingerprint AND gone_scan IS NULL)
                   OR EXISTS (SELECT 1 FROM key_file WHERE likely_fingerprint = NEW.fingerprint AND gone_scan IS NULL)
                   OR EXISTS (SELECT 1 FROM held_key WHERE held_key.fingerprint = NEW.fingerprint),
      listed = (SELECT max(standing) FROM person_key JOIN person ON person.id = person_key.person
                WHERE fingerprint = NEW.fingerprint)
  WHERE fingerprint = NEW.fingerprint;
END;

CREATE TRIGGER key_file_begins AFTER INSERT ON key_file
BEGIN
  UPDATE key SET is_matched = 1
  WHERE fingerprint IN (NEW.fingerprint, NEW.likely_fingerprint) AND is_matched = 0;
END;

-- Ended, or another key is likely in it now.
CREATE TRIGGER key_file_ends AFTER UPDATE OF gone_scan, fingerprint, likely_fingerprint ON key_file
WHEN OLD.gone_scan IS NOT NEW.gone_scan OR OLD.fingerprint IS NOT NEW.fingerprint
     OR OLD.likely_fingerprint IS NOT NEW.likely_fingerprint
BEGIN
  UPDATE key
  SET is_matched = EXISTS (SELECT 1 FROM key_file WHERE key_file.fingerprint = key.fingerprint AND gone_scan IS NULL)
                   OR EXISTS (SELECT 1 FROM key_file WHERE likely_fingerprint = key.fingerprint AND gone_scan IS NULL)
                   OR EXISTS (SELECT 1 FROM held_key WHERE held_key.fingerprint = key.fingerprint)
  WHERE fingerprint IN (OLD.fingerprint, OLD.likely_fingerprint, NEW.fingerprint, NEW.likely_fingerprint);
END;

CREATE TRIGGER held_key_ends AFTER DELETE ON held_key
BEGIN
  UPDATE key
  SET is_matched = EXISTS (SELECT 1 FROM key_file WHERE key_file.fingerprint = OLD.fingerprint AND gone_scan IS NULL)
                   OR EXISTS (SELECT 1 FROM key_file WHERE likely_fingerprint = OLD.fingerprint AND gone_scan IS NULL)
                   OR EXISTS (SELECT 1 FROM held_key WHERE held_key.fingerprint = OLD.fingerprint)
  WHERE fingerprint = OLD.fingerprint;
END;
