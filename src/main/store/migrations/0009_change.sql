-- What stood somewhere, and how, from the scan that first saw it so to the one that found it otherwise; `gone_scan` is
-- null while it is still so. A thing that changes, or comes back, goes on in another row whose `origin` is its first.
-- `about` is the row of the table that `kind` names (place for a certificate); an account is its host and `label`.
-- `state` is what may change in place, as a JSON array; null where nobody took note of it.
CREATE TABLE version (
  id         INTEGER PRIMARY KEY,
  kind       TEXT NOT NULL CHECK (kind IN ('grant', 'key-file', 'host-key', 'account', 'certificate')),
  name       INTEGER NOT NULL REFERENCES host_name (id),
  about      INTEGER NOT NULL,
  label      TEXT,
  state      TEXT CHECK (json_valid(state)),
  origin     INTEGER REFERENCES version (id),
  first_scan INTEGER NOT NULL REFERENCES scan (id),
  gone_scan  INTEGER REFERENCES scan (id)
) STRICT;

INSERT INTO version (kind, name, about, first_scan, gone_scan)
SELECT 'grant', host.name, grant_line.id, first_scan, gone_scan FROM grant_line JOIN host ON host.id = grant_line.host
ORDER BY grant_line.id;
INSERT INTO version (kind, name, about, first_scan, gone_scan)
SELECT 'key-file', host.name, key_file.id, first_scan, gone_scan FROM key_file JOIN host ON host.id = key_file.host
ORDER BY key_file.id;
INSERT INTO version (kind, name, about, first_scan, gone_scan)
SELECT 'host-key', host.name, host_key.id, first_scan, gone_scan FROM host_key JOIN host ON host.id = host_key.host
ORDER BY host_key.id;
INSERT INTO version (kind, name, about, label, first_scan, gone_scan)
SELECT 'account', host.name, host.id, account.name, first_scan, gone_scan FROM account JOIN host ON host.id = account.host;
INSERT INTO version (kind, name, about, first_scan, gone_scan)
SELECT 'certificate', name, id, first_scan, gone_scan FROM place ORDER BY id;

CREATE INDEX version_about ON version (kind, about, label);
CREATE INDEX version_begun ON version (kind, first_scan, id, origin, gone_scan);
CREATE INDEX version_ended ON version (kind, gone_scan) WHERE gone_scan IS NOT NULL;
CREATE INDEX version_later ON version (kind, first_scan) WHERE origin IS NOT NULL;
CREATE INDEX version_of_thing ON version (origin) WHERE origin IS NOT NULL;
CREATE INDEX version_under_name ON version (name, kind, first_scan);

-- The scan that first read the host: what it saw was new to us, and need not have been new there.
ALTER TABLE host ADD COLUMN first_read_scan INTEGER REFERENCES scan (id);

UPDATE host
SET first_read_scan = ifnull((SELECT min(first_scan) FROM account WHERE account.host = host.id), last_scan)
WHERE last_read IS NOT NULL;

CREATE TRIGGER host_is_read_first AFTER UPDATE OF last_read ON host
WHEN NEW.last_read IS NOT NULL AND NEW.first_read_scan IS NULL
BEGIN
  UPDATE host SET first_read_scan = NEW.last_scan WHERE id = NEW.id;
END;

-- Where what has gone is found again when it, or what takes its place, is seen.
CREATE INDEX grant_gone ON grant_line (host, account, file, fingerprint) WHERE gone_scan IS NOT NULL;
CREATE INDEX key_file_gone ON key_file (host, path) WHERE gone_scan IS NOT NULL;
CREATE INDEX host_key_gone ON host_key (host, key_type) WHERE gone_scan IS NOT NULL;
CREATE INDEX place_gone_at_endpoint ON place (endpoint, position) WHERE gone_scan IS NOT NULL AND endpoint IS NOT NULL;
CREATE INDEX place_gone_on_host ON place (host, path, position) WHERE gone_scan IS NOT NULL AND host IS NOT NULL;

-- The things that have gone, of which a new row may be the next version.
CREATE VIEW gone_version AS
SELECT kind, about, label, ifnull(origin, id) AS thing, gone_scan
FROM version INDEXED BY version_about
WHERE gone_scan IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM version AS first WHERE first.id = version.origin AND first.gone_scan IS NULL)
  AND NOT EXISTS (
    SELECT 1 FROM version AS later WHERE later.origin = ifnull(version.origin, version.id) AND later.gone_scan IS NULL);

