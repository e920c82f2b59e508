-- The seal of each row that a person has decided on: an HMAC by a key that lies beside the database. `kind` is a table, `id` the
-- row's key as a JSON array. Kept by triggers of the connections of this program alone (store/seals), so that there is none in
-- this schema: who writes to the file otherwise leaves rows without.
CREATE TABLE row_seal (
  kind TEXT NOT NULL,
  id   TEXT NOT NULL,
  mac  BLOB NOT NULL,
  PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;

-- The seal of all of these together, so that no row goes missing with its own: the exclusive or of them, and a seal of that.
-- `key_id` tells by which key. No row: nothing is sealed yet.
CREATE TABLE seal_state (
  id     INTEGER PRIMARY KEY CHECK (id = 1),
  key_id TEXT NOT NULL,
  total  BLOB NOT NULL,
  mac    BLOB NOT NULL
) STRICT;
