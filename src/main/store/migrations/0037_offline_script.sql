-- A script that was written for a host of a plan, to be run there by hand. `nonce` stands in it, and in each result that it
-- writes: a result is of this script, and of no other. A higher `id` was written later.
CREATE TABLE offline_script (
  id         INTEGER PRIMARY KEY,
  nonce      TEXT NOT NULL UNIQUE,
  plan       INTEGER NOT NULL REFERENCES plan (id),
  host       TEXT NOT NULL,
  port       INTEGER NOT NULL,
  phases     TEXT NOT NULL CHECK (json_valid(phases)),
  written_at TEXT NOT NULL
) STRICT;

CREATE INDEX offline_script_of_host ON offline_script (plan, host, port);

-- A result that was taken in. `verified_by`: whose signature is good for it; null: nobody's, and it is a claim from which
-- nothing follows. Of a script the last claim alone is kept. `key_line`: the key that it says was made there.
CREATE TABLE offline_result (
  digest      TEXT PRIMARY KEY,
  script      INTEGER NOT NULL REFERENCES offline_script (id),
  run         INTEGER NOT NULL REFERENCES run (id),
  verified_by TEXT CHECK (verified_by IN ('host', 'person')),
  signature   TEXT NOT NULL,
  outcome     TEXT NOT NULL CHECK (outcome IN (
                'committed', 'done', 'added', 'rolled-back', 'needs-attention', 'failed')),
  why         TEXT NOT NULL,
  ended_at    TEXT NOT NULL,
  key_line    TEXT,
  fingerprint TEXT,
  taken_at    TEXT NOT NULL,
  CHECK ((key_line IS NULL) = (fingerprint IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX offline_result_of_script ON offline_result (script);

CREATE INDEX offline_result_of_run ON offline_result (run);