-- A line of another text with the same key, for the same account in the same file, is the same grant, changed.
CREATE TRIGGER grant_begins_as_version AFTER INSERT ON grant_line
BEGIN
  INSERT INTO version (kind, name, about, state, first_scan, origin)
  SELECT 'grant', host.name, NEW.id,
    json_extract(NEW.verdict, '$.effective.state', '$.effective.dormant', '$.effective.gives', '$.effective.onlyFrom'),
    NEW.first_scan,
    -- Most are new, and that is found out fast.
    CASE WHEN EXISTS (
      SELECT 1 FROM grant_line INDEXED BY grant_gone
      WHERE host = NEW.host AND account = NEW.account AND file = NEW.file AND fingerprint = NEW.fingerprint
        AND gone_scan IS NOT NULL)
    THEN
      (SELECT thing
       FROM grant_line INDEXED BY grant_gone CROSS JOIN gone_version ON kind = 'grant' AND about = grant_line.id
       WHERE grant_line.host = NEW.host AND account = NEW.account AND file = NEW.file
         AND fingerprint = NEW.fingerprint AND grant_line.gone_scan IS NOT NULL
       ORDER BY text = NEW.text DESC, grant_line.gone_scan DESC, line
       LIMIT 1)
    END
  FROM host
  WHERE host.id = NEW.host;
END;

CREATE TRIGGER grant_ends_as_version AFTER UPDATE OF gone_scan ON grant_line
WHEN OLD.gone_scan IS NULL AND NEW.gone_scan IS NOT NULL
BEGIN
  UPDATE version SET gone_scan = NEW.gone_scan WHERE kind = 'grant' AND about = NEW.id AND gone_scan IS NULL;
END;

-- What one scan says twice, and what was not taken note of before, is one version.
CREATE TRIGGER grant_is_another_version AFTER UPDATE OF verdict ON grant_line
WHEN NEW.gone_scan IS NULL
  AND json_extract(OLD.verdict, '$.effective.state', '$.effective.dormant', '$.effective.gives', '$.effective.onlyFrom')
    <> json_extract(NEW.verdict, '$.effective.state', '$.effective.dormant', '$.effective.gives', '$.effective.onlyFrom')
BEGIN
  UPDATE version SET gone_scan = NEW.last_scan
  WHERE kind = 'grant' AND about = NEW.id AND gone_scan IS NULL AND first_scan <> NEW.last_scan AND state IS NOT NULL;
  INSERT INTO version (kind, name, about, first_scan, origin)
  SELECT kind, name, about, NEW.last_scan, ifnull(origin, id)
  FROM version
  WHERE kind = 'grant' AND about = NEW.id
    AND NOT EXISTS (SELECT 1 FROM version WHERE kind = 'grant' AND about = NEW.id AND gone_scan IS NULL)
  ORDER BY id DESC
  LIMIT 1;
  UPDATE version
  SET state = json_extract(NEW.verdict, '$.effective.state', '$.effective.dormant', '$.effective.gives',
    '$.effective.onlyFrom')
  WHERE kind = 'grant' AND about = NEW.id AND gone_scan IS NULL;
END;

