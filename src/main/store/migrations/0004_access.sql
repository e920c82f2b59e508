-- A login on a host.
CREATE TABLE account (
  host           INTEGER NOT NULL REFERENCES host (id),
  name           TEXT NOT NULL,
  uid            INTEGER NOT NULL,
  shell          TEXT NOT NULL,
  password_state TEXT NOT NULL CHECK (password_state IN ('set', 'locked', 'none', 'unknown')),
  first_scan     INTEGER NOT NULL REFERENCES scan (id),
  last_scan      INTEGER NOT NULL REFERENCES scan (id),
  gone_scan      INTEGER REFERENCES scan (id),
  PRIMARY KEY (host, name)
) STRICT, WITHOUT ROWID;

-- A public key. `account_count` says how many accounts it opens or may open now, over all hosts. It is shared
-- while there are several; `shared_since` is when the second of them was found.
CREATE TABLE key (
  fingerprint   TEXT PRIMARY KEY,
  key_type      TEXT NOT NULL,
  key_bits      INTEGER,
  account_count INTEGER NOT NULL DEFAULT 0,
  is_shared     INTEGER NOT NULL DEFAULT 0 CHECK (is_shared IN (0, 1)),
  shared_since  TEXT,
  CHECK (is_shared = 0 OR shared_since IS NOT NULL)
) STRICT, WITHOUT ROWID;

CREATE INDEX key_shared ON key (fingerprint) WHERE is_shared = 1;
CREATE INDEX key_shared_since ON key (shared_since, fingerprint) WHERE is_shared = 1;

-- One line of an authorized_keys file for one account, from the first scan that saw it to the last. It is
-- the same grant as long as its text is, even if the line has moved. `gone_scan` is null while it stands.
-- Host and port are those of the host: lists are in their order.
CREATE TABLE grant_line (
  id          INTEGER PRIMARY KEY,
  host        INTEGER NOT NULL REFERENCES host (id),
  host_name   TEXT NOT NULL,
  port        INTEGER NOT NULL,
  account     TEXT NOT NULL,
  uid         INTEGER NOT NULL,
  file        TEXT NOT NULL,
  line        INTEGER NOT NULL,
  fingerprint TEXT REFERENCES key (fingerprint),
  key_type    TEXT,
  key_bits    INTEGER,
  comment     TEXT NOT NULL,
  options     TEXT NOT NULL,
  text        TEXT NOT NULL,
  effective   TEXT NOT NULL CHECK (effective IN ('yes', 'no', 'unknown')),
  verdict     TEXT NOT NULL CHECK (json_valid(verdict)),
  first_scan  INTEGER NOT NULL REFERENCES scan (id),
  last_scan   INTEGER NOT NULL REFERENCES scan (id),
  gone_scan   INTEGER REFERENCES scan (id)
) STRICT;

CREATE INDEX grant_on_host ON grant_line (host) WHERE gone_scan IS NULL;
CREATE INDEX grant_by_host ON grant_line
  (host_name, port, substr(account, 1, 64), substr(file, 1, 128), line, id) WHERE gone_scan IS NULL;
CREATE INDEX grant_by_account ON grant_line (account, host_name, id) WHERE gone_scan IS NULL;
CREATE INDEX grant_by_account_start ON grant_line (substr(account, 1, 64), id) WHERE gone_scan IS NULL;
CREATE INDEX grant_by_fingerprint ON grant_line (ifnull(fingerprint, ''), id) WHERE gone_scan IS NULL;
CREATE INDEX grant_by_key_type ON grant_line (ifnull(substr(key_type, 1, 120), ''), id) WHERE gone_scan IS NULL;
CREATE INDEX grant_by_effective ON grant_line (effective, id) WHERE gone_scan IS NULL;
CREATE INDEX grant_by_comment ON grant_line (substr(comment, 1, 120), id) WHERE gone_scan IS NULL;
CREATE INDEX grant_usable ON grant_line (fingerprint, host, account) WHERE gone_scan IS NULL AND effective <> 'no';

-- Covers the grants that stand now. Fingerprints are not in it: they are found by how they begin.
CREATE VIRTUAL TABLE grant_search USING fts5 (
  text, content = '', contentless_delete = 1, tokenize = 'trigram'
);

CREATE TRIGGER grant_begins AFTER INSERT ON grant_line
BEGIN
  UPDATE tally SET count = count + 1 WHERE what = 'grant ' || NEW.effective;
  INSERT INTO grant_search (rowid, text)
  VALUES (NEW.id, NEW.host_name || char(10) || NEW.account || char(10) || NEW.file || char(10) || NEW.comment);
END;

CREATE TRIGGER grant_ends AFTER UPDATE OF gone_scan ON grant_line
WHEN OLD.gone_scan IS NULL AND NEW.gone_scan IS NOT NULL
BEGIN
  UPDATE tally SET count = count - 1 WHERE what = 'grant ' || NEW.effective;
  DELETE FROM grant_search WHERE rowid = NEW.id;
