-- What the last reading of a host showed of what offline scripts change: by it results that nobody has signed are confirmed.
-- A host for which no script was written has no row. `begun_at`: when its visit began, by this computer's clock; null: a
-- bundle. `host_key`: the one that the host presented; null for a bundle, whose row has its signers. `reader`: the account
-- by whose login it was read; null: root's, or a bundle. `files`: its authorized keys files, whole. `unread`: paths at or
-- below which something may be that was not seen; `is_whole` 0: anywhere.
CREATE TABLE host_reading (
  host     INTEGER PRIMARY KEY REFERENCES host (id),
  scan     INTEGER NOT NULL REFERENCES scan (id),
  read_at  TEXT NOT NULL,
  begun_at TEXT,
  host_key TEXT,
  reader   TEXT,
  is_whole INTEGER NOT NULL CHECK (is_whole IN (0, 1)),
  files    TEXT NOT NULL CHECK (json_valid(files)),
  unread   TEXT NOT NULL CHECK (json_valid(unread))
) STRICT;

CREATE INDEX offline_script_at ON offline_script (host, port);

-- A result that was taken in. `verified_by`: whose signature is good for it, or which reading of the host has confirmed it; null:
-- nothing is, and it is a claim from which nothing follows. Of a script the last claim alone is kept. `key_line`: the key that it says
-- was made there. `body`: the result as it came; null: it came before this was kept.
CREATE TABLE offline_result_with_body (
  digest      TEXT PRIMARY KEY,
  script      INTEGER NOT NULL REFERENCES offline_script (id),
  run         INTEGER NOT NULL REFERENCES run (id),
  verified_by TEXT CHECK (verified_by IN ('host', 'person', 'scan', 'bundle')),
  signature   TEXT NOT NULL,
  outcome     TEXT NOT NULL CHECK (outcome IN (
                'committed', 'done', 'added', 'rolled-back', 'needs-attention', 'failed')),
  why         TEXT NOT NULL,
  ended_at    TEXT NOT NULL,
  key_line    TEXT,
  fingerprint TEXT,
  taken_at    TEXT NOT NULL,
  body        BLOB,
  CHECK ((key_line IS NULL) = (fingerprint IS NULL))
) STRICT, WITHOUT ROWID;

INSERT INTO offline_result_with_body
  (digest, script, run, verified_by, signature, outcome, why, ended_at, key_line, fingerprint, taken_at)
SELECT digest, script, run, verified_by, signature, outcome, why, ended_at, key_line, fingerprint, taken_at
FROM offline_result;

DROP TABLE offline_result;

ALTER TABLE offline_result_with_body RENAME TO offline_result;

CREATE INDEX offline_result_of_script ON offline_result (script);

CREATE INDEX offline_result_of_run ON offline_result (run);
