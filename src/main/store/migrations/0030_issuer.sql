-- Issuers: who signs certificates for us. Nothing secret is here: a column that ends in `_secret` has the number of an entry in
-- the vault.

-- An issuer under the name that the user gave it. A number is never given to another one: plans name issuers by it.
-- `note`: to whom a request goes, where a person signs it.
CREATE TABLE issuer (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  name       TEXT NOT NULL UNIQUE,
  kind       TEXT NOT NULL CHECK (kind IN ('local', 'acme', 'csr')),
  created_at TEXT NOT NULL,
  note       TEXT NOT NULL DEFAULT ''
) STRICT;

-- What an authority of our own is: its two certificates as DER, and the number of its last revocation list.
CREATE TABLE local_authority (
  issuer              INTEGER PRIMARY KEY REFERENCES issuer (id),
  permitted           TEXT NOT NULL CHECK (json_valid(permitted)),
  days_valid          INTEGER NOT NULL,
  root                BLOB NOT NULL,
  root_secret         TEXT NOT NULL,
  intermediate        BLOB NOT NULL,
  intermediate_secret TEXT NOT NULL,
  list_number         INTEGER NOT NULL DEFAULT 0
) STRICT;

-- A certificate that an authority of our own has signed; `serial` in upper-case hex. What was revoked stays so.
CREATE TABLE issued_certificate (
  id         INTEGER PRIMARY KEY,
  issuer     INTEGER NOT NULL REFERENCES local_authority (issuer),
  serial     TEXT NOT NULL,
  sha256     TEXT NOT NULL UNIQUE,
  names      TEXT NOT NULL CHECK (json_valid(names)),
  issued_at  TEXT NOT NULL,
  not_after  TEXT NOT NULL,
  revoked_at TEXT,
  reason     TEXT,
  UNIQUE (issuer, serial),
  CHECK ((revoked_at IS NULL) = (reason IS NULL))
) STRICT;

-- The certificates of an issuer, the newest first.
CREATE INDEX issued_by_issuer ON issued_certificate (issuer, id);

-- An account at an ACME directory, which `account` names once it is made. `roots`: PEM, where the directory itself is not known
-- by the roots of the system. `challenge`: how names are shown to be ours, unless something else is said. `agrees`: the user has agreed to the
-- terms of the directory.
CREATE TABLE acme_account (
  issuer         INTEGER PRIMARY KEY REFERENCES issuer (id),
  directory      TEXT NOT NULL,
  account        TEXT,
  account_secret TEXT NOT NULL,
  account_key    BLOB NOT NULL,
  contacts       TEXT NOT NULL CHECK (json_valid(contacts)),
  agrees         INTEGER NOT NULL CHECK (agrees IN (0, 1)),
  eab_key_id     TEXT,
  eab_secret     TEXT,
  profile        TEXT,
  roots          TEXT,
  challenge      TEXT CHECK (json_valid(challenge)),
  CHECK ((eab_key_id IS NULL) = (eab_secret IS NULL))
) STRICT;
