-- Old private keys that a run has left beside the new ones at its end, because the old key still counts somewhere; gone from here once
-- they are removed. `host` and `port` are null for this computer.
CREATE TABLE kept_key (
  id   INTEGER PRIMARY KEY,
  run  INTEGER NOT NULL REFERENCES run (id),
  host TEXT,
  port INTEGER,
  -- Of the new one, which took its place; and of the old one beside it.
  path TEXT NOT NULL,
  kept TEXT NOT NULL
) STRICT;

CREATE INDEX kept_key_by_run ON kept_key (run);
CREATE INDEX kept_key_by_place ON kept_key (path, host, port);
