-- Who becomes whom on a host: sudo, and agents that are forwarded.

-- How a private key file is locked, in words; and the key in the .pub file beside it, which nothing proves to be its own.
ALTER TABLE key_file ADD COLUMN lock TEXT;
ALTER TABLE key_file ADD COLUMN likely_fingerprint TEXT;

CREATE INDEX key_file_of_likely_key ON key_file (likely_fingerprint)
WHERE gone_scan IS NULL AND likely_fingerprint IS NOT NULL;

-- An account that may run commands as another one of its host, as the rules of sudo or doas say. `files` names the rule,
-- as FILE:LINE. Without certainty: the rule was not read, or asks what is not known here.
CREATE TABLE becoming (
  id         INTEGER PRIMARY KEY,
  host       INTEGER NOT NULL REFERENCES host (id),
  account    TEXT NOT NULL,
  target     TEXT NOT NULL,
  by         TEXT NOT NULL CHECK (by IN ('sudo', 'doas')),
  commands   TEXT NOT NULL CHECK (commands IN ('any', 'some')),
  password   TEXT NOT NULL CHECK (password IN ('none', 'own', 'target', 'root')),
  is_certain INTEGER NOT NULL CHECK (is_certain IN (0, 1)),
  what       TEXT NOT NULL CHECK (json_valid(what)),
  shell      TEXT,
  rule       TEXT NOT NULL,
  first_scan INTEGER NOT NULL REFERENCES scan (id),
  last_scan  INTEGER NOT NULL REFERENCES scan (id),
  gone_scan  INTEGER REFERENCES scan (id)
) STRICT;

CREATE INDEX becoming_on_host ON becoming (host, account) WHERE gone_scan IS NULL;

-- An agent whose socket was open for an account when the host was read: it signs for whoever is that account, or root.
-- `kind`: forwarded by a login from elsewhere, or started here.
CREATE TABLE agent (
  id         INTEGER PRIMARY KEY,
  host       INTEGER NOT NULL REFERENCES host (id),
  account    TEXT NOT NULL,
  kind       TEXT NOT NULL CHECK (kind IN ('forwarded', 'local', 'unknown')),
  path       TEXT NOT NULL,
  first_scan INTEGER NOT NULL REFERENCES scan (id),
  last_scan  INTEGER NOT NULL REFERENCES scan (id),
  gone_scan  INTEGER REFERENCES scan (id)
) STRICT;

CREATE INDEX agent_on_host ON agent (host, account) WHERE gone_scan IS NULL;

-- A host that an account has been to or has a name for: a line of its known_hosts, or a Host of its ssh_config.
-- `name` is as it stands there, a hash where it is hashed. `account` is empty for a file of the whole host.
CREATE TABLE outbound (
  id          INTEGER PRIMARY KEY,
  host        INTEGER NOT NULL REFERENCES host (id),
  account     TEXT NOT NULL,
  source      TEXT NOT NULL CHECK (source IN ('known_hosts', 'ssh_config')),
  name        TEXT NOT NULL,
  port        INTEGER NOT NULL,
  is_hashed   INTEGER NOT NULL CHECK (is_hashed IN (0, 1)),
  fingerprint TEXT,
  user        TEXT,
  identities  TEXT NOT NULL CHECK (json_valid(identities)),
  path        TEXT NOT NULL,
  first_scan  INTEGER NOT NULL REFERENCES scan (id),
  last_scan   INTEGER NOT NULL REFERENCES scan (id),
  gone_scan   INTEGER REFERENCES scan (id)
) STRICT;

CREATE INDEX outbound_on_host ON outbound (host, account) WHERE gone_scan IS NULL;

CREATE INDEX outbound_by_name ON outbound (name, port) WHERE gone_scan IS NULL AND is_hashed = 0;

CREATE INDEX outbound_by_fingerprint ON outbound (fingerprint) WHERE gone_scan IS NULL AND fingerprint IS NOT NULL;
