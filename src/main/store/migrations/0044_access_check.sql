-- What sshd has answered, asked with the public key alone, of a key whose lines a run has removed: by account.
CREATE TABLE run_access_check (
  run         INTEGER NOT NULL REFERENCES run (id),
  host        TEXT NOT NULL,
  port        INTEGER NOT NULL,
  account     TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  answer      TEXT NOT NULL CHECK (answer IN ('refused', 'accepted', 'unknown')),
  -- Sentences: what lets it in, or why nobody knows.
  why         TEXT NOT NULL CHECK (json_valid(why)),
  at          TEXT NOT NULL,
  PRIMARY KEY (run, host, port, account, fingerprint)
) STRICT, WITHOUT ROWID;

-- Whether what a step did is shown by a login, or by sshd's answer; null where its act shows for itself.
ALTER TABLE run_step ADD COLUMN verification TEXT CHECK (verification IN ('verified', 'waiting', 'unverified'));

UPDATE run_step SET verification = 'waiting'
WHERE state = 'acted' AND message = 'waits for the journal to tell of a login by the new key';
