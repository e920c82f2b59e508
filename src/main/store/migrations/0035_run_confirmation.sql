-- What people have said of a run's new key where no login with it could be proved from here. `signature`: its holder has signed
-- the run's challenge; `evidence` is that signature, armored, and the place is empty. `approval`: somebody takes it upon
-- himself, account by account, that the key lets in there.
CREATE TABLE run_confirmation (
  run      INTEGER NOT NULL REFERENCES run (id),
  kind     TEXT NOT NULL CHECK (kind IN ('signature', 'approval')),
  host     TEXT NOT NULL,
  port     INTEGER NOT NULL,
  account  TEXT NOT NULL,
  at       TEXT NOT NULL,
  -- Who said it, as hosts are told of it: `jo@desk`.
  who      TEXT NOT NULL,
  evidence TEXT NOT NULL,
  PRIMARY KEY (run, kind, host, port, account),
  CHECK ((kind = 'signature') = (account = ''))
) STRICT, WITHOUT ROWID;
