-- Whether a bundle is of the host that it names: signed by the host key that is known (`verified`), by one that its bundles
-- alone have told of (`first-use`), or by none (`claimed`). `signed_by`: the host keys that signed it, as a list of
-- fingerprints. Bundles of before had no signature of their hosts. `nonce` is what the stream calls itself.
ALTER TABLE bundle ADD COLUMN standing TEXT NOT NULL DEFAULT 'claimed'
  CHECK (standing IN ('verified', 'first-use', 'claimed'));
ALTER TABLE bundle ADD COLUMN signed_by TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(signed_by));
ALTER TABLE bundle ADD COLUMN nonce TEXT;

CREATE INDEX bundle_of_host ON bundle (host);

-- The same for what a plan is made of.
ALTER TABLE carried_look ADD COLUMN standing TEXT NOT NULL DEFAULT 'claimed'
  CHECK (standing IN ('verified', 'first-use', 'claimed'));

-- What bundles claim of hosts that are known better. Nothing of it is in any other table: it stands beside what is known.
-- `why`: nothing shows that it is of the host; `differences`: what it tells otherwise than what was known then, as JSON.
CREATE TABLE claim (
  id            INTEGER PRIMARY KEY,
  digest        TEXT NOT NULL UNIQUE,
  host          INTEGER NOT NULL REFERENCES host (id),
  nonce         TEXT NOT NULL,
  collected_at  TEXT NOT NULL,
  imported_at   TEXT NOT NULL,
  read_as       TEXT NOT NULL,
  account_count INTEGER NOT NULL,
  signature     TEXT NOT NULL CHECK (json_valid(signature)),
  why           TEXT NOT NULL CHECK (why IN ('unsigned', 'other-key', 'no-key')),
  differences   TEXT NOT NULL CHECK (json_valid(differences))
) STRICT;

CREATE INDEX claim_of_host ON claim (host);

-- Collectors that were handed out to be carried, by the number that each has.
CREATE TABLE handed_collector (
  nonce     TEXT PRIMARY KEY,
  handed_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
