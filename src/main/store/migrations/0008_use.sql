-- What the logs of a host tell of logins with one key to one account, over all readings: what an earlier reading saw
-- stays, though the logs have rotated. `fingerprint` is as the log writes it, SHA256 or MD5; with `is_authority` the
-- logins came with certificates, and it is that of the authority that signed them. `days` counts them by day of the
-- host's calendar, as [[days since the epoch, count], ...].
CREATE TABLE login (
  host         INTEGER NOT NULL REFERENCES host (id),
  account      TEXT NOT NULL,
  fingerprint  TEXT NOT NULL,
  is_authority INTEGER NOT NULL CHECK (is_authority IN (0, 1)),
  first_at     TEXT NOT NULL,
  last_at      TEXT NOT NULL,
  last_from    TEXT,
  days         TEXT NOT NULL CHECK (json_valid(days)),
  PRIMARY KEY (host, account, fingerprint, is_authority)
) STRICT, WITHOUT ROWID;

-- From when to when a log of a host tells of every login. Readings whose windows touch make one.
CREATE TABLE log_window (
  host    INTEGER NOT NULL REFERENCES host (id),
  source  TEXT NOT NULL,
  from_at TEXT NOT NULL,
  to_at   TEXT NOT NULL,
  PRIMARY KEY (host, source, from_at),
  CHECK (from_at <= to_at)
) STRICT, WITHOUT ROWID;
