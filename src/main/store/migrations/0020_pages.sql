-- Authorities as steps of the graph, and what long lists are read by.

-- An account that sshd lets in by a certificate, and the authority (TrustedUserCAKeys) that has to sign it. Where
-- sshd refuses every such certificate there is no row. `effective` is the verdict of a certificate in good order.
CREATE TABLE trusted_authority (
  id          INTEGER PRIMARY KEY,
  host        INTEGER NOT NULL REFERENCES host (id),
  account     TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  key_type    TEXT NOT NULL,
  comment     TEXT NOT NULL,
  file        TEXT NOT NULL,
  line        INTEGER NOT NULL,
  principals  TEXT NOT NULL CHECK (json_valid(principals)),
  effective   TEXT NOT NULL CHECK (json_valid(effective)),
  first_scan  INTEGER NOT NULL REFERENCES scan (id),
  last_scan   INTEGER NOT NULL REFERENCES scan (id),
  gone_scan   INTEGER REFERENCES scan (id)
) STRICT;

CREATE INDEX trusted_authority_on_host ON trusted_authority (host, account) WHERE gone_scan IS NULL;

CREATE INDEX trusted_authority_by_key ON trusted_authority (fingerprint, host, account) WHERE gone_scan IS NULL;

-- A key file by the key that it holds, or is likely to.
CREATE INDEX key_file_by_any_key ON key_file (ifnull(fingerprint, likely_fingerprint), id) WHERE gone_scan IS NULL;

-- What a search of steps looks for at whoever holds a key: its owner, its host and its path.
CREATE VIRTUAL TABLE key_file_search USING fts5 (
  text, content = '', contentless_delete = 1, tokenize = 'trigram'
);

INSERT INTO key_file_search (rowid, text)
SELECT key_file.id, owner || char(10) || host.host || char(10) || path
FROM key_file JOIN host ON host.id = key_file.host
WHERE gone_scan IS NULL;

CREATE TRIGGER key_file_is_found AFTER INSERT ON key_file
BEGIN
  INSERT INTO key_file_search (rowid, text)
  SELECT NEW.id, NEW.owner || char(10) || host || char(10) || NEW.path FROM host WHERE id = NEW.host;
END;

CREATE TRIGGER key_file_is_found_otherwise AFTER UPDATE OF owner ON key_file
WHEN OLD.owner <> NEW.owner AND NEW.gone_scan IS NULL
BEGIN
  DELETE FROM key_file_search WHERE rowid = NEW.id;
  INSERT INTO key_file_search (rowid, text)
  SELECT NEW.id, NEW.owner || char(10) || host || char(10) || NEW.path FROM host WHERE id = NEW.host;
END;

CREATE TRIGGER key_file_is_not_found AFTER UPDATE OF gone_scan ON key_file
WHEN OLD.gone_scan IS NULL AND NEW.gone_scan IS NOT NULL
BEGIN
  DELETE FROM key_file_search WHERE rowid = NEW.id;
END;

-- The name of the only host that a certificate is on; empty for several. It is what findings are listed by.
ALTER TABLE certificate ADD COLUMN only_host TEXT NOT NULL DEFAULT '';

UPDATE certificate SET only_host = (SELECT name FROM host_name WHERE host_name.id = only_name)
WHERE only_name IS NOT NULL;

CREATE TRIGGER certificate_is_elsewhere AFTER UPDATE OF only_name ON certificate
WHEN OLD.only_name IS NOT NEW.only_name
BEGIN
  UPDATE certificate SET only_host = ifnull((SELECT name FROM host_name WHERE host_name.id = NEW.only_name), '')
  WHERE id = NEW.id;
END;

-- With what tells whether it is due, so that few rows are read for a page.
CREATE INDEX certificate_by_only_host ON certificate
  (only_host, id, not_after, due_from, urgent_from, not_before, first_seen) WHERE is_seen = 1;

-- A grant is there again when its exact line has been in that file before: only then is it asked whether it was at the
-- baseline. Of the others the tally says how many are new since which scan, nobody having approved them.
ALTER TABLE grant_line ADD COLUMN is_again INTEGER NOT NULL DEFAULT 0 CHECK (is_again IN (0, 1));

ALTER TABLE grant_line ADD COLUMN new_as TEXT GENERATED ALWAYS AS (
  CASE WHEN gone_scan IS NULL AND approval IS NULL AND is_again = 0 AND (effective <> 'no' OR is_dormant = 1)
       THEN 'new grant ' || printf('%010d', first_scan) END) VIRTUAL;

UPDATE grant_line SET is_again = 1
WHERE gone_scan IS NULL AND EXISTS (
  SELECT 1 FROM grant_line AS earlier INDEXED BY grant_gone
  WHERE earlier.host = grant_line.host AND earlier.account = grant_line.account AND earlier.file = grant_line.file
    AND earlier.fingerprint = grant_line.fingerprint AND earlier.text = grant_line.text
    AND earlier.gone_scan IS NOT NULL);

INSERT INTO tally (what, count)
SELECT new_as, count(*) FROM grant_line WHERE new_as IS NOT NULL GROUP BY new_as;

DROP INDEX grant_unapproved;

CREATE INDEX grant_unapproved ON grant_line (first_scan, id, effective, is_dormant, is_again)
  WHERE gone_scan IS NULL AND approval IS NULL;

CREATE INDEX grant_there_again ON grant_line (first_scan, id) WHERE gone_scan IS NULL AND is_again = 1;

CREATE TRIGGER grant_begins_new AFTER INSERT ON grant_line
BEGIN
  UPDATE grant_line SET is_again = 1
  WHERE id = NEW.id AND EXISTS (
    SELECT 1 FROM grant_line AS earlier INDEXED BY grant_gone
    WHERE earlier.host = NEW.host AND earlier.account = NEW.account AND earlier.file = NEW.file
      AND earlier.fingerprint = NEW.fingerprint AND earlier.text = NEW.text AND earlier.gone_scan IS NOT NULL);
  INSERT INTO tally (what, count) SELECT new_as, 1 FROM grant_line WHERE id = NEW.id AND new_as IS NOT NULL
  ON CONFLICT (what) DO UPDATE SET count = count + 1;
END;

CREATE TRIGGER grant_is_new_otherwise AFTER UPDATE OF gone_scan, approval, effective, is_dormant ON grant_line
WHEN OLD.new_as IS NOT NEW.new_as
BEGIN
  UPDATE tally SET count = count - 1 WHERE what = OLD.new_as;
  INSERT INTO tally (what, count) SELECT NEW.new_as, 1 WHERE NEW.new_as IS NOT NULL
  ON CONFLICT (what) DO UPDATE SET count = count + 1;
END;
