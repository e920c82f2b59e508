-- Roots and revocation lists that the user has given, as DER, each once; `source` is the file or the address it came from.
CREATE TABLE trust_item (
  id       INTEGER PRIMARY KEY,
  sha256   TEXT NOT NULL UNIQUE,
  kind     TEXT NOT NULL CHECK (kind IN ('root', 'crl')),
  label    TEXT NOT NULL,
  source   TEXT NOT NULL,
  added_at TEXT NOT NULL,
  der      BLOB NOT NULL
) STRICT;

CREATE INDEX trust_item_by_kind ON trust_item (kind, id);
