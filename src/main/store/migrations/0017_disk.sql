-- The key of certificates that a private key file holds: SHA-256 of its SubjectPublicKeyInfo; null where it is not known.
ALTER TABLE key_file ADD COLUMN spki_sha256 TEXT;

CREATE INDEX key_file_of_spki ON key_file (spki_sha256) WHERE spki_sha256 IS NOT NULL AND gone_scan IS NULL;

-- An address that a host had when it was last read, by which endpoints are known to be its own.
CREATE TABLE host_address (
  address TEXT NOT NULL,
  host    INTEGER NOT NULL REFERENCES host (id),
  PRIMARY KEY (address, host)
) STRICT, WITHOUT ROWID;

CREATE INDEX endpoint_address_of_address ON endpoint_address (address);
CREATE INDEX host_address_of_host ON host_address (host);

-- What the last reading of a host told that its endpoints are judged by: configurations of servers, the files that they
-- name, and what listens. A host whose files name no server has none.
CREATE TABLE host_map (
  host INTEGER PRIMARY KEY REFERENCES host (id),
  map  TEXT NOT NULL CHECK (json_valid(map))
) STRICT;

-- One name at one listener of a host, and the certificate that its configuration says is served there. `address` and `name`
-- are empty for every one of them; `real_path` is where the links
-- of `certificate_path` lead, null where there are none. `state` counts the states of shared/model/served.ts from 0, the worst of what was
-- seen on the wire. `host_text` is the name of its host, to sort by.
CREATE TABLE serving (
  id               INTEGER PRIMARY KEY,
  host             INTEGER NOT NULL REFERENCES host (id),
  host_text        TEXT NOT NULL,
  server           TEXT NOT NULL,
  root             TEXT NOT NULL,
  address          TEXT NOT NULL,
  port             INTEGER NOT NULL,
  name             TEXT NOT NULL,
  is_default       INTEGER NOT NULL CHECK (is_default IN (0, 1)),
  protocol         TEXT NOT NULL,
  file             TEXT NOT NULL,
  line             INTEGER NOT NULL,
  certificate_path TEXT,
  real_path        TEXT,
  directive        TEXT,
  directive_file   TEXT,
  directive_line   INTEGER,
  key_path         TEXT,
  unsure           TEXT,
  state            INTEGER NOT NULL CHECK (state BETWEEN 0 AND 6),
  first_scan       INTEGER NOT NULL REFERENCES scan (id),
  last_scan        INTEGER NOT NULL REFERENCES scan (id),
  gone_scan        INTEGER REFERENCES scan (id)
) STRICT;

CREATE INDEX serving_of_host ON serving (host, certificate_path) WHERE gone_scan IS NULL;
CREATE INDEX serving_by_state ON serving (state, host_text, port, id) WHERE gone_scan IS NULL;
CREATE INDEX serving_by_host ON serving (host_text, port, id) WHERE gone_scan IS NULL;

-- A leaf that an endpoint showed, last time, where that configuration says what is to be served.
CREATE TABLE served (
  serving     INTEGER NOT NULL REFERENCES serving (id),
  endpoint    INTEGER NOT NULL REFERENCES endpoint (id),
  state       INTEGER NOT NULL CHECK (state BETWEEN 0 AND 6),
  certificate INTEGER NOT NULL REFERENCES certificate (id),
  evidence    TEXT NOT NULL CHECK (json_valid(evidence)),
  PRIMARY KEY (serving, endpoint, certificate)
) STRICT, WITHOUT ROWID;

CREATE INDEX served_by_endpoint ON served (endpoint);
CREATE INDEX served_certificate ON served (certificate);

-- What a file of a host has held, now and before.
CREATE INDEX place_in_file ON place (host, path) WHERE host IS NOT NULL;
