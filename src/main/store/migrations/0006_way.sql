-- The jump host that a visit's outcome, and its host key, are about; without one they are about the target itself.
ALTER TABLE probe ADD COLUMN jump_host TEXT;
ALTER TABLE probe ADD COLUMN jump_port INTEGER;

-- The host key that a jump host presented when it was last refused for that key. One that is visited itself, as a
-- host, has its key there too.
CREATE TABLE jump_host_key (
  host        TEXT NOT NULL,
  port        INTEGER NOT NULL,
  outcome     TEXT NOT NULL,
  key_type    TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  blob        BLOB NOT NULL,
  last_seen   TEXT NOT NULL,
  PRIMARY KEY (host, port)
) STRICT, WITHOUT ROWID;

-- A target that a scan has not come to, nor any scan since. `user` and `server_name` are empty where none is named.
CREATE TABLE unvisited (
  kind        TEXT NOT NULL CHECK (kind IN ('ssh', 'tls')),
  host        TEXT NOT NULL,
  port        INTEGER NOT NULL,
  user        TEXT NOT NULL,
  server_name TEXT NOT NULL,
  use_sudo    INTEGER NOT NULL CHECK (use_sudo IN (0, 1)),
  scan        INTEGER NOT NULL REFERENCES scan (id),
  PRIMARY KEY (kind, host, port, user, server_name)
) STRICT, WITHOUT ROWID;

CREATE INDEX unvisited_of_scan ON unvisited (scan);
