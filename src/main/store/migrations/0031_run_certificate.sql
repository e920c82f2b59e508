-- Certificates that runs renew: what was asked for, and what came of it. Requests, orders and chains are public; a key that was
-- made here is in the vault, and this names its entry.
CREATE TABLE run_certificate (
  run        INTEGER NOT NULL REFERENCES run (id),
  host       TEXT NOT NULL,
  port       INTEGER NOT NULL,
  -- As its change in the plan: `c0`.
  change     TEXT NOT NULL,
  names      TEXT NOT NULL CHECK (json_valid(names)),
  issuer     INTEGER NOT NULL,
  state      TEXT NOT NULL CHECK (state IN (
               'planned', 'requested', 'ordered', 'waits', 'issued', 'installed', 'refused')),
  message    TEXT NOT NULL DEFAULT '',
  csr        BLOB,
  key_id     TEXT,
  order_url  TEXT,
  -- PEM, the leaf first.
  chain      TEXT,
  sha256     TEXT,
  -- Hashes of the files as they will be, in the order of the plan.
  wanted     TEXT CHECK (json_valid(wanted)),
  PRIMARY KEY (run, host, port, change)
) STRICT, WITHOUT ROWID;

-- Who renewed a certificate before.
CREATE INDEX run_certificate_by_sha256 ON run_certificate (sha256) WHERE sha256 IS NOT NULL;

-- With the phases of certificates. What a phase is, the program knows.
CREATE TABLE run_step_of_all (
  run     INTEGER NOT NULL REFERENCES run (id),
  ordinal INTEGER NOT NULL,
  phase   TEXT NOT NULL,
  host    TEXT NOT NULL,
  port    INTEGER NOT NULL,
  batch   INTEGER NOT NULL,
  state   TEXT NOT NULL CHECK (state IN (
            'planned', 'intended', 'acted', 'proved', 'undone', 'failed', 'needs-attention')),
  message TEXT NOT NULL DEFAULT '',
  at      TEXT,
  PRIMARY KEY (run, ordinal)
) STRICT, WITHOUT ROWID;

INSERT INTO run_step_of_all SELECT run, ordinal, phase, host, port, batch, state, message, at FROM run_step;
DROP TABLE run_step;
ALTER TABLE run_step_of_all RENAME TO run_step;
