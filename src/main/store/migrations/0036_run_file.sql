-- What a run could not do with a file of a host: left out from that phase on, because its account has something else in the
-- place of the run's lock; or stuck, neither done nor taken back.
CREATE TABLE run_file (
  run      INTEGER NOT NULL REFERENCES run (id),
  host     TEXT NOT NULL,
  port     INTEGER NOT NULL,
  path     TEXT NOT NULL,
  phase    TEXT NOT NULL,
  fate     TEXT NOT NULL CHECK (fate IN ('left-out', 'stuck')),
  -- A sentence.
  why      TEXT NOT NULL,
  -- Lines that whoever looks at it takes out, and puts back.
  take_out TEXT NOT NULL CHECK (json_valid(take_out)),
  put_back TEXT NOT NULL CHECK (json_valid(put_back)),
  PRIMARY KEY (run, host, port, path)
) STRICT, WITHOUT ROWID;
