-- A name or an address under which the user reaches hosts and endpoints.
CREATE TABLE host_name (
  id   INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;

CREATE VIRTUAL TABLE host_name_search USING fts5 (
  text, content = '', contentless_delete = 1, tokenize = 'trigram'
);

CREATE TRIGGER host_name_begins AFTER INSERT ON host_name
BEGIN
  INSERT INTO host_name_search (rowid, text) VALUES (NEW.id, NEW.name);
END;

-- How many rows a list has in all, where to count them would take too long.
CREATE TABLE tally (
  what  TEXT PRIMARY KEY,
  count INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

INSERT INTO tally (what) VALUES ('certificate'), ('grant yes'), ('grant no'), ('grant unknown');

-- A place where TLS is spoken, with what the last visit met. `server_name` is empty for the host itself;
-- `facts` are those of the last handshake.
CREATE TABLE endpoint (
  id          INTEGER PRIMARY KEY,
  host        TEXT NOT NULL,
  port        INTEGER NOT NULL,
  server_name TEXT NOT NULL DEFAULT '',
  name        INTEGER NOT NULL REFERENCES host_name (id),
  state       TEXT NOT NULL CHECK (state IN ('ok', 'failed', 'partial')),
  outcome     TEXT NOT NULL,
  message     TEXT NOT NULL,
  last_scan   INTEGER NOT NULL REFERENCES scan (id),
  last_seen   TEXT NOT NULL,
  facts       TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(facts)),
  UNIQUE (host, port, server_name)
) STRICT;

CREATE INDEX endpoint_by_state ON endpoint (state);

-- A machine as the user named it: what the last visit met, and what was read at the last visit that could
-- read. The key is the one that it presented last. What was never read is null.
CREATE TABLE host (
  id                  INTEGER PRIMARY KEY,
  host                TEXT NOT NULL,
  port                INTEGER NOT NULL,
  name                INTEGER NOT NULL REFERENCES host_name (id),
  user                TEXT,
  state               TEXT NOT NULL CHECK (state IN ('ok', 'failed', 'partial')),
  outcome             TEXT NOT NULL,
  message             TEXT NOT NULL,
  last_scan           INTEGER NOT NULL REFERENCES scan (id),
  last_seen           TEXT NOT NULL,
  last_read           TEXT,
  hostname            TEXT,
  os                  TEXT,
  kernel              TEXT,
  arch                TEXT,
  sshd_version        TEXT,
  clock_ahead_seconds INTEGER,
  read_as             TEXT,
  account_count       INTEGER NOT NULL DEFAULT 0,
  grant_count         INTEGER NOT NULL DEFAULT 0,
  certificate_count   INTEGER NOT NULL DEFAULT 0,
  key_type            TEXT,
  key_fingerprint     TEXT,
  key_blob            BLOB,
  is_key_refused      INTEGER NOT NULL DEFAULT 0 CHECK (is_key_refused IN (0, 1)),
  UNIQUE (host, port)
) STRICT;

CREATE INDEX host_by_os ON host (ifnull(substr(os, 1, 120), ''), id);
CREATE INDEX host_by_state ON host (state, id);
CREATE INDEX host_by_grants ON host (grant_count, id);
CREATE INDEX host_by_accounts ON host (account_count, id);
CREATE INDEX host_by_last_seen ON host (last_seen, id);

-- What the last reading of a host covered, and what it could not read.
CREATE TABLE coverage (
  host     INTEGER PRIMARY KEY REFERENCES host (id),
  read     TEXT NOT NULL CHECK (json_valid(read)),
  not_read TEXT NOT NULL CHECK (json_valid(not_read))
) STRICT;

-- A certificate that was seen somewhere, once and for all: its own facts never change. `not_after` is
-- 'unreadable' where it cannot be read, which comes after every date. From `due_from` on it needs attention,
-- from `urgent_from` on at once. The counts are of the places where it is seen now; `only_name` is
-- set while they are all under one name. Indexes go by what changes rarely, not by the counts.
CREATE TABLE certificate (
  id             INTEGER PRIMARY KEY,
  sha256         TEXT NOT NULL UNIQUE,
  subject        TEXT NOT NULL,
  issuer         TEXT NOT NULL,
  common_name    TEXT,
  serial         TEXT NOT NULL,
  not_before     TEXT,
  not_after      TEXT NOT NULL,
  names          TEXT NOT NULL CHECK (json_valid(names)),
  key_type       TEXT NOT NULL,
  key_bits       INTEGER,
  curve          TEXT,
  spki_sha256    TEXT NOT NULL,
  signature      TEXT NOT NULL,
  is_ca          INTEGER NOT NULL CHECK (is_ca IN (0, 1)),
  is_self_issued INTEGER NOT NULL CHECK (is_self_issued IN (0, 1)),
  malformed      TEXT NOT NULL CHECK (json_valid(malformed)),
  size_bytes     INTEGER NOT NULL,
  due_from       TEXT NOT NULL,
  urgent_from    TEXT,
  first_seen     TEXT NOT NULL,
  place_count    INTEGER NOT NULL DEFAULT 0,
  endpoint_count INTEGER NOT NULL DEFAULT 0,
  only_name      INTEGER REFERENCES host_name (id),
  is_seen        INTEGER NOT NULL DEFAULT 0 CHECK (is_seen IN (0, 1)),
  is_at_endpoint INTEGER NOT NULL DEFAULT 0 CHECK (is_at_endpoint IN (0, 1)),
  is_in_file     INTEGER NOT NULL DEFAULT 0 CHECK (is_in_file IN (0, 1))
) STRICT;

CREATE INDEX certificate_by_expiry ON certificate (not_after, id) WHERE is_seen = 1;
CREATE INDEX certificate_by_subject ON certificate (substr(subject, 1, 120), id) WHERE is_seen = 1;
CREATE INDEX certificate_by_issuer ON certificate (substr(issuer, 1, 120), id) WHERE is_seen = 1;
CREATE INDEX certificate_by_key_type ON certificate (key_type, id) WHERE is_seen = 1;
CREATE INDEX certificate_by_places ON certificate (place_count, id) WHERE is_seen = 1;
CREATE INDEX certificate_by_role ON certificate (is_ca, not_after, id) WHERE is_seen = 1;
CREATE INDEX certificate_at_endpoint ON certificate (not_after, id) WHERE is_seen = 1 AND is_at_endpoint = 1;
CREATE INDEX certificate_in_file ON certificate (not_after, id) WHERE is_seen = 1 AND is_in_file = 1;
CREATE INDEX certificate_due ON certificate (due_from, not_after, urgent_from, first_seen) WHERE is_seen = 1;
-- One that is not yet valid now was not when it was first seen either.
CREATE INDEX certificate_early ON certificate (not_before) WHERE not_before > first_seen;

-- What only the page of one certificate needs: the exact bytes, and the extensions one by one.
CREATE TABLE certificate_der (
  certificate INTEGER PRIMARY KEY REFERENCES certificate (id),
  der         BLOB NOT NULL,
  extensions  TEXT NOT NULL CHECK (json_valid(extensions))
) STRICT;

-- Covers the certificates that are seen now. Hashes are not in it: they are found by how they begin.
CREATE VIRTUAL TABLE certificate_search USING fts5 (
  text, content = '', contentless_delete = 1, tokenize = 'trigram'
);

-- A certificate seen at a place by every visit that could look, from the first scan to the last.
-- `gone_scan` found another one there, or nothing; it is null while the certificate is seen there now.
CREATE TABLE place (
  id          INTEGER PRIMARY KEY,
  certificate INTEGER NOT NULL REFERENCES certificate (id),
  name        INTEGER NOT NULL REFERENCES host_name (id),
  endpoint    INTEGER REFERENCES endpoint (id),
  host        INTEGER REFERENCES host (id),
  path        TEXT,
  position    INTEGER NOT NULL,
  first_scan  INTEGER NOT NULL REFERENCES scan (id),
  last_scan   INTEGER NOT NULL REFERENCES scan (id),
  gone_scan   INTEGER REFERENCES scan (id),
  CHECK ((endpoint IS NULL) <> (host IS NULL)),
  CHECK ((host IS NULL) = (path IS NULL))
) STRICT;

CREATE INDEX place_of_certificate ON place (certificate, name) WHERE gone_scan IS NULL;
CREATE INDEX place_under_name ON place (name, certificate) WHERE gone_scan IS NULL;
CREATE INDEX place_at_endpoint ON place (endpoint) WHERE gone_scan IS NULL AND endpoint IS NOT NULL;
CREATE INDEX place_on_host ON place (host) WHERE gone_scan IS NULL AND host IS NOT NULL;

CREATE TRIGGER place_begins AFTER INSERT ON place
BEGIN
  UPDATE certificate
  SET place_count = place_count + 1,
      endpoint_count = endpoint_count + (NEW.endpoint IS NOT NULL),
      only_name = CASE WHEN place_count = 0 OR only_name = NEW.name THEN NEW.name END
  WHERE id = NEW.certificate;
  UPDATE certificate SET is_at_endpoint = 1
  WHERE id = NEW.certificate AND NEW.endpoint IS NOT NULL AND is_at_endpoint = 0;
  UPDATE certificate SET is_in_file = 1
  WHERE id = NEW.certificate AND NEW.endpoint IS NULL AND is_in_file = 0;
  UPDATE certificate SET is_seen = 1 WHERE id = NEW.certificate AND is_seen = 0;
END;

CREATE TRIGGER place_ends AFTER UPDATE OF gone_scan ON place
WHEN OLD.gone_scan IS NULL AND NEW.gone_scan IS NOT NULL
BEGIN
  UPDATE certificate
  SET place_count = place_count - 1,
      endpoint_count = endpoint_count - (NEW.endpoint IS NOT NULL),
      only_name = (
        SELECT least.name
        FROM (SELECT min(name) AS name FROM place WHERE certificate = NEW.certificate AND gone_scan IS NULL) AS least
        WHERE least.name = (SELECT max(name) FROM place WHERE certificate = NEW.certificate AND gone_scan IS NULL)
      )
  WHERE id = NEW.certificate;
  UPDATE certificate SET is_at_endpoint = 0
  WHERE id = NEW.certificate AND endpoint_count = 0 AND is_at_endpoint = 1;
  UPDATE certificate SET is_in_file = 0
  WHERE id = NEW.certificate AND place_count = endpoint_count AND is_in_file = 1;
  UPDATE certificate SET is_seen = 0 WHERE id = NEW.certificate AND place_count = 0 AND is_seen = 1;
END;

CREATE TRIGGER certificate_appears AFTER UPDATE OF is_seen ON certificate
WHEN OLD.is_seen = 0 AND NEW.is_seen = 1
BEGIN
  UPDATE tally SET count = count + 1 WHERE what = 'certificate';
  INSERT INTO certificate_search (rowid, text)
  VALUES (NEW.id, NEW.subject || char(10) || NEW.issuer || char(10) || NEW.names);
END;

CREATE TRIGGER certificate_vanishes AFTER UPDATE OF is_seen ON certificate
WHEN OLD.is_seen = 1 AND NEW.is_seen = 0
BEGIN
  UPDATE tally SET count = count - 1 WHERE what = 'certificate';
  DELETE FROM certificate_search WHERE rowid = NEW.id;
END;
