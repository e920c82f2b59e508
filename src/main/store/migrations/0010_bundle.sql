-- Bundles that were imported: what a collector wrote, carried here by hand. The scan of a bundle is dated when it was
-- collected, by the host's own clock. `digest` is of the stream, so that the same bundle is known again under any name.
-- `signature` tells who had signed it, as far as that was known then.
CREATE TABLE bundle (
  scan        INTEGER PRIMARY KEY REFERENCES scan (id),
  digest      TEXT NOT NULL UNIQUE,
  host        INTEGER NOT NULL REFERENCES host (id),
  imported_at TEXT NOT NULL,
  signature   TEXT NOT NULL CHECK (json_valid(signature))
) STRICT;

-- Scans are imported later than they were made, so their ids are not in the order of their starts.
CREATE INDEX scan_by_start ON scan (started_at, id);

-- By its host keys a bundle finds its host.
CREATE INDEX host_by_presented_key ON host (key_fingerprint) WHERE key_fingerprint IS NOT NULL;