END;

CREATE TRIGGER grant_is_judged_anew AFTER UPDATE OF effective ON grant_line
WHEN NEW.gone_scan IS NULL AND OLD.effective <> NEW.effective
BEGIN
  UPDATE tally SET count = count - 1 WHERE what = 'grant ' || OLD.effective;
  UPDATE tally SET count = count + 1 WHERE what = 'grant ' || NEW.effective;
END;

-- A grant is usable while it stands and is not known to be refused. An account counts once a key.
CREATE TRIGGER grant_begins_usable AFTER INSERT ON grant_line
WHEN NEW.fingerprint IS NOT NULL AND NEW.effective <> 'no'
BEGIN
  UPDATE key SET account_count = account_count + 1
  WHERE fingerprint = NEW.fingerprint
    AND NOT EXISTS (
      SELECT 1 FROM grant_line
      WHERE fingerprint = NEW.fingerprint AND host = NEW.host AND account = NEW.account
        AND gone_scan IS NULL AND effective <> 'no' AND id <> NEW.id);
  UPDATE key SET is_shared = 1, shared_since = (SELECT started_at FROM scan WHERE id = NEW.last_scan)
  WHERE fingerprint = NEW.fingerprint AND account_count > 1 AND is_shared = 0;
END;

CREATE TRIGGER grant_becomes_usable AFTER UPDATE OF effective ON grant_line
WHEN NEW.fingerprint IS NOT NULL AND NEW.gone_scan IS NULL AND OLD.effective = 'no' AND NEW.effective <> 'no'
BEGIN
  UPDATE key SET account_count = account_count + 1
  WHERE fingerprint = NEW.fingerprint
    AND NOT EXISTS (
      SELECT 1 FROM grant_line
      WHERE fingerprint = NEW.fingerprint AND host = NEW.host AND account = NEW.account
        AND gone_scan IS NULL AND effective <> 'no' AND id <> NEW.id);
  UPDATE key SET is_shared = 1, shared_since = (SELECT started_at FROM scan WHERE id = NEW.last_scan)
  WHERE fingerprint = NEW.fingerprint AND account_count > 1 AND is_shared = 0;
END;

CREATE TRIGGER grant_ceases_to_be_usable AFTER UPDATE OF effective, gone_scan ON grant_line
WHEN NEW.fingerprint IS NOT NULL
  AND OLD.gone_scan IS NULL AND OLD.effective <> 'no'
  AND (NEW.gone_scan IS NOT NULL OR NEW.effective = 'no')
BEGIN
  UPDATE key SET account_count = account_count - 1
  WHERE fingerprint = NEW.fingerprint
    AND NOT EXISTS (
      SELECT 1 FROM grant_line
      WHERE fingerprint = NEW.fingerprint AND host = NEW.host AND account = NEW.account
        AND gone_scan IS NULL AND effective <> 'no' AND id <> NEW.id);
  UPDATE key SET is_shared = 0, shared_since = NULL
  WHERE fingerprint = NEW.fingerprint AND account_count < 2 AND is_shared = 1;
END;

-- A private key found on a host: its public half and what is known of the file, never its bytes.
CREATE TABLE key_file (
  id           INTEGER PRIMARY KEY,
  host         INTEGER NOT NULL REFERENCES host (id),
  path         TEXT NOT NULL,
  owner        TEXT NOT NULL,
  mode         TEXT NOT NULL,
  format       TEXT NOT NULL,
  key_type     TEXT,
  key_bits     INTEGER,
  fingerprint  TEXT,
  is_encrypted INTEGER CHECK (is_encrypted IN (0, 1)),
  first_scan   INTEGER NOT NULL REFERENCES scan (id),
  last_scan    INTEGER NOT NULL REFERENCES scan (id),
  gone_scan    INTEGER REFERENCES scan (id)
) STRICT;

CREATE INDEX key_file_on_host ON key_file (host) WHERE gone_scan IS NULL;
CREATE INDEX key_file_of_key ON key_file (fingerprint) WHERE gone_scan IS NULL;

-- A public host key that a host holds.
CREATE TABLE host_key (
  id          INTEGER PRIMARY KEY,
  host        INTEGER NOT NULL REFERENCES host (id),
  key_type    TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  first_scan  INTEGER NOT NULL REFERENCES scan (id),
  last_scan   INTEGER NOT NULL REFERENCES scan (id),
  gone_scan   INTEGER REFERENCES scan (id)
) STRICT;

CREATE INDEX host_key_on_host ON host_key (host) WHERE gone_scan IS NULL;
CREATE INDEX host_key_by_fingerprint ON host_key (fingerprint) WHERE gone_scan IS NULL;
