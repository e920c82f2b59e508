-- One visit to hosts and endpoints, from the moment it was asked for. It counts its probes by how they ended.
CREATE TABLE scan (
  id          INTEGER PRIMARY KEY,
  state       TEXT NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'finished', 'cancelled', 'interrupted')),
  started_at  TEXT NOT NULL,
  finished_at TEXT,
  total       INTEGER NOT NULL,
  ok          INTEGER NOT NULL DEFAULT 0,
  failed      INTEGER NOT NULL DEFAULT 0,
  partial     INTEGER NOT NULL DEFAULT 0,
  CHECK ((state = 'running') = (finished_at IS NULL))
) STRICT;

-- One visit to one target, as its scan remembers it. It never changes.
CREATE TABLE probe (
  id              INTEGER PRIMARY KEY,
  scan            INTEGER NOT NULL REFERENCES scan (id),
  kind            TEXT NOT NULL CHECK (kind IN ('ssh', 'tls')),
  host            TEXT NOT NULL,
  port            INTEGER NOT NULL,
  user            TEXT,
  server_name     TEXT,
  state           TEXT NOT NULL CHECK (state IN ('ok', 'failed', 'partial')),
  outcome         TEXT NOT NULL,
  message         TEXT NOT NULL,
  at              TEXT NOT NULL,
  took_ms         INTEGER NOT NULL,
  key_type        TEXT,
  key_fingerprint TEXT
) STRICT;

-- Those that failed come first.
CREATE INDEX probe_of_scan ON probe (scan, state <> 'failed', id);

-- A target that the user asked to remember, with its login. `server_name` is empty for the host itself.
CREATE TABLE target (
  id          INTEGER PRIMARY KEY,
  kind        TEXT NOT NULL CHECK (kind IN ('ssh', 'tls')),
  host        TEXT NOT NULL,
  port        INTEGER NOT NULL,
  server_name TEXT NOT NULL DEFAULT '',
  user        TEXT,
  use_sudo    INTEGER NOT NULL CHECK (use_sudo IN (0, 1)),
  added_at    TEXT NOT NULL,
  UNIQUE (kind, host, port, server_name)
) STRICT;

-- The host key that we trust for a host.
CREATE TABLE pin (
  host        TEXT NOT NULL,
  port        INTEGER NOT NULL,
  key_type    TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  blob        BLOB NOT NULL,
  source      TEXT NOT NULL CHECK (source IN ('accepted', 'known_hosts')),
  pinned_at   TEXT NOT NULL,
  PRIMARY KEY (host, port)
) STRICT, WITHOUT ROWID;
