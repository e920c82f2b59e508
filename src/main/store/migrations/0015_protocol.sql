-- What is spoken before TLS, as part of what an endpoint is: `tls` where nothing is. All that was visited until now was
-- greeted at once. The table is made anew in its place, for places and reports refer to it.
CREATE TABLE endpoint_before AS SELECT * FROM endpoint;

DROP TABLE endpoint;

-- A place where TLS is spoken, with what the last visit met. `server_name` is empty for the host itself;
-- `facts` are those of the last handshake.
CREATE TABLE endpoint (
  id          INTEGER PRIMARY KEY,
  host        TEXT NOT NULL,
  port        INTEGER NOT NULL,
  server_name TEXT NOT NULL DEFAULT '',
  protocol    TEXT NOT NULL DEFAULT 'tls',
  name        INTEGER NOT NULL REFERENCES host_name (id),
  state       TEXT NOT NULL CHECK (state IN ('ok', 'failed', 'partial')),
  outcome     TEXT NOT NULL,
  message     TEXT NOT NULL,
  last_scan   INTEGER NOT NULL REFERENCES scan (id),
  last_seen   TEXT NOT NULL,
  facts       TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(facts)),
  UNIQUE (host, port, server_name, protocol)
) STRICT;

INSERT INTO endpoint (id, host, port, server_name, name, state, outcome, message, last_scan, last_seen, facts)
SELECT id, host, port, server_name, name, state, outcome, message, last_scan, last_seen, facts FROM endpoint_before;

DROP TABLE endpoint_before;

CREATE INDEX endpoint_by_state ON endpoint (state);

CREATE TABLE target_before AS SELECT * FROM target;

DROP TABLE target;

-- A target that the user asked to remember, with its login. `server_name` is empty for the host itself.
CREATE TABLE target (
  id          INTEGER PRIMARY KEY,
  kind        TEXT NOT NULL CHECK (kind IN ('ssh', 'tls')),
  host        TEXT NOT NULL,
  port        INTEGER NOT NULL,
  server_name TEXT NOT NULL DEFAULT '',
  protocol    TEXT NOT NULL DEFAULT 'tls',
  user        TEXT,
  use_sudo    INTEGER NOT NULL CHECK (use_sudo IN (0, 1)),
  transport   TEXT NOT NULL DEFAULT 'auto' CHECK (transport IN ('auto', 'ssh2', 'system')),
  added_at    TEXT NOT NULL,
  UNIQUE (kind, host, port, server_name, protocol)
) STRICT;

INSERT INTO target (id, kind, host, port, server_name, user, use_sudo, transport, added_at)
SELECT id, kind, host, port, server_name, user, use_sudo, transport, added_at FROM target_before;

DROP TABLE target_before;

CREATE TABLE unvisited_before AS SELECT * FROM unvisited;

DROP TABLE unvisited;

-- A target that a scan has not come to, nor any scan since. `user` and `server_name` are empty where none is named.
CREATE TABLE unvisited (
  kind        TEXT NOT NULL CHECK (kind IN ('ssh', 'tls')),
  host        TEXT NOT NULL,
  port        INTEGER NOT NULL,
  user        TEXT NOT NULL,
  server_name TEXT NOT NULL,
  protocol    TEXT NOT NULL DEFAULT 'tls',
  use_sudo    INTEGER NOT NULL CHECK (use_sudo IN (0, 1)),
  transport   TEXT NOT NULL DEFAULT 'auto' CHECK (transport IN ('auto', 'ssh2', 'system')),
  scan        INTEGER NOT NULL REFERENCES scan (id),
  PRIMARY KEY (kind, host, port, user, server_name, protocol)
) STRICT, WITHOUT ROWID;

INSERT INTO unvisited (kind, host, port, user, server_name, use_sudo, transport, scan)
SELECT kind, host, port, user, server_name, use_sudo, transport, scan FROM unvisited_before;

DROP TABLE unvisited_before;

CREATE INDEX unvisited_of_scan ON unvisited (scan);

-- Null for a host, and where nothing was said of it.
ALTER TABLE probe ADD COLUMN protocol TEXT;