-- A grant whose line has moved within its file.
CREATE TABLE grant_move (
  grant_line INTEGER NOT NULL REFERENCES grant_line (id),
  scan       INTEGER NOT NULL REFERENCES scan (id),
  from_line  INTEGER NOT NULL,
  to_line    INTEGER NOT NULL,
  PRIMARY KEY (grant_line, scan)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER grant_moves AFTER UPDATE OF line ON grant_line
WHEN OLD.line <> NEW.line
BEGIN
  INSERT INTO grant_move (grant_line, scan, from_line, to_line) VALUES (NEW.id, NEW.last_scan, OLD.line, NEW.line)
  ON CONFLICT DO UPDATE SET to_line = NEW.line;
END;

-- Another key in the same file is the same key file, changed.
CREATE TRIGGER key_file_begins_as_version AFTER INSERT ON key_file
BEGIN
  INSERT INTO version (kind, name, about, state, first_scan, origin)
  SELECT 'key-file', host.name, NEW.id, json_array(NEW.owner, NEW.mode, NEW.is_encrypted), NEW.first_scan,
    (SELECT thing
     FROM key_file INDEXED BY key_file_gone CROSS JOIN gone_version ON kind = 'key-file' AND about = key_file.id
     WHERE key_file.host = NEW.host AND path = NEW.path AND key_file.gone_scan IS NOT NULL
     ORDER BY fingerprint IS NEW.fingerprint DESC, key_file.gone_scan DESC
     LIMIT 1)
  FROM host
  WHERE host.id = NEW.host;
END;

CREATE TRIGGER key_file_ends_as_version AFTER UPDATE OF gone_scan ON key_file
WHEN OLD.gone_scan IS NULL AND NEW.gone_scan IS NOT NULL
BEGIN
  UPDATE version SET gone_scan = NEW.gone_scan WHERE kind = 'key-file' AND about = NEW.id AND gone_scan IS NULL;
END;

CREATE TRIGGER key_file_is_another_version AFTER UPDATE OF owner, mode, is_encrypted ON key_file
WHEN NEW.gone_scan IS NULL
  AND (OLD.owner <> NEW.owner OR OLD.mode <> NEW.mode OR OLD.is_encrypted IS NOT NEW.is_encrypted)
BEGIN
  UPDATE version SET gone_scan = NEW.last_scan
  WHERE kind = 'key-file' AND about = NEW.id AND gone_scan IS NULL AND first_scan <> NEW.last_scan
    AND state IS NOT NULL
    AND (OLD.owner <> NEW.owner OR OLD.mode <> NEW.mode OR OLD.is_encrypted <> NEW.is_encrypted);
  INSERT INTO version (kind, name, about, first_scan, origin)
  SELECT kind, name, about, NEW.last_scan, ifnull(origin, id)
  FROM version
  WHERE kind = 'key-file' AND about = NEW.id
    AND NOT EXISTS (SELECT 1 FROM version WHERE kind = 'key-file' AND about = NEW.id AND gone_scan IS NULL)
  ORDER BY id DESC
  LIMIT 1;
  UPDATE version SET state = json_array(NEW.owner, NEW.mode, NEW.is_encrypted)
  WHERE kind = 'key-file' AND about = NEW.id AND gone_scan IS NULL;
END;

-- Another host key of the same type is the host's key, changed.
CREATE TRIGGER host_key_begins_as_version AFTER INSERT ON host_key
BEGIN
  INSERT INTO version (kind, name, about, first_scan, origin)
  SELECT 'host-key', host.name, NEW.id, NEW.first_scan,
    (SELECT thing
     FROM host_key INDEXED BY host_key_gone CROSS JOIN gone_version ON kind = 'host-key' AND about = host_key.id
     WHERE host_key.host = NEW.host AND key_type = NEW.key_type AND host_key.gone_scan IS NOT NULL
     ORDER BY fingerprint = NEW.fingerprint DESC, host_key.gone_scan DESC
     LIMIT 1)
  FROM host
  WHERE host.id = NEW.host;
END;

CREATE TRIGGER host_key_ends_as_version AFTER UPDATE OF gone_scan ON host_key
WHEN OLD.gone_scan IS NULL AND NEW.gone_scan IS NOT NULL
BEGIN
  UPDATE version SET gone_scan = NEW.gone_scan WHERE kind = 'host-key' AND about = NEW.id AND gone_scan IS NULL;
END;

-- The row of an account is used again when it comes back.
CREATE TRIGGER account_begins_as_version AFTER INSERT ON account
BEGIN
  INSERT INTO version (kind, name, about, label, state, first_scan)
  SELECT 'account', host.name, NEW.host, NEW.name, json_array(NEW.uid, NEW.shell, NEW.password_state), NEW.first_scan
  FROM host
  WHERE host.id = NEW.host;
END;

CREATE TRIGGER account_comes_back_as_version AFTER UPDATE OF gone_scan ON account
WHEN OLD.gone_scan IS NOT NULL AND NEW.gone_scan IS NULL
BEGIN
  INSERT INTO version (kind, name, about, label, state, first_scan, origin)
  SELECT kind, name, about, label, json_array(NEW.uid, NEW.shell, NEW.password_state), NEW.last_scan,
    ifnull(origin, id)
  FROM version
  WHERE kind = 'account' AND about = NEW.host AND label = NEW.name
  ORDER BY id DESC
  LIMIT 1;
END;

CREATE TRIGGER account_ends_as_version AFTER UPDATE OF gone_scan ON account
WHEN OLD.gone_scan IS NULL AND NEW.gone_scan IS NOT NULL
BEGIN
  UPDATE version SET gone_scan = NEW.gone_scan
  WHERE kind = 'account' AND about = NEW.host AND label = NEW.name AND gone_scan IS NULL;
END;

-- A password that a reading could not tell of has not changed: the version keeps what was last known.
CREATE TRIGGER account_is_another_version AFTER UPDATE OF uid, shell, password_state ON account
WHEN NEW.gone_scan IS NULL AND OLD.gone_scan IS NULL
  AND (OLD.uid <> NEW.uid OR OLD.shell <> NEW.shell OR OLD.password_state <> NEW.password_state)
BEGIN
  UPDATE version SET gone_scan = NEW.last_scan
  WHERE kind = 'account' AND about = NEW.host AND label = NEW.name AND gone_scan IS NULL
    AND first_scan <> NEW.last_scan AND state IS NOT NULL
    AND (OLD.uid <> NEW.uid OR OLD.shell <> NEW.shell
      OR 'unknown' NOT IN (NEW.password_state, json_extract(state, '$[2]'))
        AND NEW.password_state <> json_extract(state, '$[2]'));
  INSERT INTO version (kind, name, about, label, state, first_scan, origin)
  SELECT kind, name, about, label, state, NEW.last_scan, ifnull(origin, id)
  FROM version
  WHERE kind = 'account' AND about = NEW.host AND label = NEW.name
    AND NOT EXISTS (
      SELECT 1 FROM version
      WHERE kind = 'account' AND about = NEW.host AND label = NEW.name AND gone_scan IS NULL)
  ORDER BY id DESC
  LIMIT 1;
  UPDATE version
  SET state = json_array(NEW.uid, NEW.shell,
    CASE NEW.password_state WHEN 'unknown' THEN ifnull(json_extract(state, '$[2]'), 'unknown')
                            ELSE NEW.password_state END)
  WHERE kind = 'account' AND about = NEW.host AND label = NEW.name AND gone_scan IS NULL;
END;

-- Another certificate at the same place of a chain, or of a file, has replaced the one before.
CREATE TRIGGER place_begins_as_version AFTER INSERT ON place
BEGIN
  INSERT INTO version (kind, name, about, first_scan, origin)
  VALUES ('certificate', NEW.name, NEW.id, NEW.first_scan,
    CASE WHEN NEW.endpoint IS NOT NULL THEN
      (SELECT thing
       FROM place INDEXED BY place_gone_at_endpoint CROSS JOIN gone_version ON kind = 'certificate' AND about = place.id
       WHERE endpoint = NEW.endpoint AND position = NEW.position AND place.gone_scan IS NOT NULL
       ORDER BY certificate = NEW.certificate DESC, place.gone_scan DESC
       LIMIT 1)
    ELSE
      (SELECT thing
       FROM place INDEXED BY place_gone_on_host CROSS JOIN gone_version ON kind = 'certificate' AND about = place.id
       WHERE host = NEW.host AND path = NEW.path AND position = NEW.position AND place.gone_scan IS NOT NULL
       ORDER BY certificate = NEW.certificate DESC, place.gone_scan DESC
       LIMIT 1)
    END);
END;

CREATE TRIGGER place_ends_as_version AFTER UPDATE OF gone_scan ON place
WHEN OLD.gone_scan IS NULL AND NEW.gone_scan IS NOT NULL
BEGIN
  UPDATE version SET gone_scan = NEW.gone_scan WHERE kind = 'certificate' AND about = NEW.id AND gone_scan IS NULL;
END;

-- The scan that the user has said to compare with: what it saw, or had been seen before it, is known. At most one row.
CREATE TABLE baseline (
  id     INTEGER PRIMARY KEY CHECK (id = 1),
  scan   INTEGER NOT NULL REFERENCES scan (id),
  set_at TEXT NOT NULL
) STRICT;

-- That a grant may be there, for whom and for what. It is for this exact line: one that is changed needs another. A row
-- is withdrawn, never removed or changed.
CREATE TABLE approval (
  id           INTEGER PRIMARY KEY,
  host         INTEGER NOT NULL REFERENCES host (id),
  account      TEXT NOT NULL,
  file         TEXT NOT NULL,
  text         TEXT NOT NULL,
  owner        TEXT NOT NULL,
  purpose      TEXT NOT NULL,
  review_on    TEXT,
  approved_at  TEXT NOT NULL,
  withdrawn_at TEXT
) STRICT;

CREATE UNIQUE INDEX approval_of_line ON approval (host, account, file, text) WHERE withdrawn_at IS NULL;
CREATE INDEX approval_on_host ON approval (host, account, file);

-- Of a grant: its approval, and when that is to be looked at again.
ALTER TABLE grant_line ADD COLUMN approval INTEGER REFERENCES approval (id);
ALTER TABLE grant_line ADD COLUMN review_on TEXT;

CREATE INDEX grant_unapproved ON grant_line (first_scan, id, effective, is_dormant)
  WHERE gone_scan IS NULL AND approval IS NULL;
CREATE INDEX grant_to_review ON grant_line (review_on, id) WHERE gone_scan IS NULL AND review_on IS NOT NULL;

CREATE TRIGGER approval_begins AFTER INSERT ON approval
BEGIN
  UPDATE grant_line SET approval = NEW.id, review_on = NEW.review_on, is_vouched = 1
  WHERE host = NEW.host AND account = NEW.account AND file = NEW.file AND text = NEW.text AND gone_scan IS NULL;
END;

CREATE TRIGGER approval_ends AFTER UPDATE OF withdrawn_at ON approval
WHEN OLD.withdrawn_at IS NULL AND NEW.withdrawn_at IS NOT NULL
BEGIN
  UPDATE grant_line SET approval = NULL, review_on = NULL, is_vouched = 0
  WHERE host = NEW.host AND account = NEW.account AND file = NEW.file AND text = NEW.text AND gone_scan IS NULL;
END;
