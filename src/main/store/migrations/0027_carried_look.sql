-- What a bundle tells of a host that a plan is made of: who reads which keys, and the exact bytes of their files, as JSON.
-- It counts while no later reading of the host is known (`collected_at` is its `last_read`).
CREATE TABLE carried_look (
  host         INTEGER PRIMARY KEY REFERENCES host (id),
  collected_at TEXT NOT NULL,
  look         TEXT NOT NULL CHECK (json_valid(look))
) STRICT;
