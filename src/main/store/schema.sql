-- What Latchkey keeps, by subject. A new database is made of this and of first-rows.sql at once; what changes it after a
-- release is a step of opening/schema.ts.
--
-- Times are ISO 8601 in UTC. From `first_scan` to `last_scan` something was seen; `gone_scan` is the scan that found it
-- gone, null while it is there. A column `is_...` is 0 or 1. Indexes and triggers stand with their table; triggers of one
-- event run from the last to the first.

-- === Scans =================================================================================================================

-- One scan of hosts and endpoints, from the moment it was asked for. It counts its probes by how they ended. `first_target`: the
-- first of its targets, by which people know it. `scan_origin`: somebody asked for it, or a plan or its run read its hosts again.
CREATE TABLE scan (
  id          INTEGER PRIMARY KEY,
  state       TEXT NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'finished', 'cancelled', 'interrupted')),
  started_at  TEXT NOT NULL,
  finished_at TEXT,
  total       INTEGER NOT NULL,
  ok          INTEGER NOT NULL DEFAULT 0,
  failed      INTEGER NOT NULL DEFAULT 0,
  partial     INTEGER NOT NULL DEFAULT 0,
  first_target TEXT,
  first_host  TEXT,
  scan_origin TEXT NOT NULL DEFAULT 'request' CHECK (scan_origin IN ('request', 'plan')),
  CHECK ((state = 'running') = (finished_at IS NULL))
) STRICT;

-- Bundles are imported later than they were collected, so ids are not in the order of starts.
CREATE INDEX scan_by_start ON scan (started_at, id);

-- One probe of one target, as its scan remembers it. It never changes. `jump_host`: the jump host that the outcome and the host
-- key are about; null: they are about the target itself. `transport`: what carried the login; null for an endpoint, and where
-- it did not come to a login. `protocol` is null for a host.
CREATE TABLE probe (
  id              INTEGER PRIMARY KEY,
  scan            INTEGER NOT NULL REFERENCES scan (id),
  kind            TEXT NOT NULL CHECK (kind IN ('ssh', 'tls')),
  host            TEXT NOT NULL,
  port            INTEGER NOT NULL,
  user            TEXT,
  server_name     TEXT,
  protocol        TEXT,
  state           TEXT NOT NULL CHECK (state IN ('ok', 'failed', 'partial')),
  outcome         TEXT NOT NULL,
  message         TEXT NOT NULL,
  at              TEXT NOT NULL,
  took_ms         INTEGER NOT NULL,
  key_type        TEXT,
  key_fingerprint TEXT,
  jump_host       TEXT,
  jump_port       INTEGER,
  transport       TEXT CHECK (transport IN ('ssh2', 'system'))
) STRICT;

-- Those that failed come first.
CREATE INDEX probe_of_scan ON probe (scan, state <> 'failed', id);

-- A target that the user asked to remember, with its login. `server_name` is empty for the host itself. `route`: how an endpoint is
-- reached: empty, directly; else the proxy or the jump host that leads there.
CREATE TABLE target (
  id          INTEGER PRIMARY KEY,
  kind        TEXT NOT NULL CHECK (kind IN ('ssh', 'tls')),
  host        TEXT NOT NULL,
  port        INTEGER NOT NULL,
  server_name TEXT NOT NULL DEFAULT '',
  protocol    TEXT NOT NULL DEFAULT 'tls',
  user        TEXT,
  use_sudo    INTEGER NOT NULL CHECK (use_sudo IN (0, 1)),
  transport   TEXT NOT NULL DEFAULT 'auto' CHECK (transport IN ('auto', 'ssh2', 'system')),
  route       TEXT NOT NULL DEFAULT '',
  added_at    TEXT NOT NULL,
  UNIQUE (kind, host, port, server_name, protocol)
) STRICT;

-- A target that a scan has not come to, nor any scan since. `user` and `server_name` are empty where none is named.
CREATE TABLE unprobed (
  kind        TEXT NOT NULL CHECK (kind IN ('ssh', 'tls')),
  host        TEXT NOT NULL,
  port        INTEGER NOT NULL,
  user        TEXT NOT NULL,
  server_name TEXT NOT NULL,
  protocol    TEXT NOT NULL DEFAULT 'tls',
  use_sudo    INTEGER NOT NULL CHECK (use_sudo IN (0, 1)),
  transport   TEXT NOT NULL DEFAULT 'auto' CHECK (transport IN ('auto', 'ssh2', 'system')),
  route       TEXT NOT NULL DEFAULT '',
  scan        INTEGER NOT NULL REFERENCES scan (id),
  PRIMARY KEY (kind, host, port, user, server_name, protocol)
) STRICT, WITHOUT ROWID;

CREATE INDEX unprobed_of_scan ON unprobed (scan);

-- The host key that we trust for a host.
CREATE TABLE pin (
  host        TEXT NOT NULL,
  port        INTEGER NOT NULL,
  key_type    TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  blob        BLOB NOT NULL,
  source      TEXT NOT NULL CHECK (source IN ('accepted', 'known_hosts')),
  pinned_at   TEXT NOT NULL,
  PRIMARY KEY (host, port)
) STRICT, WITHOUT ROWID;

-- The host key that a jump host presented when it was last refused for that key. A jump host that is scanned itself has its key
-- in `host` too.
CREATE TABLE jump_host_key (
  host        TEXT NOT NULL,
  port        INTEGER NOT NULL,
  outcome     TEXT NOT NULL,
  key_type    TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  blob        BLOB NOT NULL,
  last_seen   TEXT NOT NULL,
  PRIMARY KEY (host, port)
) STRICT, WITHOUT ROWID;

-- How many rows a list has in all, where to count them would take too long.
CREATE TABLE cached_count (
  what  TEXT PRIMARY KEY,
  count INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- What the user has chosen, as JSON; what is not here has its default.
CREATE TABLE setting (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL CHECK (json_valid(value))
) STRICT, WITHOUT ROWID;

-- === Audit log =============================================================================================================

-- Something that was done, in the order it was done. The hash of each row covers the row before it, so that a row that is changed
-- or removed later breaks the chain. AUTOINCREMENT remembers the last one.
CREATE TABLE event (
  id     INTEGER PRIMARY KEY AUTOINCREMENT,
  at     TEXT NOT NULL,
  kind   TEXT NOT NULL,
  detail TEXT NOT NULL CHECK (json_valid(detail)),
  hash   TEXT NOT NULL
) STRICT;

-- The hosts that the detail of an event names, by the user's names for them: for a search alone. `event` itself is the record.
CREATE TABLE event_host (
  host  TEXT NOT NULL,
  event INTEGER NOT NULL REFERENCES event (id),
  PRIMARY KEY (host, event)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER event_is_never_changed BEFORE UPDATE ON event
BEGIN
  SELECT RAISE(ABORT, 'event is append-only');
END;

CREATE TRIGGER event_is_never_removed BEFORE DELETE ON event
BEGIN
  SELECT RAISE(ABORT, 'event is append-only');
END;

-- === Names, owners and tags ================================================================================================

-- A name or an address under which the user reaches hosts and endpoints. `owner`, `purpose`, `environment` and `review_on`: what
-- `host_name_label` has of it; null for nothing.
CREATE TABLE host_name (
  id          INTEGER PRIMARY KEY,
  name        TEXT NOT NULL UNIQUE,
  owner       TEXT,
  purpose     TEXT,
  environment TEXT,
  review_on   TEXT
) STRICT;

CREATE INDEX host_name_with_owner ON host_name (owner) WHERE owner IS NOT NULL;

-- What a search reads; one such table for each list that is searched. Hashes and fingerprints are in none: they are found by
-- how they begin. Every text ends with two more characters, so that a piece of three begins at each of its letters: one or two
-- letters are found by all pieces that begin with them, which the `_pieces` table lists one at a time.
CREATE VIRTUAL TABLE host_name_search USING fts5 (
  text, content = '', contentless_delete = 1, tokenize = 'trigram'
);

CREATE VIRTUAL TABLE host_name_pieces USING fts5vocab (host_name_search, instance);

CREATE TRIGGER host_name_begins AFTER INSERT ON host_name
BEGIN
  INSERT INTO host_name_search (rowid, text) VALUES (NEW.id, NEW.name || char(10, 10));
END;

-- Whoever labels a host has what follows for its certificates written at once; here it is only added up.
CREATE TRIGGER host_name_has_another_owner AFTER UPDATE OF owner ON host_name
WHEN OLD.owner IS NOT NEW.owner
BEGIN
  UPDATE certificate_under_owner
  SET count = count - (
    SELECT count(*) FROM location
    WHERE name = NEW.id AND location.certificate = certificate_under_owner.certificate AND gone_scan IS NULL)
  WHERE owner = OLD.owner AND certificate IN (SELECT certificate FROM location WHERE name = NEW.id AND gone_scan IS NULL);
  DELETE FROM certificate_under_owner
  WHERE owner = OLD.owner AND count = 0
    AND certificate IN (SELECT certificate FROM location WHERE name = NEW.id AND gone_scan IS NULL);
  INSERT INTO certificate_under_owner (certificate, owner, count)
  SELECT certificate, NEW.owner, count(*) FROM location
  WHERE name = NEW.id AND gone_scan IS NULL AND NEW.owner <> ''
  GROUP BY certificate
  ON CONFLICT DO UPDATE SET count = count + excluded.count;
END;

-- What the user calls things. `due_percent`: how much of its life is left when a certificate with this tag needs attention; null
-- leaves it as it is for all. `owner`, `environment`: those of what has this tag, where nothing nearer says (decision 0076).
CREATE TABLE tag (
  id          INTEGER PRIMARY KEY,
  name        TEXT NOT NULL UNIQUE,
  due_percent INTEGER CHECK (due_percent BETWEEN 1 AND 99),
  owner       TEXT,
  environment TEXT
) STRICT;

-- A host name that has a tag.
CREATE TABLE tagged_host (
  name INTEGER NOT NULL REFERENCES host_name (id),
  tag  INTEGER NOT NULL REFERENCES tag (id),
  PRIMARY KEY (name, tag)
) STRICT, WITHOUT ROWID;

CREATE INDEX tagged_host_of_tag ON tagged_host (tag);

CREATE TRIGGER host_is_tagged AFTER INSERT ON tagged_host
BEGIN
  INSERT INTO certificate_under_tag (certificate, tag, count)
  SELECT certificate, NEW.tag, count(*) FROM location
  WHERE name = NEW.name AND gone_scan IS NULL
  GROUP BY certificate
  ON CONFLICT DO UPDATE SET count = count + excluded.count;
END;

CREATE TRIGGER host_is_tagged_no_more AFTER DELETE ON tagged_host
BEGIN
  UPDATE certificate_under_tag
  SET count = count - (
    SELECT count(*) FROM location
    WHERE name = OLD.name AND location.certificate = certificate_under_tag.certificate AND gone_scan IS NULL)
  WHERE tag = OLD.tag AND certificate IN (SELECT certificate FROM location WHERE name = OLD.name AND gone_scan IS NULL);
  DELETE FROM certificate_under_tag
  WHERE tag = OLD.tag AND count = 0
    AND certificate IN (SELECT certificate FROM location WHERE name = OLD.name AND gone_scan IS NULL);
END;

-- A certificate that has a tag itself.
CREATE TABLE tagged_certificate (
  certificate INTEGER NOT NULL REFERENCES certificate (id),
  tag         INTEGER NOT NULL REFERENCES tag (id),
  PRIMARY KEY (certificate, tag)
) STRICT, WITHOUT ROWID;

CREATE INDEX tagged_certificate_of_tag ON tagged_certificate (tag);

-- An account that has a tag itself, under this number: under another one it is somebody else.
CREATE TABLE tagged_account (
  account INTEGER NOT NULL REFERENCES account (id),
  uid     INTEGER NOT NULL,
  tag     INTEGER NOT NULL REFERENCES tag (id),
  PRIMARY KEY (account, uid, tag)
) STRICT, WITHOUT ROWID;

CREATE INDEX tagged_account_of_tag ON tagged_account (tag);

-- A key, an endpoint or an issuer that has a tag, by the name that `label` has for it; of an endpoint with its host and port.
CREATE TABLE tagged_thing (
  kind TEXT NOT NULL CHECK (kind IN ('key', 'endpoint', 'issuer')),
  name TEXT NOT NULL,
  tag  INTEGER NOT NULL REFERENCES tag (id),
  PRIMARY KEY (kind, name, tag)
) STRICT, WITHOUT ROWID;

CREATE INDEX tagged_thing_of_tag ON tagged_thing (tag);

-- What somebody said of a thing itself, by the name that people know it by; null: nothing. `name`: of a host its name, of an account
-- its login on `host` and `port` with its number, of a key its fingerprint, of a certificate its SHA-256, of an endpoint protocol and
-- server name at `host` and `port`; empty, or 0, for all others. What was said of an account of another number waits for that (0085).
CREATE TABLE label (
  kind        TEXT NOT NULL CHECK (kind IN ('host', 'account', 'key', 'certificate', 'endpoint', 'issuer')),
  name        TEXT NOT NULL,
  host        TEXT NOT NULL DEFAULT '',
  port        INTEGER NOT NULL DEFAULT 0,
  uid         INTEGER NOT NULL DEFAULT 0,
  owner       TEXT,
  purpose     TEXT,
  environment TEXT,
  review_on   TEXT,
  PRIMARY KEY (kind, name, host, port, uid)
) STRICT, WITHOUT ROWID;

CREATE INDEX label_to_review ON label (kind, review_on) WHERE review_on IS NOT NULL;

CREATE INDEX label_by_owner ON label (owner) WHERE owner IS NOT NULL;

-- What a change of labels has changed: of each thing what was there before and after, from which it is undone.
CREATE TABLE label_change (
  id        INTEGER PRIMARY KEY AUTOINCREMENT,
  at        TEXT NOT NULL,
  things    TEXT NOT NULL CHECK (json_valid(things)),
  undone_at TEXT
) STRICT;

-- What holds for a host by its name. Tags that name different owners name none.
CREATE VIEW host_name_label AS
SELECT host_name.id,
  ifnull(label.owner, (
    SELECT iif(count(DISTINCT tag.owner) = 1, min(tag.owner), NULL)
    FROM tagged_host JOIN tag ON tag.id = tagged_host.tag WHERE tagged_host.name = host_name.id)) AS owner,
  label.purpose,
  ifnull(label.environment, (
    SELECT iif(count(DISTINCT tag.environment) = 1, min(tag.environment), NULL)
    FROM tagged_host JOIN tag ON tag.id = tagged_host.tag WHERE tagged_host.name = host_name.id)) AS environment,
  label.review_on
FROM host_name
LEFT JOIN label ON label.kind = 'host' AND label.name = host_name.name AND label.host = '' AND label.port = 0 AND label.uid = 0;

-- What holds for an account: what was said of it, else by its own tags, else of its host. Where its tags differ nothing else counts.
CREATE VIEW account_label AS
SELECT account.id,
  coalesce(label.owner, (
    SELECT CASE count(DISTINCT tag.owner) WHEN 1 THEN min(tag.owner) WHEN 0 THEN NULL ELSE '' END
    FROM tagged_account JOIN tag ON tag.id = tagged_account.tag
    WHERE tagged_account.account = account.id AND tagged_account.uid = account.uid), home.owner, '') AS owner,
  coalesce(label.purpose, home.purpose, '') AS purpose,
  coalesce(label.environment, (
    SELECT CASE count(DISTINCT tag.environment) WHEN 1 THEN min(tag.environment) WHEN 0 THEN NULL ELSE '' END
    FROM tagged_account JOIN tag ON tag.id = tagged_account.tag
    WHERE tagged_account.account = account.id AND tagged_account.uid = account.uid), home.environment, '') AS environment,
  ifnull(label.review_on, home.review_on) AS review_on
FROM account
JOIN host ON host.id = account.host
JOIN host_name AS home ON home.id = host.name
LEFT JOIN label ON label.kind = 'account' AND label.name = account.name AND label.host = account.host_name
  AND label.port = account.port AND label.uid = account.uid;

-- === Hosts =================================================================================================================

-- A machine as the user named it: what the last probe met, and what was read at the last one that could read; null where
-- nothing was. The key is the one that it presented last, and `key_seen` is when. `unreadable_count`: files and folders that the last
-- reading could not read; `are_workloads_whole`: whether it can have missed nothing that runs there. `first_read_scan`: what that scan saw was new to us, and need not have been new there. `reading`
-- has another value after each reading: what was made of the host's map, files and rows holds until then. `key_gap`: why private
-- keys may lie there that the last reading has not seen; null where it has seen every place of them. `reached_as`: the name or address
-- that ssh_config gave for it when it was read last, in lower case. `reached_address`: where our own connection went then; null where
-- that is not certain, or may be the address of several machines. `accounts_scan`: the last reading by root that listed all accounts.
CREATE TABLE host (
  id                  INTEGER PRIMARY KEY,
  host                TEXT NOT NULL,
  port                INTEGER NOT NULL,
  name                INTEGER NOT NULL REFERENCES host_name (id),
  user                TEXT,
  state               TEXT NOT NULL CHECK (state IN ('ok', 'failed', 'partial')),
  outcome             TEXT NOT NULL,
  message             TEXT NOT NULL,
  last_scan           INTEGER NOT NULL REFERENCES scan (id),
  last_seen           TEXT NOT NULL,
  first_read_scan     INTEGER REFERENCES scan (id),
  last_read           TEXT,
  reading             TEXT,
  read_as             TEXT,
  accounts_scan       INTEGER REFERENCES scan (id),
  unreadable_count    INTEGER NOT NULL DEFAULT 0,
  are_workloads_whole INTEGER NOT NULL DEFAULT 1 CHECK (are_workloads_whole IN (0, 1)),
  key_gap             TEXT DEFAULT 'never-read' CHECK (key_gap IN ('never-read', 'cut-short', 'not-root', 'unreadable-locations')),
  hostname            TEXT,
  reached_as          TEXT,
  reached_address     TEXT,
  os                  TEXT,
  kernel              TEXT,
  arch                TEXT,
  sshd_version        TEXT,
  clock_ahead_seconds INTEGER,
  account_count       INTEGER NOT NULL DEFAULT 0,
  grant_count         INTEGER NOT NULL DEFAULT 0,
  certificate_count   INTEGER NOT NULL DEFAULT 0,
  key_type            TEXT,
  key_fingerprint     TEXT,
  key_blob            BLOB,
  key_seen            TEXT,
  is_key_refused      INTEGER NOT NULL DEFAULT 0 CHECK (is_key_refused IN (0, 1)),
  UNIQUE (host, port)
) STRICT;

CREATE INDEX host_by_os ON host (ifnull(substr(os, 1, 120), ''), id);

CREATE INDEX host_by_state ON host (state, id);

CREATE INDEX host_under_name ON host (name);

CREATE INDEX host_by_reached_name ON host (reached_as) WHERE reached_as IS NOT NULL;

CREATE INDEX host_by_reached_address ON host (reached_address) WHERE reached_address IS NOT NULL;

CREATE INDEX host_with_key_gap ON host (host, port) WHERE key_gap IS NOT NULL;

CREATE INDEX host_by_grants ON host (grant_count, id);

CREATE INDEX host_by_accounts ON host (account_count, id);

CREATE INDEX host_by_last_seen ON host (last_seen, id);

-- A search finds a host by what it calls itself, too; most are called that by the user.
CREATE INDEX host_called_otherwise ON host (hostname, host, name) WHERE hostname <> host;

-- By its host keys a bundle finds its host.
CREATE INDEX host_by_presented_key ON host (key_fingerprint) WHERE key_fingerprint IS NOT NULL;

CREATE TRIGGER host_is_read_first AFTER UPDATE OF last_read ON host
WHEN NEW.last_read IS NOT NULL AND NEW.first_read_scan IS NULL
BEGIN
  UPDATE host SET first_read_scan = NEW.last_scan WHERE id = NEW.id;
END;

CREATE TRIGGER host_begins_with_key_of_certificate AFTER INSERT ON host
WHEN NEW.key_fingerprint IS NOT NULL
BEGIN
  UPDATE certificate SET is_ssh_key = 1 WHERE ssh_fingerprint = NEW.key_fingerprint AND is_ssh_key = 0;
END;

CREATE TRIGGER host_presents_key_of_certificate AFTER UPDATE OF key_fingerprint ON host
WHEN NEW.key_fingerprint IS NOT NULL AND OLD.key_fingerprint IS NOT NEW.key_fingerprint
BEGIN
  UPDATE certificate SET is_ssh_key = 1 WHERE ssh_fingerprint = NEW.key_fingerprint AND is_ssh_key = 0;
END;

CREATE TRIGGER offline_reading_ends AFTER UPDATE OF last_read ON host
WHEN NEW.last_read IS NOT OLD.last_read
BEGIN
  DELETE FROM offline_reading WHERE host = NEW.id;
END;

-- What the last reading of a host covered, and what it could not read.
CREATE TABLE coverage (
  host     INTEGER PRIMARY KEY REFERENCES host (id),
  read     TEXT NOT NULL CHECK (json_valid(read)),
  not_read TEXT NOT NULL CHECK (json_valid(not_read))
) STRICT;

-- An address that a host had when it was last read, by which endpoints are known to be its own.
CREATE TABLE host_address (
  address TEXT NOT NULL,
  host    INTEGER NOT NULL REFERENCES host (id),
  PRIMARY KEY (address, host)
) STRICT, WITHOUT ROWID;

CREATE INDEX host_address_of_host ON host_address (host);

-- A public host key that a host holds. `key_bits` is null where it could not be told.
CREATE TABLE host_key (
  id          INTEGER PRIMARY KEY,
  host        INTEGER NOT NULL REFERENCES host (id),
  key_type    TEXT NOT NULL,
  key_bits    INTEGER,
  fingerprint TEXT NOT NULL,
  first_scan  INTEGER NOT NULL REFERENCES scan (id),
  last_scan   INTEGER NOT NULL REFERENCES scan (id),
  gone_scan   INTEGER REFERENCES scan (id)
) STRICT;

CREATE INDEX host_key_on_host ON host_key (host) WHERE gone_scan IS NULL;

CREATE INDEX host_key_by_fingerprint ON host_key (fingerprint) WHERE gone_scan IS NULL;

CREATE INDEX host_key_gone ON host_key (host, key_type) WHERE gone_scan IS NOT NULL;

CREATE TRIGGER host_key_is_of_certificate AFTER INSERT ON host_key
BEGIN
  UPDATE certificate SET is_ssh_key = 1 WHERE ssh_fingerprint = NEW.fingerprint AND is_ssh_key = 0;
END;

-- A login on a host, as its last reading left it; it is what it was there once more where it comes back. `host_name` and `port` are
-- those of the host: lists are in their order. `kind`: what its evidence shows, and `reasons` say which; `root`: whether it is as good
-- as root. `entry_least` to `age_most`: how dangerous it is by what its last reading shows, as levels from 1, none, to 4, high, that are
-- known (`least`) and that may be (`most`), with `risk_reasons`; `is_keys_read`: no private key of it can have been missed. `opens` and
-- `may_open`: the same of how far its private keys get, of which the rows of these keys know (0080).
-- `workloads`: the first of `workload_count` things that run as it. `grant_count`: its grants that let in, or may. Both, kind and root
-- are of the last reading by root (`is_by_root`), as long as uid and shell are what they were, else of the last one: `evaluated_scan`
-- (decision 0082). `owner`: who answers for it as `account_label` has it, as have the three after it; empty for nobody, and where that
-- is not known. `disabled_by`: what keeps everybody out who was let in before, as far as readings tell, each since the first of them.
-- `returned_at`: it was found gone, by `was_gone_scan`, and is there again since then. `replaced_scan`: what found it under a number of
-- which nothing was said, where something was said of another one. `approval`: the one that holds.
CREATE TABLE account (
  id             INTEGER PRIMARY KEY,
  host           INTEGER NOT NULL REFERENCES host (id),
  host_name      TEXT NOT NULL,
  port           INTEGER NOT NULL,
  name           TEXT NOT NULL,
  uid            INTEGER NOT NULL,
  shell          TEXT NOT NULL,
  home           TEXT NOT NULL,
  groups         TEXT NOT NULL CHECK (json_valid(groups)),
  password_state TEXT NOT NULL CHECK (password_state IN ('set', 'locked', 'none', 'unknown')),
  password_age   TEXT CHECK (json_valid(password_age)),
  kind           TEXT NOT NULL CHECK (kind IN ('person', 'service', 'bot', 'system', 'unknown')),
  reasons        TEXT NOT NULL CHECK (json_valid(reasons)),
  root           TEXT NOT NULL CHECK (root IN ('is-root', 'becomes-root', 'maybe', 'no', 'unknown')),
  workloads      TEXT NOT NULL CHECK (json_valid(workloads)),
  workload_count INTEGER NOT NULL,
  grant_count    INTEGER NOT NULL,
  last_login_at  TEXT,
  entry_least    INTEGER NOT NULL CHECK (entry_least BETWEEN 1 AND 4),
  entry_most     INTEGER NOT NULL CHECK (entry_most BETWEEN 1 AND 4),
  exposure_least INTEGER NOT NULL CHECK (exposure_least BETWEEN 1 AND 4),
  exposure_most  INTEGER NOT NULL CHECK (exposure_most BETWEEN 1 AND 4),
  age_least      INTEGER NOT NULL CHECK (age_least BETWEEN 1 AND 4),
  age_most       INTEGER NOT NULL CHECK (age_most BETWEEN 1 AND 4),
  risk_reasons   TEXT NOT NULL CHECK (json_valid(risk_reasons)),
  is_keys_read   INTEGER NOT NULL CHECK (is_keys_read IN (0, 1)),
  opens          INTEGER NOT NULL DEFAULT 1 CHECK (opens BETWEEN 1 AND 4),
  may_open       INTEGER NOT NULL DEFAULT 4 CHECK (may_open BETWEEN 1 AND 4),
  disabled_by    TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(disabled_by)),
  is_by_root     INTEGER NOT NULL CHECK (is_by_root IN (0, 1)),
  evaluated_scan INTEGER NOT NULL REFERENCES scan (id),
  owner          TEXT NOT NULL DEFAULT '',
  purpose        TEXT NOT NULL DEFAULT '',
  environment    TEXT NOT NULL DEFAULT '',
  review_on      TEXT,
  first_scan     INTEGER NOT NULL REFERENCES scan (id),
  last_scan      INTEGER NOT NULL REFERENCES scan (id),
  gone_scan      INTEGER REFERENCES scan (id),
  was_gone_scan  INTEGER REFERENCES scan (id),
  returned_at    TEXT,
  replaced_scan  INTEGER REFERENCES scan (id),
  approval       INTEGER REFERENCES account_approval (id),
  -- Whether it becomes root, and how certainly, in the order in which lists show it.
  root_rank INTEGER GENERATED ALWAYS AS (
    CASE root WHEN 'is-root' THEN 0 WHEN 'becomes-root' THEN 1 WHEN 'maybe' THEN 2 WHEN 'unknown' THEN 3 ELSE 4 END) VIRTUAL,
  -- Of a machine's account, for which somebody has to answer: how severe it is that nobody does, as findings rank it; null for all
  -- others. Root, people's accounts and the system's own are nobody's machine; another name for uid 0 is somebody's doing. What nobody
  -- knows the kind of counts where somebody may get in.
  machine_rank INTEGER GENERATED ALWAYS AS (
    CASE WHEN kind IN ('person', 'system') OR kind = 'unknown' AND uid <> 0 AND grant_count = 0 AND entry_most = 1 THEN NULL
         WHEN root IN ('is-root', 'becomes-root') THEN 2
         WHEN kind = 'unknown' AND grant_count = 0 THEN 4
         WHEN grant_count > 0 OR password_state IN ('set', 'none') THEN 3
         ELSE 4 END) VIRTUAL,
  -- What the cached_count counts it as while it is new and nobody has approved it, by whether somebody gets in; null for all others.
  new_as TEXT GENERATED ALWAYS AS (
    CASE WHEN gone_scan IS NULL AND approval IS NULL AND returned_at IS NULL AND kind <> 'system'
         THEN iif(grant_count > 0 OR password_state <> 'locked', 'new account entered ', 'new account shut ')
           || printf('%010d', first_scan) END) VIRTUAL,
  -- What the cached_count counts it as while nobody answers for it; null for all others.
  ownerless_as TEXT GENERATED ALWAYS AS (
    CASE WHEN gone_scan IS NULL AND owner = '' THEN 'ownerless account ' || machine_rank END) VIRTUAL,
  -- The order of risks, the greatest first, by the rules of `rankOf` (model/access/risk).
  risk_order INTEGER GENERATED ALWAYS AS (
    -1000 * max(entry_most, may_open) * iif(root = 'no', 1, 4) * max(exposure_most, iif(owner = '', 3, 1)) * age_most
    - max(entry_least, opens) * iif(root IN ('is-root', 'becomes-root'), 4, 1)
      * max(exposure_least, iif(owner = '', 3, 1)) * age_least) VIRTUAL,
  search_text TEXT GENERATED ALWAYS AS (host_name || char(10) || name || char(10) || home) VIRTUAL,
  UNIQUE (host, name)
) STRICT;

CREATE INDEX account_by_host ON account (host_name, port, uid, id) WHERE gone_scan IS NULL;

CREATE INDEX account_by_name ON account (substr(name, 1, 64), id) WHERE gone_scan IS NULL;

CREATE INDEX account_by_kind ON account (kind, id) WHERE gone_scan IS NULL;

CREATE INDEX account_by_root ON account (root_rank, id) WHERE gone_scan IS NULL;

CREATE INDEX account_by_last_login ON account (ifnull(last_login_at, ''), id) WHERE gone_scan IS NULL;

CREATE INDEX account_by_grants ON account (grant_count, id) WHERE gone_scan IS NULL;

CREATE INDEX account_by_risk ON account (risk_order, id) WHERE gone_scan IS NULL;

CREATE INDEX account_by_owner ON account (owner, id) WHERE gone_scan IS NULL;

CREATE INDEX account_returned ON account (returned_at, id) WHERE gone_scan IS NULL AND returned_at IS NOT NULL;

CREATE INDEX account_replaced ON account (replaced_scan, id) WHERE gone_scan IS NULL AND replaced_scan IS NOT NULL;

CREATE INDEX account_unapproved ON account (first_scan, id)
  WHERE gone_scan IS NULL AND approval IS NULL AND returned_at IS NULL AND kind <> 'system';

CREATE INDEX account_ownerless ON account (machine_rank, first_scan, id)
  WHERE gone_scan IS NULL AND owner = '' AND machine_rank IS NOT NULL;

CREATE INDEX account_purposeless ON account (first_scan, id)
  WHERE gone_scan IS NULL AND purpose = '' AND machine_rank IS NOT NULL;

CREATE INDEX account_by_environment ON account (environment, id) WHERE gone_scan IS NULL AND environment <> '';

CREATE VIRTUAL TABLE account_search USING fts5 (
  text, content = '', contentless_delete = 1, tokenize = 'trigram'
);

CREATE VIRTUAL TABLE account_pieces USING fts5vocab (account_search, instance);

CREATE TRIGGER account_begins AFTER INSERT ON account
BEGIN
  INSERT INTO account_search (rowid, text) VALUES (NEW.id, NEW.search_text || char(10, 10));
END;

CREATE TRIGGER account_begins_ownerless AFTER INSERT ON account
WHEN NEW.ownerless_as IS NOT NULL
BEGIN
  INSERT INTO cached_count (what, count) VALUES (NEW.ownerless_as, 1) ON CONFLICT (what) DO UPDATE SET count = count + 1;
END;

CREATE TRIGGER account_is_ownerless_otherwise
AFTER UPDATE OF gone_scan, owner, uid, kind, root, grant_count, password_state, entry_most ON account
WHEN OLD.ownerless_as IS NOT NEW.ownerless_as
BEGIN
  UPDATE cached_count SET count = count - 1 WHERE what = OLD.ownerless_as;
  INSERT INTO cached_count (what, count) SELECT NEW.ownerless_as, 1 WHERE NEW.ownerless_as IS NOT NULL
  ON CONFLICT (what) DO UPDATE SET count = count + 1;
END;

CREATE TRIGGER account_begins_new AFTER INSERT ON account
WHEN NEW.new_as IS NOT NULL
BEGIN
  INSERT INTO cached_count (what, count) VALUES (NEW.new_as, 1) ON CONFLICT (what) DO UPDATE SET count = count + 1;
END;

CREATE TRIGGER account_is_new_otherwise
AFTER UPDATE OF gone_scan, approval, returned_at, kind, grant_count, password_state, first_scan ON account
WHEN OLD.new_as IS NOT NEW.new_as
BEGIN
  UPDATE cached_count SET count = count - 1 WHERE what = OLD.new_as;
  INSERT INTO cached_count (what, count) SELECT NEW.new_as, 1 WHERE NEW.new_as IS NOT NULL
  ON CONFLICT (what) DO UPDATE SET count = count + 1;
END;

-- What something was said of, by the numbers of its account.
CREATE VIEW labelled_account AS
SELECT account.id, label.uid FROM account
JOIN label ON label.kind = 'account' AND label.name = account.name AND label.host = account.host_name AND label.port = account.port
UNION ALL
SELECT account, uid FROM tagged_account;

-- Which accounts had a name before the one that has it now: by their uid, with when the last reading found it there, and the first one
-- another. Logs have names alone: a login until `until_at` was one of theirs (0086). `since_at`: since when it is known to have been there.
CREATE TABLE former_account (
  account     INTEGER NOT NULL REFERENCES account (id),
  uid         INTEGER NOT NULL,
  since_at    TEXT NOT NULL,
  until_at    TEXT NOT NULL,
  replaced_at TEXT NOT NULL,
  PRIMARY KEY (account, until_at)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER account_is_somebody_else AFTER UPDATE OF uid ON account
WHEN OLD.uid <> NEW.uid
BEGIN
  -- No OR REPLACE: the conflict clause of the statement that fires a trigger holds in it, too.
  INSERT INTO former_account (account, uid, since_at, until_at, replaced_at)
  SELECT OLD.id, OLD.uid,
    max(begun.started_at, ifnull((SELECT max(replaced_at) FROM former_account WHERE account = OLD.id), '')),
    seen.started_at, now.started_at
  FROM scan AS begun JOIN scan AS seen JOIN scan AS now
  WHERE begun.id = OLD.first_scan AND seen.id = OLD.last_scan AND now.id = NEW.last_scan
  ON CONFLICT (account, until_at) DO UPDATE
  SET uid = excluded.uid, since_at = excluded.since_at, replaced_at = excluded.replaced_at;
  UPDATE account SET (owner, purpose, environment, review_on) =
    (SELECT now.owner, now.purpose, now.environment, now.review_on FROM account_label AS now WHERE now.id = NEW.id),
    replaced_scan = CASE
      WHEN EXISTS (SELECT 1 FROM labelled_account AS said WHERE said.id = NEW.id AND said.uid = NEW.uid) THEN NULL
      WHEN EXISTS (SELECT 1 FROM labelled_account AS said WHERE said.id = NEW.id) THEN NEW.last_scan END
  WHERE id = NEW.id;
END;

CREATE TRIGGER account_ends AFTER UPDATE OF gone_scan ON account
WHEN OLD.gone_scan IS NULL AND NEW.gone_scan IS NOT NULL
BEGIN
  DELETE FROM account_search WHERE rowid = NEW.id;
END;

CREATE TRIGGER account_is_found_otherwise AFTER UPDATE OF gone_scan, home ON account
WHEN NEW.gone_scan IS NULL AND (OLD.gone_scan IS NOT NULL OR OLD.home <> NEW.home)
BEGIN
  DELETE FROM account_search WHERE rowid = NEW.id;
  INSERT INTO account_search (rowid, text) VALUES (NEW.id, NEW.search_text || char(10, 10));
END;

-- That an account may be there, for whom and for what. It is for this number: the same name under another one is somebody else. A row
-- is withdrawn, never removed or changed.
CREATE TABLE account_approval (
  id           INTEGER PRIMARY KEY,
  host         INTEGER NOT NULL REFERENCES host (id),
  account      TEXT NOT NULL,
  uid          INTEGER NOT NULL,
  owner        TEXT NOT NULL,
  purpose      TEXT NOT NULL,
  review_on    TEXT,
  approved_at  TEXT NOT NULL,
  withdrawn_at TEXT
) STRICT;

CREATE UNIQUE INDEX account_approval_of ON account_approval (host, account, uid) WHERE withdrawn_at IS NULL;

CREATE TRIGGER account_approval_begins AFTER INSERT ON account_approval
BEGIN
  UPDATE account SET approval = NEW.id WHERE host = NEW.host AND name = NEW.account AND uid = NEW.uid;
END;

CREATE TRIGGER account_approval_ends AFTER UPDATE OF withdrawn_at ON account_approval
WHEN OLD.withdrawn_at IS NULL AND NEW.withdrawn_at IS NOT NULL
BEGIN
  UPDATE account SET approval = NULL WHERE host = NEW.host AND name = NEW.account AND approval = NEW.id;
END;

-- How the keys of all accounts with a number were read. `scan`: the last reading by root that has seen every key which opens one of
-- them; null for none. `gap`: why the last reading of all has not (KeysGap, as JSON); null where it has.
CREATE TABLE keys_reading (
  host INTEGER NOT NULL REFERENCES host (id),
  uid  INTEGER NOT NULL,
  scan INTEGER REFERENCES scan (id),
  gap  TEXT CHECK (json_valid(gap)),
  PRIMARY KEY (host, uid)
) STRICT, WITHOUT ROWID;

-- What runs on a host, or may, and belongs to no account alone, as JSON; of the last reading by root, or of the last one where none was.
-- `keytabs` is 'null' where one could not be read.
CREATE TABLE host_programs (
  host            INTEGER PRIMARY KEY REFERENCES host (id),
  scan            INTEGER NOT NULL REFERENCES scan (id),
  is_by_root      INTEGER NOT NULL CHECK (is_by_root IN (0, 1)),
  uid_range       TEXT NOT NULL CHECK (json_valid(uid_range)),
  setuid_programs TEXT NOT NULL CHECK (json_valid(setuid_programs)),
  is_setuid_whole INTEGER NOT NULL CHECK (is_setuid_whole IN (0, 1)),
  keytabs         TEXT NOT NULL CHECK (json_valid(keytabs)),
  unassigned      TEXT NOT NULL CHECK (json_valid(unassigned))
) STRICT;

-- === Who may log in ========================================================================================================

-- A public SSH key. `account_count` says how many accounts it opens or may open now, over all hosts. It is shared while there are
-- several; `shared_since` is when the second of them was found. `is_matched`: where its private key is, is known. `listed`: what
-- people sources say of its people: 'known' while one of them is still there. `environment_count`: in how many environments that are
-- known it lets in, or may.
CREATE TABLE key (
  fingerprint   TEXT PRIMARY KEY,
  key_type      TEXT NOT NULL,
  key_bits      INTEGER,
  account_count INTEGER NOT NULL DEFAULT 0,
  is_shared     INTEGER NOT NULL DEFAULT 0 CHECK (is_shared IN (0, 1)),
  shared_since  TEXT,
  is_matched    INTEGER NOT NULL DEFAULT 0 CHECK (is_matched IN (0, 1)),
  listed        TEXT CHECK (listed IN ('known', 'gone')),
  -- How far it gets, as a level of risk: 1, none, to 4, high.
  opened INTEGER GENERATED ALWAYS AS (
    CASE WHEN account_count > 10 THEN 4 WHEN account_count > 1 THEN 3 WHEN account_count = 1 THEN 2 ELSE 1 END) VIRTUAL,
  environment_count INTEGER NOT NULL DEFAULT 0,
  CHECK (is_shared = 0 OR shared_since IS NOT NULL)
) STRICT, WITHOUT ROWID;

CREATE INDEX key_shared ON key (fingerprint) WHERE is_shared = 1;

CREATE INDEX key_shared_since ON key (shared_since, fingerprint) WHERE is_shared = 1;

CREATE INDEX key_across_environments ON key (fingerprint) WHERE environment_count > 1;

CREATE TRIGGER key_is_known_of AFTER UPDATE OF is_matched, listed ON key
WHEN OLD.is_matched <> NEW.is_matched OR OLD.listed IS NOT NEW.listed
BEGIN
  UPDATE grant_line SET is_matched = NEW.is_matched, listed = NEW.listed
  WHERE ifnull(fingerprint, '') = NEW.fingerprint AND gone_scan IS NULL;
END;

CREATE TRIGGER key_is_of_certificate AFTER INSERT ON key
BEGIN
  UPDATE certificate SET is_ssh_key = 1 WHERE ssh_fingerprint = NEW.fingerprint AND is_ssh_key = 0;
END;

-- A key that is new here, when private keys or people sources have told of it before.
CREATE TRIGGER key_begins AFTER INSERT ON key
BEGIN
  UPDATE key
  SET is_matched = EXISTS (SELECT 1 FROM key_file
                           WHERE key_file.fingerprint = NEW.fingerprint AND gone_scan IS NULL AND possession = 'verified')
                   OR EXISTS (SELECT 1 FROM held_key WHERE held_key.fingerprint = NEW.fingerprint),
      listed = (SELECT max(standing) FROM person_key JOIN person ON person.id = person_key.person
                WHERE fingerprint = NEW.fingerprint)
  WHERE fingerprint = NEW.fingerprint;
END;

-- One line of an authorized_keys file for one account, from the first scan that saw it to the last. It is the same grant as long
-- as its text is, even if the line has moved. `gone_scan` is null while it stands. `host_name` and `port` are those of the host:
-- lists are in their order. `is_matched` and `listed` are those of its key. `is_vouched`: the user has vouched for an owner.
-- `is_dormant`: it would let in if the one setting that its verdict names were otherwise. `orphan_since`: since when `orphan` is
-- what it is; null where `orphan` is null or has just changed, for whoever changed it says when. `approval`, `review_on`:
-- its approval, and when that is to be reviewed. `is_again`: its exact line has been in that file before; only then is it
-- asked whether it was at the baseline. `returned_at`: no line let the key in there any more, as `was_gone_scan` found, and this one
-- does again since then; `removed_by`: the run that had removed it.
CREATE TABLE grant_line (
  id           INTEGER PRIMARY KEY,
  host         INTEGER NOT NULL REFERENCES host (id),
  host_name    TEXT NOT NULL,
  port         INTEGER NOT NULL,
  account      TEXT NOT NULL,
  uid          INTEGER NOT NULL,
  file         TEXT NOT NULL,
  line         INTEGER NOT NULL,
  fingerprint  TEXT REFERENCES key (fingerprint),
  key_type     TEXT,
  key_bits     INTEGER,
  comment      TEXT NOT NULL,
  options      TEXT NOT NULL,
  text         TEXT NOT NULL,
  effective    TEXT NOT NULL CHECK (effective IN ('yes', 'no', 'unknown')),
  is_dormant   INTEGER NOT NULL DEFAULT 0 CHECK (is_dormant IN (0, 1)),
  verdict      TEXT NOT NULL CHECK (json_valid(verdict)),
  first_scan   INTEGER NOT NULL REFERENCES scan (id),
  last_scan    INTEGER NOT NULL REFERENCES scan (id),
  gone_scan    INTEGER REFERENCES scan (id),
  was_gone_scan INTEGER REFERENCES scan (id),
  returned_at  TEXT,
  removed_by   INTEGER REFERENCES run (id),
  is_again     INTEGER NOT NULL DEFAULT 0 CHECK (is_again IN (0, 1)),
  approval     INTEGER REFERENCES approval (id),
  review_on    TEXT,
  use          TEXT NOT NULL DEFAULT 'unknown' CHECK (use IN ('used', 'unused', 'unknown')),
  is_matched   INTEGER NOT NULL DEFAULT 0 CHECK (is_matched IN (0, 1)),
  listed       TEXT CHECK (listed IN ('known', 'gone')),
  is_vouched   INTEGER NOT NULL DEFAULT 0 CHECK (is_vouched IN (0, 1)),
  orphan_since TEXT,
  -- The rule for owners. A person who has left is gone, whoever else may hold the key.
  owner TEXT GENERATED ALWAYS AS (
    CASE WHEN listed = 'gone' THEN 'gone'
         WHEN listed = 'known' OR is_matched = 1 OR is_vouched = 1 THEN 'known'
         ELSE 'unknown' END) VIRTUAL,
  -- The rule for orphans: why nobody may own or use what may still let somebody in; null where nothing says so. One whose
  -- private key is only not found is an orphan where the inventory is complete and no host has a gap.
  orphan TEXT GENERATED ALWAYS AS (
    CASE WHEN effective = 'no' AND is_dormant = 0 OR fingerprint IS NULL THEN NULL
         WHEN owner = 'gone' THEN 'gone'
         WHEN use = 'unused' THEN 'unused'
         WHEN owner = 'unknown' THEN 'private-key-not-found' END) VIRTUAL,
  -- All that grants are counted by, so that one sum gives the count of any of it together.
  counted_as TEXT GENERATED ALWAYS AS (
    'grant ' || effective || ' ' || owner || ' ' || use
    || CASE WHEN fingerprint IS NULL THEN ' keyless ' WHEN is_matched = 1 THEN ' matched ' ELSE ' private-key-not-found ' END
    || ifnull(orphan, 'kept')) VIRTUAL,
  -- What the cached_count counts it as while it is new and nobody has approved it; null for all others.
  new_as TEXT GENERATED ALWAYS AS (
    CASE WHEN gone_scan IS NULL AND approval IS NULL AND is_again = 0 AND (effective <> 'no' OR is_dormant = 1)
         THEN 'new grant ' || printf('%010d', first_scan) END) VIRTUAL,
  -- A line that is added to a file moves all below it: what grants are searched by has the file, and the row has the line.
  search_text TEXT GENERATED ALWAYS AS (
    host_name || char(10) || account || char(10) || file || char(10) || comment) VIRTUAL
) STRICT;

CREATE INDEX grant_on_host ON grant_line (host) WHERE gone_scan IS NULL;

CREATE INDEX grant_by_host ON grant_line
  (host_name, port, substr(account, 1, 64), substr(file, 1, 128), line, id) WHERE gone_scan IS NULL;

CREATE INDEX grant_by_account ON grant_line (account, host_name, id) WHERE gone_scan IS NULL;

CREATE INDEX grant_by_account_start ON grant_line (substr(account, 1, 64), id) WHERE gone_scan IS NULL;

CREATE INDEX grant_by_key_type ON grant_line (ifnull(substr(key_type, 1, 120), ''), id) WHERE gone_scan IS NULL;

CREATE INDEX grant_by_effective ON grant_line (effective, id) WHERE gone_scan IS NULL;

CREATE INDEX grant_usable ON grant_line (fingerprint, host, account, returned_at) WHERE gone_scan IS NULL AND effective <> 'no';

CREATE INDEX grant_by_orphan ON grant_line (orphan, orphan_since, id) WHERE gone_scan IS NULL AND orphan IS NOT NULL;

-- Those that somebody should look at are few among all, and are listed in each order.
CREATE INDEX grant_suspect_by_host ON grant_line
  (host_name, port, substr(account, 1, 64), substr(file, 1, 128), line, id)
  WHERE gone_scan IS NULL AND (owner = 'gone' OR use = 'unused');

CREATE INDEX grant_suspect_by_account ON grant_line (substr(account, 1, 64), id)
  WHERE gone_scan IS NULL AND (owner = 'gone' OR use = 'unused');

CREATE INDEX grant_suspect_by_fingerprint ON grant_line (ifnull(fingerprint, ''), id)
  WHERE gone_scan IS NULL AND (owner = 'gone' OR use = 'unused');

CREATE INDEX grant_suspect_by_key_type ON grant_line (ifnull(substr(key_type, 1, 120), ''), id)
  WHERE gone_scan IS NULL AND (owner = 'gone' OR use = 'unused');

CREATE INDEX grant_suspect_by_effective ON grant_line (effective, id)
  WHERE gone_scan IS NULL AND (owner = 'gone' OR use = 'unused');

CREATE INDEX grant_suspect_by_comment ON grant_line (substr(comment, 1, 120), id)
  WHERE gone_scan IS NULL AND (owner = 'gone' OR use = 'unused');

CREATE INDEX grant_by_owner ON grant_line (owner, id) WHERE gone_scan IS NULL;

CREATE INDEX grant_by_use ON grant_line (use, id) WHERE gone_scan IS NULL AND use <> 'unknown';

CREATE INDEX grant_without_private_key ON grant_line (id)
  WHERE gone_scan IS NULL AND is_matched = 0 AND fingerprint IS NOT NULL;

CREATE INDEX grant_orphan_unsettled ON grant_line (id)
  WHERE gone_scan IS NULL AND orphan IS NOT NULL AND orphan_since IS NULL;

-- Whether a key stands at any account of a number, and which of its lines ended there since.
CREATE INDEX grant_of_key ON grant_line (fingerprint, host, uid, gone_scan) WHERE fingerprint IS NOT NULL;

-- Where what has gone is found again when it, or what takes its place, is seen.
CREATE INDEX grant_gone ON grant_line (host, account, file, fingerprint) WHERE gone_scan IS NOT NULL;

-- By its key, whichever file of its account it comes back in.
CREATE INDEX grant_gone_by_key ON grant_line (fingerprint, host, account, gone_scan, returned_at)
  WHERE gone_scan IS NOT NULL AND fingerprint IS NOT NULL;

CREATE INDEX grant_returned ON grant_line (returned_at, id) WHERE gone_scan IS NULL AND returned_at IS NOT NULL;

CREATE INDEX grant_to_review ON grant_line (review_on, id) WHERE gone_scan IS NULL AND review_on IS NOT NULL;

CREATE INDEX grant_unapproved ON grant_line (first_scan, id, effective, is_dormant, is_again)
  WHERE gone_scan IS NULL AND approval IS NULL;

CREATE INDEX grant_there_again ON grant_line (first_scan, id) WHERE gone_scan IS NULL AND is_again = 1;

-- Lists that are walked in an order of text ask each row for what these indexes have, and go to the table for those alone
-- that they show: of what is new since the baseline by comment or key, and, below, of what is due by subject.
CREATE INDEX grant_by_comment ON grant_line (substr(comment, 1, 120), id, first_scan) WHERE gone_scan IS NULL;

CREATE INDEX grant_by_fingerprint ON grant_line (ifnull(fingerprint, ''), id, first_scan) WHERE gone_scan IS NULL;

CREATE VIRTUAL TABLE grant_search USING fts5 (
  text, content = '', contentless_delete = 1, tokenize = 'trigram'
);

CREATE VIRTUAL TABLE grant_pieces USING fts5vocab (grant_search, instance);

-- A grant is usable while it stands and is not known to be refused. An account counts once for a key.
CREATE TRIGGER grant_begins_usable AFTER INSERT ON grant_line
WHEN NEW.fingerprint IS NOT NULL AND NEW.effective <> 'no'
BEGIN
  UPDATE key SET account_count = account_count + 1
  WHERE fingerprint = NEW.fingerprint
    AND NOT EXISTS (
      SELECT 1 FROM grant_line
      WHERE fingerprint = NEW.fingerprint AND host = NEW.host AND account = NEW.account
        AND gone_scan IS NULL AND effective <> 'no' AND id <> NEW.id);
  UPDATE key SET is_shared = 1, shared_since = (SELECT started_at FROM scan WHERE id = NEW.last_scan)
  WHERE fingerprint = NEW.fingerprint AND account_count > 1 AND is_shared = 0;
END;

CREATE TRIGGER grant_becomes_usable AFTER UPDATE OF effective ON grant_line
WHEN NEW.fingerprint IS NOT NULL AND NEW.gone_scan IS NULL AND OLD.effective = 'no' AND NEW.effective <> 'no'
BEGIN
  UPDATE key SET account_count = account_count + 1
  WHERE fingerprint = NEW.fingerprint
    AND NOT EXISTS (
      SELECT 1 FROM grant_line
      WHERE fingerprint = NEW.fingerprint AND host = NEW.host AND account = NEW.account
        AND gone_scan IS NULL AND effective <> 'no' AND id <> NEW.id);
  UPDATE key SET is_shared = 1, shared_since = (SELECT started_at FROM scan WHERE id = NEW.last_scan)
  WHERE fingerprint = NEW.fingerprint AND account_count > 1 AND is_shared = 0;
END;

CREATE TRIGGER grant_ceases_to_be_usable AFTER UPDATE OF effective, gone_scan ON grant_line
WHEN NEW.fingerprint IS NOT NULL
  AND OLD.gone_scan IS NULL AND OLD.effective <> 'no'
  AND (NEW.gone_scan IS NOT NULL OR NEW.effective = 'no')
BEGIN
  UPDATE key SET account_count = account_count - 1
  WHERE fingerprint = NEW.fingerprint
    AND NOT EXISTS (
      SELECT 1 FROM grant_line
      WHERE fingerprint = NEW.fingerprint AND host = NEW.host AND account = NEW.account
        AND gone_scan IS NULL AND effective <> 'no' AND id <> NEW.id);
  UPDATE key SET is_shared = 0, shared_since = NULL
  WHERE fingerprint = NEW.fingerprint AND account_count < 2 AND is_shared = 1;
END;

CREATE TRIGGER grant_ends AFTER UPDATE OF gone_scan ON grant_line
WHEN OLD.gone_scan IS NULL AND NEW.gone_scan IS NOT NULL
BEGIN
  UPDATE cached_count SET count = count - 1 WHERE what = OLD.counted_as;
  DELETE FROM grant_search WHERE rowid = NEW.id;
END;

CREATE TRIGGER grant_is_evaluated_anew
AFTER UPDATE OF effective, is_dormant, use, is_matched, listed, is_vouched ON grant_line
WHEN NEW.gone_scan IS NULL AND OLD.gone_scan IS NULL AND OLD.counted_as <> NEW.counted_as
BEGIN
  UPDATE cached_count SET count = count - 1 WHERE what = OLD.counted_as;
  INSERT INTO cached_count (what, count) VALUES (NEW.counted_as, 1) ON CONFLICT (what) DO UPDATE SET count = count + 1;
  UPDATE grant_line SET orphan_since = NULL WHERE id = NEW.id AND OLD.orphan IS NOT NEW.orphan;
END;

-- Of the others the cached_count says how many are new since which scan, nobody having approved them.
CREATE TRIGGER grant_begins_new AFTER INSERT ON grant_line
BEGIN
  UPDATE grant_line SET is_again = 1
  WHERE id = NEW.id AND EXISTS (
    SELECT 1 FROM grant_line AS earlier INDEXED BY grant_gone
    WHERE earlier.host = NEW.host AND earlier.account = NEW.account AND earlier.file = NEW.file
      AND earlier.fingerprint = NEW.fingerprint AND earlier.text = NEW.text AND earlier.gone_scan IS NOT NULL);
  INSERT INTO cached_count (what, count) SELECT new_as, 1 FROM grant_line WHERE id = NEW.id AND new_as IS NOT NULL
  ON CONFLICT (what) DO UPDATE SET count = count + 1;
END;

CREATE TRIGGER grant_is_new_otherwise AFTER UPDATE OF gone_scan, approval, effective, is_dormant ON grant_line
WHEN OLD.new_as IS NOT NEW.new_as
BEGIN
  UPDATE cached_count SET count = count - 1 WHERE what = OLD.new_as;
  INSERT INTO cached_count (what, count) SELECT NEW.new_as, 1 WHERE NEW.new_as IS NOT NULL
  ON CONFLICT (what) DO UPDATE SET count = count + 1;
END;

-- How many lines let a key in, or may, in each environment that is known, by that of their accounts; zero where none is left.
CREATE TABLE key_environment (
  fingerprint TEXT NOT NULL,
  environment TEXT NOT NULL,
  count       INTEGER NOT NULL,
  PRIMARY KEY (fingerprint, environment)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER key_environment_begins AFTER INSERT ON key_environment
WHEN NEW.count > 0
BEGIN
  UPDATE key SET environment_count = environment_count + 1 WHERE fingerprint = NEW.fingerprint;
END;

CREATE TRIGGER key_environment_counts_otherwise AFTER UPDATE OF count ON key_environment
WHEN (OLD.count > 0) <> (NEW.count > 0)
BEGIN
  UPDATE key SET environment_count = environment_count + iif(NEW.count > 0, 1, -1) WHERE fingerprint = NEW.fingerprint;
END;

CREATE TRIGGER grant_begins_in_environment AFTER INSERT ON grant_line
WHEN NEW.fingerprint IS NOT NULL AND NEW.effective <> 'no'
BEGIN
  INSERT INTO key_environment (fingerprint, environment, count)
  SELECT NEW.fingerprint, environment, 1 FROM account
  WHERE account.host = NEW.host AND account.name = NEW.account AND environment <> ''
  ON CONFLICT DO UPDATE SET count = count + 1;
END;

CREATE TRIGGER grant_opens_in_environment AFTER UPDATE OF effective ON grant_line
WHEN NEW.fingerprint IS NOT NULL AND NEW.gone_scan IS NULL AND OLD.effective = 'no' AND NEW.effective <> 'no'
BEGIN
  INSERT INTO key_environment (fingerprint, environment, count)
  SELECT NEW.fingerprint, environment, 1 FROM account
  WHERE account.host = NEW.host AND account.name = NEW.account AND environment <> ''
  ON CONFLICT DO UPDATE SET count = count + 1;
END;

CREATE TRIGGER grant_closes_in_environment AFTER UPDATE OF effective, gone_scan ON grant_line
WHEN NEW.fingerprint IS NOT NULL
  AND OLD.gone_scan IS NULL AND OLD.effective <> 'no'
  AND (NEW.gone_scan IS NOT NULL OR NEW.effective = 'no')
BEGIN
  UPDATE key_environment SET count = count - 1
  WHERE fingerprint = NEW.fingerprint
    AND environment = (SELECT account.environment FROM account WHERE account.host = NEW.host AND account.name = NEW.account);
END;

CREATE TRIGGER account_leaves_environment AFTER UPDATE OF environment ON account
WHEN OLD.environment <> NEW.environment AND OLD.environment <> ''
BEGIN
  UPDATE key_environment
  SET count = count - (
    SELECT count(*) FROM grant_line INDEXED BY grant_by_account
    WHERE account = NEW.name AND host_name = NEW.host_name AND gone_scan IS NULL AND grant_line.host = NEW.host
      AND effective <> 'no' AND grant_line.fingerprint = key_environment.fingerprint)
  WHERE environment = OLD.environment AND fingerprint IN (
    SELECT grant_line.fingerprint FROM grant_line INDEXED BY grant_by_account
    WHERE account = NEW.name AND host_name = NEW.host_name AND gone_scan IS NULL AND grant_line.host = NEW.host
      AND effective <> 'no' AND grant_line.fingerprint IS NOT NULL);
END;

CREATE TRIGGER account_enters_environment AFTER UPDATE OF environment ON account
WHEN OLD.environment <> NEW.environment AND NEW.environment <> ''
BEGIN
  INSERT INTO key_environment (fingerprint, environment, count)
  SELECT fingerprint, NEW.environment, count(*) FROM grant_line INDEXED BY grant_by_account
  WHERE account = NEW.name AND host_name = NEW.host_name AND gone_scan IS NULL AND grant_line.host = NEW.host
    AND effective <> 'no' AND fingerprint IS NOT NULL
  GROUP BY fingerprint
  ON CONFLICT DO UPDATE SET count = count + excluded.count;
END;

CREATE TRIGGER grant_begins AFTER INSERT ON grant_line
BEGIN
  INSERT INTO cached_count (what, count) VALUES (NEW.counted_as, 1) ON CONFLICT (what) DO UPDATE SET count = count + 1;
  INSERT INTO grant_search (rowid, text) VALUES (NEW.id, NEW.search_text || char(10, 10));
END;

-- That a grant may be there, for whom and for what. It is for this exact line: one that is changed needs another approval. A row
-- is withdrawn, never removed or changed.
CREATE TABLE approval (
  id           INTEGER PRIMARY KEY,
  host         INTEGER NOT NULL REFERENCES host (id),
  account      TEXT NOT NULL,
  file         TEXT NOT NULL,
  text         TEXT NOT NULL,
  owner        TEXT NOT NULL,
  purpose      TEXT NOT NULL,
  review_on    TEXT,
  approved_at  TEXT NOT NULL,
  withdrawn_at TEXT
) STRICT;

CREATE UNIQUE INDEX approval_of_line ON approval (host, account, file, text) WHERE withdrawn_at IS NULL;

CREATE INDEX approval_on_host ON approval (host, account, file);

CREATE TRIGGER approval_begins AFTER INSERT ON approval
BEGIN
  UPDATE grant_line SET approval = NEW.id, review_on = NEW.review_on, is_vouched = 1
  WHERE host = NEW.host AND account = NEW.account AND file = NEW.file AND text = NEW.text AND gone_scan IS NULL;
END;

CREATE TRIGGER approval_ends AFTER UPDATE OF withdrawn_at ON approval
WHEN OLD.withdrawn_at IS NULL AND NEW.withdrawn_at IS NOT NULL
BEGIN
  UPDATE grant_line SET approval = NULL, review_on = NULL, is_vouched = 0
  WHERE host = NEW.host AND account = NEW.account AND file = NEW.file AND text = NEW.text AND gone_scan IS NULL;
END;

-- An account that sshd lets in by a certificate, and the authority (TrustedUserCAKeys) that has to sign it. Where sshd
-- refuses every such certificate there is no row. `effective` is the verdict of a certificate in good order.
CREATE TABLE trusted_authority (
  id          INTEGER PRIMARY KEY,
  host        INTEGER NOT NULL REFERENCES host (id),
  account     TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  key_type    TEXT NOT NULL,
  comment     TEXT NOT NULL,
  file        TEXT NOT NULL,
  line        INTEGER NOT NULL,
  principals  TEXT NOT NULL CHECK (json_valid(principals)),
  effective   TEXT NOT NULL CHECK (json_valid(effective)),
  first_scan  INTEGER NOT NULL REFERENCES scan (id),
  last_scan   INTEGER NOT NULL REFERENCES scan (id),
  gone_scan   INTEGER REFERENCES scan (id)
) STRICT;

CREATE INDEX trusted_authority_on_host ON trusted_authority (host, account) WHERE gone_scan IS NULL;

CREATE INDEX trusted_authority_by_key ON trusted_authority (fingerprint, host, account) WHERE gone_scan IS NULL;

-- What the logs of a host tell of logins with one key to one account, over all readings: what an earlier reading saw stays,
-- though the logs have rotated. `fingerprint` is as the log writes it, SHA256 or MD5; with `is_authority` the logins came with
-- certificates, and it is that of the authority that signed them. `days` counts them by day of the host's calendar, as
-- [[days since the epoch, count], ...]. `last_in_journal_at`: the last of them that systemd's journal told of, of which only
-- processes of root are read; null where plain files alone did, into which any user of the host can have a line written.
-- `origins`: from which addresses they came, the last of each: [{ from, lastAt, lastInJournalAt }], what the journal told first,
-- then the latest.
CREATE TABLE login (
  host               INTEGER NOT NULL REFERENCES host (id),
  account            TEXT NOT NULL,
  fingerprint        TEXT NOT NULL,
  is_authority       INTEGER NOT NULL CHECK (is_authority IN (0, 1)),
  first_at           TEXT NOT NULL,
  last_at            TEXT NOT NULL,
  last_from          TEXT,
  last_in_journal_at TEXT,
  origins            TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(origins)),
  days               TEXT NOT NULL CHECK (json_valid(days)),
  PRIMARY KEY (host, account, fingerprint, is_authority)
) STRICT, WITHOUT ROWID;

-- The same of logins by other means: by password, or whatever else sshd calls it, or by su, when `became_by` is the account that
-- became it, and is empty for all others.
CREATE TABLE other_login (
  host               INTEGER NOT NULL REFERENCES host (id),
  account            TEXT NOT NULL,
  method             TEXT NOT NULL,
  became_by          TEXT NOT NULL,
  first_at           TEXT NOT NULL,
  last_at            TEXT NOT NULL,
  last_from          TEXT,
  last_in_journal_at TEXT,
  origins            TEXT NOT NULL CHECK (json_valid(origins)),
  days               TEXT NOT NULL CHECK (json_valid(days)),
  PRIMARY KEY (host, account, method, became_by)
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

-- By what, and from where, an account of a host was logged in to, as its logs have it. `means`: the fingerprint of the key, or of
-- the authority of a certificate; by su, who became it. `address` is empty where it was not kept.
CREATE TABLE login_source (
  id        INTEGER PRIMARY KEY,
  host      INTEGER NOT NULL REFERENCES host (id),
  host_name TEXT NOT NULL,
  port      INTEGER NOT NULL,
  account   TEXT NOT NULL,
  method    TEXT NOT NULL,
  means     TEXT NOT NULL,
  address   TEXT NOT NULL,
  search_text TEXT GENERATED ALWAYS AS (
    host_name || char(10) || account || char(10) || address || char(10) || means) VIRTUAL,
  UNIQUE (host, account, method, means, address)
) STRICT;

CREATE INDEX login_source_by_host ON login_source (host_name, account);

CREATE INDEX login_source_by_account ON login_source (account);

CREATE INDEX login_source_by_address ON login_source (address);

CREATE VIRTUAL TABLE login_source_search USING fts5 (
  text, content = '', contentless_delete = 1, tokenize = 'trigram'
);

CREATE VIRTUAL TABLE login_source_pieces USING fts5vocab (login_source_search, instance);

CREATE TRIGGER login_source_begins AFTER INSERT ON login_source
BEGIN
  INSERT INTO login_source_search (rowid, text) VALUES (NEW.id, NEW.search_text || char(10, 10));
END;

CREATE TRIGGER login_source_ends AFTER DELETE ON login_source
BEGIN
  DELETE FROM login_source_search WHERE rowid = OLD.id;
END;

-- The logins of a source on one day of the host's calendar, in days since the epoch, over all readings of its logs. `in_journal` and
-- `hours_in_journal` are what systemd's journal has of them; the rest is in plain files, into which any user of the host can have
-- lines written. `hours`: those with a login, as bits, by the host's clock. `in_baseline`: 1 where the day is part of the baseline of
-- all logs, 2 of that of the journal, 3 of both.
CREATE TABLE login_day (
  id               INTEGER PRIMARY KEY,
  source           INTEGER NOT NULL REFERENCES login_source (id),
  day              INTEGER NOT NULL,
  count            INTEGER NOT NULL,
  in_journal       INTEGER NOT NULL,
  hours            INTEGER NOT NULL,
  hours_in_journal INTEGER NOT NULL,
  first_at         TEXT NOT NULL,
  last_at          TEXT NOT NULL,
  in_baseline      INTEGER NOT NULL DEFAULT 0 CHECK (in_baseline BETWEEN 0 AND 3),
  UNIQUE (source, day)
) STRICT;

CREATE INDEX login_day_by_day ON login_day (day, last_at, id);

-- Of which days, since the epoch, the baseline of a host's logins is made: the first 30 that its logs cover, by the journal alone or by
-- all logs. Its days are marked once, when there are enough; nothing is added to it later. `account` is empty for all of the host; an
-- account has days of its own where it was made later than the host was first read, or where its logins were too many to be read whole
-- (0086). `uid`: of that account; -1 where nothing has listed it. `to_day` null: not enough days yet; `from_day` is the first one then.
CREATE TABLE login_baseline (
  host     INTEGER NOT NULL REFERENCES host (id),
  account  TEXT NOT NULL DEFAULT '',
  uid      INTEGER NOT NULL DEFAULT -1,
  evidence TEXT NOT NULL CHECK (evidence IN ('journal', 'all')),
  from_day INTEGER NOT NULL,
  to_day   INTEGER,
  reason   TEXT CHECK (reason IN ('made-later', 'cut')),
  PRIMARY KEY (host, account, uid, evidence)
) STRICT, WITHOUT ROWID;

CREATE INDEX login_baseline_learning ON login_baseline (host, account) WHERE to_day IS NULL AND account <> '';

-- A login that stands out from the baseline, or by itself. Those of one rule, account and `subject` (a network, an hour, a day) are one,
-- with the first and the last. `uid`: of the account that had the name then; -1 where nothing has listed it. `facts`: what the rule has
-- found; `lines`: as the host wrote them.
CREATE TABLE login_observation (
  id        INTEGER PRIMARY KEY,
  host      INTEGER NOT NULL REFERENCES host (id),
  host_name TEXT NOT NULL,
  port      INTEGER NOT NULL,
  account   TEXT NOT NULL,
  uid       INTEGER NOT NULL DEFAULT -1,
  rule      TEXT NOT NULL,
  subject   TEXT NOT NULL,
  method    TEXT NOT NULL,
  means     TEXT NOT NULL,
  address   TEXT NOT NULL,
  first_at  TEXT NOT NULL,
  last_at   TEXT NOT NULL,
  evidence  TEXT NOT NULL CHECK (evidence IN ('journal', 'file')),
  severity  TEXT NOT NULL CHECK (severity IN ('critical', 'high', 'medium', 'low', 'info')),
  facts     TEXT NOT NULL CHECK (json_valid(facts)),
  lines     TEXT NOT NULL CHECK (json_valid(lines)),
  -- In the order in which lists show it.
  weight INTEGER GENERATED ALWAYS AS (
    CASE severity WHEN 'critical' THEN 4 WHEN 'high' THEN 3 WHEN 'medium' THEN 2 WHEN 'low' THEN 1 ELSE 0 END) VIRTUAL,
  search_text TEXT GENERATED ALWAYS AS (
    host_name || char(10) || account || char(10) || address || char(10) || means || char(10) || rule) VIRTUAL,
  UNIQUE (host, account, uid, rule, subject)
) STRICT;

CREATE INDEX login_observation_by_weight ON login_observation (weight, last_at, id);

CREATE INDEX login_observation_by_time ON login_observation (last_at, id);

CREATE INDEX login_observation_of_account ON login_observation (host_name, account);

CREATE VIRTUAL TABLE login_observation_search USING fts5 (
  text, content = '', contentless_delete = 1, tokenize = 'trigram'
);

CREATE VIRTUAL TABLE login_observation_pieces USING fts5vocab (login_observation_search, instance);

CREATE TRIGGER login_observation_begins AFTER INSERT ON login_observation
BEGIN
  INSERT INTO login_observation_search (rowid, text) VALUES (NEW.id, NEW.search_text || char(10, 10));
END;

CREATE TRIGGER login_observation_is_surer AFTER UPDATE OF means, address ON login_observation
WHEN OLD.means <> NEW.means OR OLD.address <> NEW.address
BEGIN
  DELETE FROM login_observation_search WHERE rowid = NEW.id;
  INSERT INTO login_observation_search (rowid, text) VALUES (NEW.id, NEW.search_text || char(10, 10));
END;

CREATE TRIGGER login_observation_ends AFTER DELETE ON login_observation
BEGIN
  DELETE FROM login_observation_search WHERE rowid = OLD.id;
END;

-- That somebody has looked into one, and why it may be, until a day. It covers what there was: not surer evidence, nor what weighs more.
CREATE TABLE login_acceptance (
  id           INTEGER PRIMARY KEY,
  observation  INTEGER NOT NULL REFERENCES login_observation (id),
  evidence     TEXT NOT NULL CHECK (evidence IN ('journal', 'file')),
  weight       INTEGER NOT NULL,
  reason       TEXT NOT NULL,
  until        TEXT NOT NULL,
  accepted_at  TEXT NOT NULL,
  withdrawn_at TEXT
) STRICT;

CREATE UNIQUE INDEX login_acceptance_standing ON login_acceptance (observation) WHERE withdrawn_at IS NULL;

-- === Where private keys are ================================================================================================

-- A private key found on a host: its public key and what is known of the file, never its bytes. `lock`: how it is locked, in
-- words. `likely_fingerprint`: the key in the .pub file beside it, which nothing verifies to be its own. `spki_sha256`: SHA-256 of its
-- SubjectPublicKeyInfo, by which it is a certificate's key; null where it is not known. `elsewhere_since`: since when the key lies
-- on another host as well; null where it does not. `possession`: whether the file has signed a nonce of ours with the key that it
-- shows, as of its last scan: 'verified'; 'claimed', and `claim` says why; 'other-key': it signed with another. What stands in clear
-- in a file anybody can write there, so a claim makes nobody the owner of a key.
CREATE TABLE key_file (
  id                 INTEGER PRIMARY KEY,
  host               INTEGER NOT NULL REFERENCES host (id),
  path               TEXT NOT NULL,
  owner              TEXT NOT NULL,
  mode               TEXT NOT NULL,
  format             TEXT NOT NULL,
  key_type           TEXT,
  key_bits           INTEGER,
  fingerprint        TEXT,
  likely_fingerprint TEXT,
  spki_sha256        TEXT,
  is_encrypted       INTEGER CHECK (is_encrypted IN (0, 1)),
  lock               TEXT,
  possession         TEXT NOT NULL DEFAULT 'claimed' CHECK (possession IN ('verified', 'claimed', 'other-key')),
  claim              TEXT DEFAULT 'not-tested',
  elsewhere_since    TEXT,
  first_scan         INTEGER NOT NULL REFERENCES scan (id),
  last_scan          INTEGER NOT NULL REFERENCES scan (id),
  gone_scan          INTEGER REFERENCES scan (id)
) STRICT;

CREATE INDEX key_file_on_host ON key_file (host) WHERE gone_scan IS NULL;

CREATE INDEX key_file_of_key ON key_file (fingerprint) WHERE gone_scan IS NULL;

CREATE INDEX key_file_of_owner ON key_file (host, owner) WHERE gone_scan IS NULL;

CREATE INDEX key_file_gone ON key_file (host, path) WHERE gone_scan IS NOT NULL;

CREATE INDEX key_file_of_likely_key ON key_file (likely_fingerprint)
WHERE gone_scan IS NULL AND likely_fingerprint IS NOT NULL;

CREATE INDEX key_file_of_spki ON key_file (spki_sha256) WHERE spki_sha256 IS NOT NULL AND gone_scan IS NULL;

-- A key file by the key that it holds, or is likely to.
CREATE INDEX key_file_by_any_key ON key_file (ifnull(fingerprint, likely_fingerprint), id) WHERE gone_scan IS NULL;

CREATE INDEX key_file_elsewhere ON key_file (elsewhere_since, id)
  WHERE elsewhere_since IS NOT NULL AND gone_scan IS NULL;

CREATE INDEX key_file_held_once ON key_file (spki_sha256)
  WHERE spki_sha256 IS NOT NULL AND elsewhere_since IS NULL AND gone_scan IS NULL;

CREATE INDEX key_file_verified ON key_file (fingerprint) WHERE gone_scan IS NULL AND possession = 'verified';

-- A private key file with the account that owns it, and how far its key gets. Without verification a key is a claim of the file.
CREATE VIEW key_of_account (host, account, is_verified, account_count, opened) AS
SELECT key_file.host, key_file.owner, key_file.possession = 'verified', key.account_count, key.opened
FROM key_file CROSS JOIN key ON key.fingerprint = ifnull(key_file.fingerprint, key_file.likely_fingerprint)
WHERE key_file.gone_scan IS NULL AND key_file.possession <> 'other-key';

-- With each grant a key opens one account more or less. The accounts that own a file of it hang on the level alone. The `+` takes the type
-- from the value, as the expression of the index has none.
CREATE TRIGGER key_opens_otherwise AFTER UPDATE OF account_count ON key
WHEN OLD.opened <> NEW.opened
BEGIN
  UPDATE account
  SET (opens, may_open) = (
    SELECT ifnull(max(iif(held.is_verified, held.opened, 1)), 1), iif(account.is_keys_read, ifnull(max(held.opened), 1), 4)
    FROM key_of_account AS held WHERE held.host = account.host AND held.account = account.name)
  WHERE (account.host, account.name) IN (
      SELECT key_file.host, key_file.owner FROM key_file
      WHERE ifnull(key_file.fingerprint, key_file.likely_fingerprint) = +NEW.fingerprint AND key_file.gone_scan IS NULL)
    AND account.gone_scan IS NULL;
END;

-- What a search of steps looks for at whoever holds a key: its owner, its host and its path.
CREATE VIRTUAL TABLE key_file_search USING fts5 (
  text, content = '', contentless_delete = 1, tokenize = 'trigram'
);

CREATE VIRTUAL TABLE key_file_pieces USING fts5vocab (key_file_search, instance);

CREATE TRIGGER key_file_is_of_certificate AFTER INSERT ON key_file
WHEN NEW.fingerprint IS NOT NULL AND (instr(NEW.path, '/.ssh/') > 0 OR NEW.path GLOB '/etc/ssh/*')
BEGIN
  UPDATE certificate SET is_ssh_key = 1 WHERE ssh_fingerprint = NEW.fingerprint AND is_ssh_key = 0;
END;

CREATE TRIGGER key_file_is_not_found AFTER UPDATE OF gone_scan ON key_file
WHEN OLD.gone_scan IS NULL AND NEW.gone_scan IS NOT NULL
BEGIN
  DELETE FROM key_file_search WHERE rowid = NEW.id;
END;

CREATE TRIGGER key_file_is_found AFTER INSERT ON key_file
BEGIN
  INSERT INTO key_file_search (rowid, text)
  SELECT NEW.id, NEW.owner || char(10) || host || char(10) || NEW.path || char(10, 10) FROM host WHERE id = NEW.host;
END;

CREATE TRIGGER key_file_is_found_otherwise AFTER UPDATE OF owner ON key_file
WHEN OLD.owner <> NEW.owner AND NEW.gone_scan IS NULL
BEGIN
  DELETE FROM key_file_search WHERE rowid = NEW.id;
  INSERT INTO key_file_search (rowid, text)
  SELECT NEW.id, NEW.owner || char(10) || host || char(10) || NEW.path || char(10, 10) FROM host WHERE id = NEW.host;
END;

CREATE TRIGGER key_file_begins_elsewhere AFTER INSERT ON key_file
WHEN NEW.spki_sha256 IS NOT NULL AND NEW.gone_scan IS NULL AND EXISTS (
  SELECT 1 FROM key_file
  WHERE spki_sha256 = NEW.spki_sha256 AND gone_scan IS NULL AND host <> NEW.host)
BEGIN
  UPDATE key_file
  SET elsewhere_since = (SELECT started_at FROM scan WHERE scan.id = NEW.first_scan)
  WHERE spki_sha256 = NEW.spki_sha256 AND elsewhere_since IS NULL AND gone_scan IS NULL;
END;

CREATE TRIGGER key_file_leaves_elsewhere AFTER UPDATE OF gone_scan, spki_sha256 ON key_file
WHEN OLD.gone_scan IS NULL AND (NEW.gone_scan IS NOT NULL OR OLD.spki_sha256 IS NOT NEW.spki_sha256)
BEGIN
  UPDATE key_file SET elsewhere_since = NULL WHERE id = NEW.id AND elsewhere_since IS NOT NULL;
  UPDATE key_file
  SET elsewhere_since = NULL
  WHERE spki_sha256 = OLD.spki_sha256 AND gone_scan IS NULL AND elsewhere_since IS NOT NULL AND (
    SELECT min(held.host) = max(held.host) FROM key_file AS held
    WHERE held.spki_sha256 = OLD.spki_sha256 AND held.gone_scan IS NULL);
  UPDATE key_file
  SET elsewhere_since = (SELECT started_at FROM scan WHERE scan.id = NEW.last_scan)
  WHERE spki_sha256 = NEW.spki_sha256 AND elsewhere_since IS NULL AND gone_scan IS NULL AND NEW.gone_scan IS NULL AND (
    SELECT min(held.host) < max(held.host) FROM key_file AS held
    WHERE held.spki_sha256 = NEW.spki_sha256 AND held.gone_scan IS NULL);
END;

CREATE TRIGGER key_file_begins AFTER INSERT ON key_file
WHEN NEW.possession = 'verified'
BEGIN
  UPDATE key SET is_matched = 1 WHERE fingerprint = NEW.fingerprint AND is_matched = 0;
END;

CREATE TRIGGER key_file_ends AFTER UPDATE OF gone_scan, fingerprint, possession ON key_file
WHEN OLD.gone_scan IS NOT NEW.gone_scan OR OLD.fingerprint IS NOT NEW.fingerprint OR OLD.possession <> NEW.possession
BEGIN
  UPDATE key
  SET is_matched = EXISTS (SELECT 1 FROM key_file
                           WHERE key_file.fingerprint = key.fingerprint AND gone_scan IS NULL AND possession = 'verified')
                   OR EXISTS (SELECT 1 FROM held_key WHERE held_key.fingerprint = key.fingerprint)
  WHERE fingerprint IN (OLD.fingerprint, NEW.fingerprint);
END;

-- A private key on this computer, by its public key: a file, or an agent that holds it.
CREATE TABLE held_key (
  location    TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  kind        TEXT NOT NULL CHECK (kind IN ('file', 'agent')),
  seen_at     TEXT NOT NULL,
  PRIMARY KEY (location, fingerprint)
) STRICT, WITHOUT ROWID;

CREATE INDEX held_key_of_key ON held_key (fingerprint);

CREATE TRIGGER held_key_begins AFTER INSERT ON held_key
BEGIN
  UPDATE key SET is_matched = 1 WHERE fingerprint = NEW.fingerprint AND is_matched = 0;
END;

CREATE TRIGGER held_key_ends AFTER DELETE ON held_key
BEGIN
  UPDATE key
  SET is_matched = EXISTS (SELECT 1 FROM key_file
                           WHERE key_file.fingerprint = OLD.fingerprint AND gone_scan IS NULL AND possession = 'verified')
                   OR EXISTS (SELECT 1 FROM held_key WHERE held_key.fingerprint = OLD.fingerprint)
  WHERE fingerprint = OLD.fingerprint;
END;

-- Whether the user has said that every machine that holds private keys is scanned, and what is outside. One row.
CREATE TABLE inventory (
  id        INTEGER PRIMARY KEY CHECK (id = 1),
  is_whole  INTEGER NOT NULL CHECK (is_whole IN (0, 1)),
  note      TEXT NOT NULL,
  marked_at TEXT NOT NULL
) STRICT;

-- === Access from one account or host to another ============================================================================

-- An account that may run commands as another one of its host, as the rules of sudo or doas say. `rule` is FILE:LINE. Without
-- certainty: the rule was not read, or asks what is not known here.
CREATE TABLE escalation (
  id         INTEGER PRIMARY KEY,
  host       INTEGER NOT NULL REFERENCES host (id),
  account    TEXT NOT NULL,
  target     TEXT NOT NULL,
  by         TEXT NOT NULL CHECK (by IN ('sudo', 'doas', 'group')),
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

CREATE INDEX escalation_on_host ON escalation (host, account) WHERE gone_scan IS NULL;

CREATE INDEX escalation_to ON escalation (host, target) WHERE gone_scan IS NULL;

-- An agent whose socket was open for an account when the host was read: it signs for whoever is that account, or root. `kind`:
-- forwarded by a login from elsewhere, or started here.
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

-- A host that an account has been to or has a name for: a line of its known_hosts, or a Host of its ssh_config. `name` is as it
-- stands there, a hash where it is hashed. `account` is empty for a file of the whole host.
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

-- === People ================================================================================================================

-- A list of people that was imported, under the name that the user knows it by. `is_whole`: the user has said that it names
-- everybody, and so who is missing from it has left.
CREATE TABLE people_source (
  id       INTEGER PRIMARY KEY,
  name     TEXT NOT NULL UNIQUE,
  kind     TEXT NOT NULL CHECK (kind IN ('csv', 'keys', 'ldif')),
  is_whole INTEGER NOT NULL CHECK (is_whole IN (0, 1)),
  read_at  TEXT NOT NULL
) STRICT;

-- A person as one people source tells of them: `handle` tells its people apart, and `said` is what it says of whether they are still
-- there. One that the newest reading did not name is missing. `standing` is what all people sources together make of it: a later word on
-- somebody of the same login or address counts too, and `decided_by` is whose entry has it. Entries with the same `lead` are of one
-- person, who is named by that entry; null only while an entry has gone that led. `called`: the name as it is compared (`foldName`).
CREATE TABLE person (
  id         INTEGER PRIMARY KEY,
  source     INTEGER NOT NULL REFERENCES people_source (id),
  handle     TEXT NOT NULL,
  name       TEXT NOT NULL,
  called     TEXT NOT NULL,
  email      TEXT,
  said       TEXT NOT NULL CHECK (said IN ('active', 'gone', 'nothing')),
  left_on    TEXT,
  read_at    TEXT NOT NULL,
  is_missing INTEGER NOT NULL DEFAULT 0 CHECK (is_missing IN (0, 1)),
  standing   TEXT NOT NULL CHECK (standing IN ('known', 'gone')),
  decided_by INTEGER REFERENCES person (id) ON DELETE SET NULL,
  lead       INTEGER REFERENCES person (id) ON DELETE SET NULL,
  UNIQUE (source, handle)
) STRICT;

CREATE INDEX person_of_lead ON person (lead);

CREATE INDEX person_called ON person (substr(called, 1, 120));

CREATE INDEX person_decided_by ON person (decided_by);

CREATE INDEX person_by_name ON person (substr(name, 1, 120), id);

CREATE INDEX person_by_standing ON person (standing, id);

CREATE TRIGGER person_stands_anew AFTER UPDATE OF standing ON person
WHEN OLD.standing <> NEW.standing
BEGIN
  UPDATE key
  SET listed = (SELECT max(standing) FROM person_key JOIN person ON person.id = person_key.person
                WHERE person_key.fingerprint = key.fingerprint)
  WHERE fingerprint IN (SELECT fingerprint FROM person_key WHERE person = NEW.id);
END;

-- What the user says of entries: that two are of one person, or that the logins of one join it to nobody. They are named by their
-- sources and handles, so that it holds when a source is imported anew.
CREATE TABLE person_decision (
  id           INTEGER PRIMARY KEY,
  kind         TEXT NOT NULL CHECK (kind IN ('join', 'split')),
  source       TEXT NOT NULL,
  handle       TEXT NOT NULL,
  other_source TEXT NOT NULL DEFAULT '',
  other_handle TEXT NOT NULL DEFAULT '',
  decided_at   TEXT NOT NULL,
  UNIQUE (kind, source, handle, other_source, other_handle)
) STRICT;

-- What a person is called where a machine asks: logins and addresses, in lower case.
CREATE TABLE person_login (
  login  TEXT NOT NULL,
  person INTEGER NOT NULL REFERENCES person (id),
  PRIMARY KEY (login, person)
) STRICT, WITHOUT ROWID;

CREATE INDEX login_of_person ON person_login (person);

-- What owners are called who have left: a name or a login that nobody has who is still there.
CREATE VIEW former_owner AS
SELECT name AS owner FROM person
WHERE standing = 'gone' AND NOT EXISTS (
  SELECT 1 FROM person AS there INDEXED BY person_by_name
  WHERE substr(there.name, 1, 120) = substr(person.name, 1, 120) AND there.name = person.name AND there.standing = 'known')
UNION
SELECT theirs.login FROM person_login AS theirs JOIN person ON person.id = theirs.person
WHERE person.standing = 'gone' AND NOT EXISTS (
  SELECT 1 FROM person_login AS other CROSS JOIN person AS there ON there.id = other.person
  WHERE other.login = theirs.login AND there.standing = 'known');

-- A public key that a people source has as this person's. `lead`: by which entry its person is known, kept as `person` has it.
CREATE TABLE person_key (
  fingerprint TEXT NOT NULL,
  person      INTEGER NOT NULL REFERENCES person (id),
  lead        INTEGER NOT NULL,
  key_type    TEXT,
  PRIMARY KEY (fingerprint, person)
) STRICT, WITHOUT ROWID;

CREATE INDEX key_of_person ON person_key (person);

CREATE UNIQUE INDEX person_key_by_lead ON person_key (lead, fingerprint, person);

CREATE TRIGGER person_leads_anew AFTER UPDATE OF lead ON person
WHEN OLD.lead IS NOT NEW.lead
BEGIN
  UPDATE person_key SET lead = ifnull(NEW.lead, NEW.id) WHERE person = NEW.id;
END;

CREATE TRIGGER person_key_begins AFTER INSERT ON person_key
BEGIN
  UPDATE key
  SET listed = (SELECT max(standing) FROM person_key JOIN person ON person.id = person_key.person
                WHERE fingerprint = NEW.fingerprint)
  WHERE fingerprint = NEW.fingerprint;
END;

CREATE TRIGGER person_key_ends AFTER DELETE ON person_key
BEGIN
  UPDATE key
  SET listed = (SELECT max(standing) FROM person_key JOIN person ON person.id = person_key.person
                WHERE fingerprint = OLD.fingerprint)
  WHERE fingerprint = OLD.fingerprint;
END;

-- === Certificates ==========================================================================================================

-- A certificate that was seen somewhere, once and for all: its own facts never change. `not_after` is 'unreadable' where it
-- cannot be read, which comes after every date. From `warn_from` on it needs attention, from `urgent_from` on at once. The counts
-- are of the places where it is seen now; `only_name` is set while they are all under one name, and `only_host` is
-- that name, by which findings are listed. Indexes go by what changes rarely, not by the counts.
-- `owner`: who answers for it as `certificate_owner` has it; empty for nobody. `due_percent`: the share of its life that tags ask for;
-- `usual_...`: when it would be due without. `is_public`: its chain ends in a public root; null where that is not known.
-- `is_over_limit`: it lives longer than public authorities may let it.
-- `ssh_fingerprint`: what its key has as a key of SSH; null where SSH has no such keys, or it was not made out yet. `is_ssh_key`: a
-- key of that fingerprint has been met as a key of SSH; whether it still is, is asked then. `revoked`: a list or an answer at
-- hand says so: {"by", "sentence"}. `violation`: the rules of its profile that it breaks; `violation_severity`: where that is a
-- finding of its own; `evaluated_by`: the profile that it was evaluated by; null before that.
CREATE TABLE certificate (
  id                 INTEGER PRIMARY KEY,
  sha256             TEXT NOT NULL UNIQUE,
  subject            TEXT NOT NULL,
  issuer             TEXT NOT NULL,
  common_name        TEXT,
  serial             TEXT NOT NULL,
  not_before         TEXT,
  not_after          TEXT NOT NULL,
  names              TEXT NOT NULL CHECK (json_valid(names)),
  key_type           TEXT NOT NULL,
  key_bits           INTEGER,
  curve              TEXT,
  spki_sha256        TEXT NOT NULL,
  ssh_fingerprint    TEXT,
  signature          TEXT NOT NULL,
  is_ca              INTEGER NOT NULL CHECK (is_ca IN (0, 1)),
  is_self_issued     INTEGER NOT NULL CHECK (is_self_issued IN (0, 1)),
  malformed          TEXT NOT NULL CHECK (json_valid(malformed)),
  size_bytes         INTEGER NOT NULL,
  first_seen         TEXT NOT NULL,

  warn_from          TEXT NOT NULL,
  urgent_from        TEXT,
  due_percent        INTEGER,
  usual_warn_from    TEXT,
  usual_urgent_from  TEXT,

  location_count     INTEGER NOT NULL DEFAULT 0,
  endpoint_count     INTEGER NOT NULL DEFAULT 0,
  only_name          INTEGER REFERENCES host_name (id),
  only_host          TEXT NOT NULL DEFAULT '',
  is_seen            INTEGER NOT NULL DEFAULT 0 CHECK (is_seen IN (0, 1)),
  is_at_endpoint     INTEGER NOT NULL DEFAULT 0 CHECK (is_at_endpoint IN (0, 1)),
  is_in_file         INTEGER NOT NULL DEFAULT 0 CHECK (is_in_file IN (0, 1)),

  owner              TEXT NOT NULL DEFAULT '',

  is_public          INTEGER CHECK (is_public IN (0, 1)),
  is_over_limit      INTEGER NOT NULL DEFAULT 0 CHECK (is_over_limit IN (0, 1)),
  is_for_clients     INTEGER NOT NULL DEFAULT 0 CHECK (is_for_clients IN (0, 1)),
  is_ssh_key         INTEGER NOT NULL DEFAULT 0 CHECK (is_ssh_key IN (0, 1)),
  revoked            TEXT CHECK (json_valid(revoked)),
  revoked_since      TEXT,
  violation          INTEGER REFERENCES profile_violation (id),
  violation_severity INTEGER CHECK (violation_severity IN (1, 2)),
  evaluated_by       TEXT
) STRICT;

CREATE INDEX certificate_by_expiry ON certificate (not_after, id) WHERE is_seen = 1;

CREATE INDEX certificate_by_issuer ON certificate (substr(issuer, 1, 120), id) WHERE is_seen = 1;

CREATE INDEX certificate_by_key_type ON certificate (key_type, id) WHERE is_seen = 1;

CREATE INDEX certificate_by_locations ON certificate (location_count, id) WHERE is_seen = 1;

CREATE INDEX certificate_by_role ON certificate (is_ca, not_after, id) WHERE is_seen = 1;

CREATE INDEX certificate_at_endpoint ON certificate (not_after, id) WHERE is_seen = 1 AND is_at_endpoint = 1;

CREATE INDEX certificate_in_file ON certificate (not_after, id) WHERE is_seen = 1 AND is_in_file = 1;

-- One that is not yet valid now was not when it was first seen either.
CREATE INDEX certificate_early ON certificate (not_before) WHERE not_before > first_seen;

CREATE INDEX certificate_of_owner ON certificate (owner, not_after, id) WHERE is_seen = 1 AND owner <> '';

CREATE INDEX certificate_of_key ON certificate (spki_sha256) WHERE is_ca = 0 AND spki_sha256 <> '';

CREATE INDEX certificate_of_ssh_key ON certificate (ssh_fingerprint) WHERE ssh_fingerprint IS NOT NULL;

CREATE INDEX certificate_wildcard_spread ON certificate (first_seen)
  WHERE is_seen = 1 AND is_ca = 0 AND only_name IS NULL AND instr(names, '"DNS:*.') > 0;

CREATE INDEX certificate_also_ssh ON certificate (first_seen) WHERE is_seen = 1 AND is_ssh_key = 1;

-- With what tells whether it is due, so that few rows are read for a page.
CREATE INDEX certificate_by_only_host ON certificate
  (only_host, id, not_after, warn_from, urgent_from, not_before, first_seen) WHERE is_seen = 1;

CREATE INDEX certificate_due ON certificate (warn_from, id, not_after, urgent_from, first_seen) WHERE is_seen = 1;

CREATE INDEX certificate_revoked ON certificate (revoked_since) WHERE revoked IS NOT NULL;

-- One that serves may be a client's as well.
CREATE INDEX certificate_for_clients ON certificate (first_seen, id, is_at_endpoint, not_after)
  WHERE is_seen = 1 AND is_for_clients = 1 AND is_public = 1;

CREATE INDEX certificate_over_limit ON certificate (first_seen, id, not_after)
  WHERE is_seen = 1 AND is_over_limit = 1 AND is_public = 1;

CREATE INDEX certificate_by_subject ON certificate
  (substr(subject, 1, 120), id, not_after, warn_from, urgent_from) WHERE is_seen = 1;

CREATE INDEX certificate_in_violation ON certificate (violation, id) WHERE violation IS NOT NULL AND is_seen = 1;

CREATE INDEX certificate_refused ON certificate (violation_severity, first_seen, id, not_after)
  WHERE is_seen = 1 AND violation_severity IS NOT NULL;

-- Whether a certificate that signed itself has issued others; and until when those are valid that break rules of a profile.
CREATE INDEX certificate_issued ON certificate (substr(issuer, 1, 120)) WHERE is_seen = 1 AND is_self_issued = 0;

CREATE INDEX certificate_breaks_until ON certificate (violation, not_after) WHERE violation IS NOT NULL AND is_seen = 1;

-- What a search reads, of the certificates that are seen now.
CREATE VIRTUAL TABLE certificate_search USING fts5 (
  text, content = '', contentless_delete = 1, tokenize = 'trigram'
);

CREATE VIRTUAL TABLE certificate_pieces USING fts5vocab (certificate_search, instance);

CREATE TRIGGER certificate_vanishes AFTER UPDATE OF is_seen ON certificate
WHEN OLD.is_seen = 1 AND NEW.is_seen = 0
BEGIN
  UPDATE cached_count SET count = count - 1 WHERE what = 'certificate';
  DELETE FROM certificate_search WHERE rowid = NEW.id;
END;

-- As `expiringFrom` has it: of a life beyond 398 days, 398 count, and half of what is left when it is due is urgent.
CREATE TRIGGER certificate_is_due_otherwise AFTER UPDATE OF due_percent ON certificate
WHEN OLD.due_percent IS NOT NEW.due_percent
BEGIN
  UPDATE certificate
  SET usual_warn_from = ifnull(usual_warn_from, warn_from),
      usual_urgent_from = iif(usual_warn_from IS NULL, urgent_from, usual_urgent_from)
  WHERE id = NEW.id;
  UPDATE certificate
  SET warn_from = usual_warn_from, urgent_from = usual_urgent_from, usual_warn_from = NULL, usual_urgent_from = NULL
  WHERE id = NEW.id AND NEW.due_percent IS NULL;
  UPDATE certificate
  SET warn_from = strftime('%Y-%m-%dT%H:%M:%SZ', unixepoch(not_after)
        - min(unixepoch(not_after) - unixepoch(not_before), 34387200) * due_percent / 100, 'unixepoch'),
      urgent_from = strftime('%Y-%m-%dT%H:%M:%SZ', unixepoch(not_after)
        - min(unixepoch(not_after) - unixepoch(not_before), 34387200) * due_percent / 200, 'unixepoch')
  WHERE id = NEW.id AND due_percent IS NOT NULL AND urgent_from IS NOT NULL AND not_before < not_after;
END;

CREATE TRIGGER certificate_appears_in_expiry AFTER UPDATE OF is_seen ON certificate
WHEN OLD.is_seen = 0 AND NEW.is_seen = 1
BEGIN
  INSERT INTO expiry (ends_on, due_on, life_days, issuer, owner, public, count)
  SELECT ends_on, due_on, life_days, issuer, owner, public, 1 FROM expiry_of WHERE id = NEW.id
  ON CONFLICT DO UPDATE SET count = count + 1;
END;

CREATE TRIGGER certificate_vanishes_from_expiry AFTER UPDATE OF is_seen ON certificate
WHEN OLD.is_seen = 1 AND NEW.is_seen = 0
BEGIN
  UPDATE expiry SET count = count - 1
  WHERE (ends_on, due_on, life_days, issuer, owner, public)
    IN (SELECT ends_on, due_on, life_days, issuer, owner, public FROM expiry_of WHERE id = NEW.id);
  DELETE FROM expiry
  WHERE count = 0 AND (ends_on, due_on, life_days, issuer, owner, public)
    IN (SELECT ends_on, due_on, life_days, issuer, owner, public FROM expiry_of WHERE id = NEW.id);
END;

-- Taken from where it was before the change, and put where it is after.
CREATE TRIGGER certificate_leaves_expiry BEFORE UPDATE OF owner, warn_from, is_public ON certificate
WHEN OLD.is_seen = 1
  AND (OLD.owner <> NEW.owner OR OLD.warn_from <> NEW.warn_from OR OLD.is_public IS NOT NEW.is_public)
BEGIN
  UPDATE expiry SET count = count - 1
  WHERE (ends_on, due_on, life_days, issuer, owner, public)
    IN (SELECT ends_on, due_on, life_days, issuer, owner, public FROM expiry_of WHERE id = OLD.id);
  DELETE FROM expiry
  WHERE count = 0 AND (ends_on, due_on, life_days, issuer, owner, public)
    IN (SELECT ends_on, due_on, life_days, issuer, owner, public FROM expiry_of WHERE id = OLD.id);
END;

CREATE TRIGGER certificate_enters_expiry AFTER UPDATE OF owner, warn_from, is_public ON certificate
WHEN OLD.is_seen = 1
  AND (OLD.owner <> NEW.owner OR OLD.warn_from <> NEW.warn_from OR OLD.is_public IS NOT NEW.is_public)
BEGIN
  INSERT INTO expiry (ends_on, due_on, life_days, issuer, owner, public, count)
  SELECT ends_on, due_on, life_days, issuer, owner, public, 1 FROM expiry_of WHERE id = NEW.id
  ON CONFLICT DO UPDATE SET count = count + 1;
END;

CREATE TRIGGER certificate_has_known_key AFTER INSERT ON certificate
WHEN NEW.is_ca = 0 AND NEW.spki_sha256 <> ''
  AND EXISTS (
    SELECT 1 FROM certificate
    WHERE spki_sha256 = NEW.spki_sha256 AND spki_sha256 <> '' AND is_ca = 0 AND id <> NEW.id)
BEGIN
  UPDATE reused_key
  SET first_from = min(ifnull(first_from, NEW.not_before), ifnull(NEW.not_before, first_from)),
      last_from = max(ifnull(last_from, NEW.not_before), ifnull(NEW.not_before, last_from))
  WHERE spki = NEW.spki_sha256;
  INSERT INTO reused_key (spki, seen_count, first_from, last_from, kept_days, since)
  SELECT spki_sha256, sum(is_seen), min(not_before), max(not_before), 0, NEW.first_seen
  FROM certificate
  WHERE spki_sha256 = NEW.spki_sha256 AND spki_sha256 <> '' AND is_ca = 0
    AND NOT EXISTS (SELECT 1 FROM reused_key WHERE spki = NEW.spki_sha256)
  GROUP BY spki_sha256;
  UPDATE reused_key
  SET kept_days = ifnull((unixepoch(last_from) - unixepoch(first_from)) / 86400, 0)
  WHERE spki = NEW.spki_sha256;
END;

CREATE TRIGGER certificate_of_known_key_comes_or_goes AFTER UPDATE OF is_seen ON certificate
WHEN OLD.is_seen <> NEW.is_seen AND NEW.is_ca = 0
BEGIN
  UPDATE reused_key SET seen_count = seen_count + NEW.is_seen - OLD.is_seen WHERE spki = NEW.spki_sha256;
END;

CREATE TRIGGER certificate_has_ssh_key AFTER INSERT ON certificate
WHEN NEW.ssh_fingerprint IS NOT NULL
BEGIN
  UPDATE certificate SET is_ssh_key = 1
  WHERE id = NEW.id AND EXISTS (SELECT 1 FROM ssh_key_met WHERE fingerprint = NEW.ssh_fingerprint);
END;

CREATE TRIGGER certificate_gets_its_ssh_key AFTER UPDATE OF ssh_fingerprint ON certificate
WHEN NEW.ssh_fingerprint IS NOT NULL
BEGIN
  UPDATE certificate SET is_ssh_key = 1
  WHERE id = NEW.id AND EXISTS (SELECT 1 FROM ssh_key_met WHERE fingerprint = NEW.ssh_fingerprint);
END;

CREATE TRIGGER certificate_is_elsewhere AFTER UPDATE OF only_name ON certificate
WHEN OLD.only_name IS NOT NEW.only_name
BEGIN
  UPDATE certificate SET only_host = ifnull((SELECT name FROM host_name WHERE host_name.id = NEW.only_name), '')
  WHERE id = NEW.id;
END;

CREATE TRIGGER certificate_appears AFTER UPDATE OF is_seen ON certificate
WHEN OLD.is_seen = 0 AND NEW.is_seen = 1
BEGIN
  UPDATE cached_count SET count = count + 1 WHERE what = 'certificate';
  INSERT INTO certificate_search (rowid, text)
  VALUES (NEW.id, NEW.subject || char(10) || NEW.issuer || char(10) || NEW.names || char(10, 10));
END;

CREATE TRIGGER certificate_breaks_rules AFTER UPDATE OF violation, is_seen ON certificate
WHEN OLD.violation IS NOT NEW.violation OR (OLD.is_seen <> NEW.is_seen AND NEW.violation IS NOT NULL)
BEGIN
  UPDATE profile_violation SET certificate_count = certificate_count - OLD.is_seen WHERE id = OLD.violation;
  UPDATE profile_violation SET certificate_count = certificate_count + NEW.is_seen WHERE id = NEW.violation;
END;

-- What only the page of one certificate needs: the exact bytes, and the extensions one by one.
CREATE TABLE certificate_der (
  certificate INTEGER PRIMARY KEY REFERENCES certificate (id),
  der         BLOB NOT NULL,
  extensions  TEXT NOT NULL CHECK (json_valid(extensions))
) STRICT;

-- The private key of a certificate is no key of SSH by lying on a host: it is where SSH keeps its keys.
CREATE VIEW ssh_key_met AS
SELECT fingerprint FROM key
UNION ALL SELECT fingerprint FROM host_key WHERE gone_scan IS NULL
UNION ALL SELECT key_fingerprint FROM host WHERE key_fingerprint IS NOT NULL
UNION ALL SELECT fingerprint FROM key_file
  WHERE gone_scan IS NULL AND fingerprint IS NOT NULL AND (instr(path, '/.ssh/') > 0 OR path GLOB '/etc/ssh/*');

-- A certificate seen at a location by every probe that could see it, from the first scan to the last. `gone_scan` found another one
-- there, or nothing; it is null while the certificate is seen there now.
CREATE TABLE location (
  id          INTEGER PRIMARY KEY,
  certificate INTEGER NOT NULL REFERENCES certificate (id),
  name        INTEGER NOT NULL REFERENCES host_name (id),
  endpoint    INTEGER REFERENCES endpoint (id),
  host        INTEGER REFERENCES host (id),
  path        TEXT,
  position    INTEGER NOT NULL,
  first_scan  INTEGER NOT NULL REFERENCES scan (id),
  last_scan   INTEGER NOT NULL REFERENCES scan (id),
  gone_scan   INTEGER REFERENCES scan (id),
  CHECK ((endpoint IS NULL) <> (host IS NULL)),
  CHECK ((host IS NULL) = (path IS NULL))
) STRICT;

CREATE INDEX location_of_certificate ON location (certificate, name) WHERE gone_scan IS NULL;

CREATE INDEX location_under_name ON location (name, certificate) WHERE gone_scan IS NULL;

CREATE INDEX location_at_endpoint ON location (endpoint) WHERE gone_scan IS NULL AND endpoint IS NOT NULL;

CREATE INDEX location_on_host ON location (host) WHERE gone_scan IS NULL AND host IS NOT NULL;

CREATE INDEX location_gone_at_endpoint ON location (endpoint, position) WHERE gone_scan IS NOT NULL AND endpoint IS NOT NULL;

CREATE INDEX location_gone_on_host ON location (host, path, position) WHERE gone_scan IS NOT NULL AND host IS NOT NULL;

-- What a file of a host has held, now and before.
CREATE INDEX location_in_file ON location (host, path) WHERE host IS NOT NULL;

-- The leaves that endpoints present, by since when.
CREATE INDEX location_leaf_begun ON location (first_scan, endpoint)
  WHERE gone_scan IS NULL AND endpoint IS NOT NULL AND position = 0;

-- What one host has held of a certificate that others hold as well.
CREATE INDEX location_gone_of_certificate ON location (certificate, host) WHERE gone_scan IS NOT NULL;

-- A certificate of an endpoint has changed where one was there before: of scans before the first that found one gone nothing has
-- to be read.
CREATE INDEX location_leaf_gone ON location (gone_scan)
  WHERE gone_scan IS NOT NULL AND endpoint IS NOT NULL AND position = 0;

-- Where a certificate is seen, as it is printed: an endpoint with its protocol and server name, or a file of a host.
CREATE VIEW location_text AS
SELECT location.id, location.certificate, CASE
    WHEN location.endpoint IS NULL THEN (SELECT host.host FROM host WHERE host.id = location.host) || ':' || location.path
    ELSE (
      SELECT protocol || '://' || iif(instr(host, ':'), '[' || host || ']', host) || ':' || port
        || iif(server_name = '', '', '/' || server_name)
      FROM endpoint WHERE endpoint.id = location.endpoint)
  END AS text
FROM location
WHERE location.gone_scan IS NULL;

CREATE VIRTUAL TABLE location_search USING fts5 (
  text, content = '', contentless_delete = 1, tokenize = 'trigram'
);

CREATE VIRTUAL TABLE location_pieces USING fts5vocab (location_search, instance);

-- An owner and a share are set one after the other: each moves the certificate in the cached_count of those that expire.
CREATE TRIGGER location_begins AFTER INSERT ON location
BEGIN
  UPDATE certificate
  SET location_count = location_count + 1,
      endpoint_count = endpoint_count + (NEW.endpoint IS NOT NULL),
      only_name = CASE WHEN location_count = 0 OR only_name = NEW.name THEN NEW.name END
  WHERE id = NEW.certificate;
  UPDATE certificate SET is_at_endpoint = 1
  WHERE id = NEW.certificate AND NEW.endpoint IS NOT NULL AND is_at_endpoint = 0;
  UPDATE certificate SET is_in_file = 1
  WHERE id = NEW.certificate AND NEW.endpoint IS NULL AND is_in_file = 0;
  UPDATE certificate SET is_seen = 1 WHERE id = NEW.certificate AND is_seen = 0;
  INSERT INTO certificate_under_owner (certificate, owner, count)
  SELECT NEW.certificate, owner, 1 FROM host_name WHERE id = NEW.name AND owner <> ''
  ON CONFLICT DO UPDATE SET count = count + 1;
  INSERT INTO certificate_under_tag (certificate, tag, count)
  SELECT NEW.certificate, tag, 1 FROM tagged_host WHERE name = NEW.name
  ON CONFLICT DO UPDATE SET count = count + 1;
  UPDATE certificate
  SET owner = (SELECT owner FROM certificate_owner WHERE certificate = NEW.certificate)
  WHERE id = NEW.certificate AND owner <> (SELECT owner FROM certificate_owner WHERE certificate = NEW.certificate);
  UPDATE certificate
  SET due_percent = (SELECT max(due_percent) FROM due_percent_by_tag WHERE certificate = NEW.certificate)
  WHERE id = NEW.certificate
    AND due_percent IS NOT (SELECT max(due_percent) FROM due_percent_by_tag WHERE certificate = NEW.certificate);
END;

CREATE TRIGGER location_ends AFTER UPDATE OF gone_scan ON location
WHEN OLD.gone_scan IS NULL AND NEW.gone_scan IS NOT NULL
BEGIN
  UPDATE certificate
  SET location_count = location_count - 1,
      endpoint_count = endpoint_count - (NEW.endpoint IS NOT NULL),
      only_name = (
        SELECT least.name
        FROM (SELECT min(name) AS name FROM location WHERE certificate = NEW.certificate AND gone_scan IS NULL) AS least
        WHERE least.name = (SELECT max(name) FROM location WHERE certificate = NEW.certificate AND gone_scan IS NULL)
      )
  WHERE id = NEW.certificate;
  UPDATE certificate SET is_at_endpoint = 0
  WHERE id = NEW.certificate AND endpoint_count = 0 AND is_at_endpoint = 1;
  UPDATE certificate SET is_in_file = 0
  WHERE id = NEW.certificate AND location_count = endpoint_count AND is_in_file = 1;
  UPDATE certificate SET is_seen = 0 WHERE id = NEW.certificate AND location_count = 0 AND is_seen = 1;
  UPDATE certificate_under_owner SET count = count - 1
  WHERE certificate = NEW.certificate AND owner = (SELECT owner FROM host_name WHERE id = NEW.name);
  DELETE FROM certificate_under_owner
  WHERE certificate = NEW.certificate AND owner = (SELECT owner FROM host_name WHERE id = NEW.name) AND count = 0;
  UPDATE certificate_under_tag SET count = count - 1
  WHERE certificate = NEW.certificate AND tag IN (SELECT tag FROM tagged_host WHERE name = NEW.name);
  DELETE FROM certificate_under_tag
  WHERE certificate = NEW.certificate AND tag IN (SELECT tag FROM tagged_host WHERE name = NEW.name) AND count = 0;
  UPDATE certificate
  SET owner = (SELECT owner FROM certificate_owner WHERE certificate = NEW.certificate)
  WHERE id = NEW.certificate AND owner <> (SELECT owner FROM certificate_owner WHERE certificate = NEW.certificate);
  UPDATE certificate
  SET due_percent = (SELECT max(due_percent) FROM due_percent_by_tag WHERE certificate = NEW.certificate)
  WHERE id = NEW.certificate
    AND due_percent IS NOT (SELECT max(due_percent) FROM due_percent_by_tag WHERE certificate = NEW.certificate);
END;

CREATE TRIGGER location_is_found AFTER INSERT ON location
BEGIN
  INSERT INTO location_search (rowid, text) SELECT id, text || char(10, 10) FROM location_text WHERE id = NEW.id;
END;

CREATE TRIGGER location_is_not_found AFTER UPDATE OF gone_scan ON location
WHEN OLD.gone_scan IS NULL AND NEW.gone_scan IS NOT NULL
BEGIN
  DELETE FROM location_search WHERE rowid = NEW.id;
END;

-- How many locations of a certificate are under hosts of one owner. Where there is none there is no row.
CREATE TABLE certificate_under_owner (
  certificate INTEGER NOT NULL REFERENCES certificate (id),
  owner       TEXT NOT NULL,
  count       INTEGER NOT NULL,
  PRIMARY KEY (certificate, owner)
) STRICT, WITHOUT ROWID;

-- The owner of a certificate: who was said to answer for it, else the one that its tags name, else the one that all hosts have where it
-- is seen.
CREATE VIEW certificate_owner AS
SELECT certificate.id AS certificate,
  coalesce((
    SELECT label.owner FROM label
    WHERE label.kind = 'certificate' AND label.name = certificate.sha256 AND label.host = '' AND label.port = 0 AND label.uid = 0), (
    SELECT CASE count(DISTINCT tag.owner) WHEN 1 THEN min(tag.owner) WHEN 0 THEN NULL ELSE '' END
    FROM tagged_certificate JOIN tag ON tag.id = tagged_certificate.tag
    WHERE tagged_certificate.certificate = certificate.id), (
    SELECT iif(under.count = location_count, under.owner, '')
    FROM certificate_under_owner AS under WHERE under.certificate = certificate.id LIMIT 1), '') AS owner
FROM certificate;

-- How many locations of a certificate are under hosts of one tag. Where there is none there is no row.
CREATE TABLE certificate_under_tag (
  certificate INTEGER NOT NULL REFERENCES certificate (id),
  tag         INTEGER NOT NULL REFERENCES tag (id),
  count       INTEGER NOT NULL,
  PRIMARY KEY (certificate, tag)
) STRICT, WITHOUT ROWID;

CREATE INDEX certificate_under_tag_of_tag ON certificate_under_tag (tag);

-- What the tags of a certificate, and of hosts where it is seen, ask for; the earliest counts.
CREATE VIEW due_percent_by_tag AS
SELECT certificate, due_percent
FROM tagged_certificate JOIN tag ON tag.id = tagged_certificate.tag
WHERE due_percent IS NOT NULL
UNION ALL
SELECT certificate, due_percent
FROM certificate_under_tag JOIN tag ON tag.id = certificate_under_tag.tag
WHERE due_percent IS NOT NULL;

-- How many certificates of end entities that are seen now end on one day, of those that are due on one day, have one life and one
-- owner, and are from one issuer; that of self-issued ones is empty. A forecast is made of this.
CREATE TABLE expiry (
  ends_on   TEXT NOT NULL,
  due_on    TEXT NOT NULL,
  life_days INTEGER NOT NULL,
  issuer    TEXT NOT NULL,
  owner     TEXT NOT NULL,
  public    TEXT NOT NULL CHECK (public IN ('yes', 'no', 'unknown')),
  count     INTEGER NOT NULL,
  PRIMARY KEY (ends_on, due_on, life_days, issuer, owner, public)
) STRICT, WITHOUT ROWID;

-- As RFC 5280 counts a validity: both ends are part of it.
CREATE VIEW expiry_of AS
SELECT id,
  substr(not_after, 1, 10) AS ends_on,
  substr(warn_from, 1, 10) AS due_on,
  (unixepoch(not_after) - unixepoch(not_before) + 1 + 86399) / 86400 AS life_days,
  iif(is_self_issued, '', substr(issuer, 1, 300)) AS issuer,
  owner,
  CASE is_public WHEN 1 THEN 'yes' WHEN 0 THEN 'no' ELSE 'unknown' END AS public
FROM certificate
WHERE is_ca = 0 AND not_before <= not_after AND not_after < '9999';

-- A key that several certificates of end entities have, or have had: how many of them are seen now, and how many days lie between
-- the first and the last date from which one of them is valid.
CREATE TABLE reused_key (
  spki       TEXT PRIMARY KEY,
  seen_count INTEGER NOT NULL,
  first_from TEXT,
  last_from  TEXT,
  kept_days  INTEGER NOT NULL,
  since      TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX reused_key_shared ON reused_key (since, spki) WHERE seen_count > 1;

CREATE INDEX reused_key_kept ON reused_key (since, spki) WHERE seen_count > 0 AND kept_days > 398;

-- Rules of a profile that certificates of one issuer break, as JSON, and how many that are seen now break exactly these. Severity
-- counts from 0.
CREATE TABLE profile_violation (
  id                INTEGER PRIMARY KEY,
  issuer            TEXT NOT NULL,
  profile           TEXT NOT NULL,
  severity          INTEGER NOT NULL CHECK (severity BETWEEN 0 AND 4),
  rules             TEXT NOT NULL CHECK (json_valid(rules)),
  since             TEXT NOT NULL,
  certificate_count INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX profile_violation_of_issuer ON profile_violation (substr(issuer, 1, 120), profile, rules);

CREATE INDEX profile_violation_accepted ON profile_violation (since, id) WHERE severity = 3 AND certificate_count > 0;

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

-- === Endpoints, and what servers are configured to serve ===================================================================

-- An address and port where TLS is spoken, with what the last probe met. `server_name` is empty for the host itself; `protocol` is
-- what is spoken before TLS, 'tls' where nothing is. `facts` are those of the last handshake; `staple` and `timestamps` came beside
-- the chain as they are here; `authorities`: whose certificates it asks clients for; null: it asks for none. `capabilities` is what it
-- takes; null: it was never asked. `key_exchange`: whether what is sent to it and recorded can be read one day: 'hybrid' is safe
-- from that, 'classical' and 'no-tls13' (which has no hybrid groups) are not; null where nobody has asked for its groups.
CREATE TABLE endpoint (
  id                 INTEGER PRIMARY KEY,
  host               TEXT NOT NULL,
  port               INTEGER NOT NULL,
  server_name        TEXT NOT NULL DEFAULT '',
  protocol           TEXT NOT NULL DEFAULT 'tls',
  name               INTEGER NOT NULL REFERENCES host_name (id),
  state              TEXT NOT NULL CHECK (state IN ('ok', 'failed', 'partial')),
  outcome            TEXT NOT NULL,
  message            TEXT NOT NULL,
  last_scan          INTEGER NOT NULL REFERENCES scan (id),
  last_seen          TEXT NOT NULL,
  facts              TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(facts)),
  staple             BLOB,
  timestamps         BLOB,
  authorities        TEXT CHECK (json_valid(authorities)),
  capabilities       TEXT CHECK (json_valid(capabilities)),
  key_exchange       TEXT CHECK (key_exchange IN ('hybrid', 'classical', 'no-tls13')),
  key_exchange_since TEXT,
  UNIQUE (host, port, server_name, protocol)
) STRICT;

-- Those that failed, and those that were last read before a day.
CREATE INDEX endpoint_by_state ON endpoint (state, last_seen);

CREATE INDEX endpoint_asking ON endpoint (id) WHERE authorities IS NOT NULL;

CREATE INDEX endpoint_readable ON endpoint (key_exchange_since, id) WHERE key_exchange IN ('classical', 'no-tls13');

-- Endpoints of which everything can be read later, in the order of findings by host.
CREATE INDEX endpoint_readable_by_host ON endpoint (host, id) WHERE key_exchange IN ('classical', 'no-tls13');

-- Endpoints that were read, and of which nobody has asked what they take.
CREATE INDEX endpoint_unasked ON endpoint (id) WHERE key_exchange IS NULL AND state <> 'failed';

CREATE VIEW key_exchange_of AS
SELECT id, CASE
  WHEN EXISTS (
    SELECT 1 FROM json_each(capabilities, '$.groups')
    WHERE instr(value ->> 'name', 'MLKEM') > 0 AND value ->> 'state' = 'accepted') THEN 'hybrid'
  WHEN facts ->> 'version' IN ('TLS 1.2', 'TLS 1.1', 'TLS 1.0', 'SSL 3.0') AND NOT EXISTS (
    SELECT 1 FROM json_each(capabilities, '$.versions')
    WHERE value ->> 'name' = 'TLS 1.3' AND value ->> 'state' <> 'refused') THEN 'no-tls13'
  WHEN (
    SELECT count(*) > 0 AND min(value ->> 'state' = 'refused') FROM json_each(capabilities, '$.groups')
    WHERE instr(value ->> 'name', 'MLKEM') > 0) THEN 'classical'
  END AS key_exchange
FROM endpoint;

CREATE TRIGGER endpoint_has_another_key_exchange AFTER UPDATE OF facts, capabilities ON endpoint
WHEN OLD.facts <> NEW.facts OR OLD.capabilities IS NOT NEW.capabilities
BEGIN
  UPDATE endpoint
  SET key_exchange = (SELECT key_exchange FROM key_exchange_of WHERE key_exchange_of.id = NEW.id),
      key_exchange_since = iif(
        key_exchange IS (SELECT key_exchange FROM key_exchange_of WHERE key_exchange_of.id = NEW.id),
        key_exchange_since, NEW.last_seen)
  WHERE id = NEW.id;
END;

-- Most endpoints have no key exchange to speak of.
CREATE TRIGGER endpoint_begins_with_key_exchange AFTER INSERT ON endpoint
WHEN NEW.capabilities IS NOT NULL OR NEW.facts ->> 'version' IN ('TLS 1.2', 'TLS 1.1', 'TLS 1.0', 'SSL 3.0')
BEGIN
  UPDATE endpoint
  SET key_exchange = (SELECT key_exchange FROM key_exchange_of WHERE key_exchange_of.id = NEW.id),
      key_exchange_since = NEW.last_seen
  WHERE id = NEW.id;
END;

-- What each address of an endpoint showed when it was last probed, where its name has several. `chain` is the certificates that
-- it sent when it last sent any, in their order.
CREATE TABLE endpoint_address (
  endpoint INTEGER NOT NULL REFERENCES endpoint (id),
  address  TEXT NOT NULL,
  outcome  TEXT NOT NULL,
  message  TEXT NOT NULL,
  chain    TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(chain)),
  at       TEXT NOT NULL,
  PRIMARY KEY (endpoint, address)
) STRICT, WITHOUT ROWID;

CREATE INDEX endpoint_address_of_address ON endpoint_address (address);

-- The hosts that an endpoint is known to be on, by what nobody there can forge: the user's target has the endpoint's name, else
-- ssh_config's HostName does, of one host alone, else the host has that name itself and our own connections to both went to one
-- address, which no other host is known by (decision 0071).
CREATE VIEW host_of_endpoint AS
SELECT endpoint.id AS endpoint, host.id AS host FROM endpoint JOIN host ON host.host = endpoint.host
UNION ALL
SELECT endpoint.id, host.id FROM endpoint JOIN host ON host.reached_as = endpoint.host
WHERE NOT EXISTS (
  SELECT 1 FROM host AS other WHERE other.reached_as = endpoint.host AND other.id <> host.id
  UNION ALL SELECT 1 FROM host AS other WHERE other.host = endpoint.host)
UNION ALL
SELECT endpoint.id, host.id FROM endpoint JOIN host ON host.reached_address = endpoint.facts ->> 'address'
WHERE rtrim(lower(host.hostname), '.') = endpoint.host AND host.port = 22 AND host.state <> 'failed' AND endpoint.state <> 'failed'
  AND NOT EXISTS (
  SELECT 1 FROM host AS other WHERE other.host IN (endpoint.host, host.reached_address) AND other.id <> host.id
  UNION ALL
  SELECT 1 FROM host AS other WHERE other.reached_as IN (endpoint.host, host.reached_address) AND other.id <> host.id
  UNION ALL SELECT 1 FROM host AS other WHERE other.reached_address = host.reached_address AND other.id <> host.id
  UNION ALL SELECT 1 FROM host_address WHERE address = host.reached_address AND host_address.host <> host.id
  UNION ALL
  SELECT 1 FROM endpoint_address
  WHERE endpoint_address.endpoint = endpoint.id AND endpoint_address.address <> host.reached_address);

-- Where a server has certificates for several kinds of keys: the chain that each kind of client gets, as ids of certificates,
-- the leaf first.
CREATE TABLE endpoint_chain (
  endpoint INTEGER NOT NULL REFERENCES endpoint (id),
  chain    TEXT NOT NULL CHECK (json_valid(chain)),
  PRIMARY KEY (endpoint, chain)
) STRICT, WITHOUT ROWID;

-- What the last reading of a host told that its endpoints are evaluated by: configurations of servers, the files that they name,
-- and what listens. A host whose files name no server has none.
CREATE TABLE host_map (
  host INTEGER PRIMARY KEY REFERENCES host (id),
  map  TEXT NOT NULL CHECK (json_valid(map))
) STRICT;

-- One name at one listener of a host, and the certificate that its configuration says is served there. `address` and `name` are
-- empty for every one of them; `real_path` is where the links of `certificate_path` lead, null where there are none. `state` counts
-- the states of shared/model/certificates/served.ts from 0, the worst of what was seen on the wire. `host_text` is the name of its host, to
-- sort by. `search_text`: all that a row prints, the listener and the places as they are printed. `shown_by`: what would show the
-- certificate: a scan of an endpoint, or nothing, and why; null: it is not known, or was not asked for yet.
CREATE TABLE binding (
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
  shown_by         TEXT CHECK (json_valid(shown_by)),
  first_scan       INTEGER NOT NULL REFERENCES scan (id),
  last_scan        INTEGER NOT NULL REFERENCES scan (id),
  gone_scan        INTEGER REFERENCES scan (id),
  search_text TEXT GENERATED ALWAYS AS (
    host_text || char(10)
    || server || ' ' || iif(instr(address, ':'), '[' || address || ']', iif(address = '', '*', address)) || ':' || port || ' ' || name
    || char(10) || ifnull(certificate_path, '') || char(10) || file || ':' || line
    || ifnull(char(10) || directive_file || ':' || directive_line, '')) VIRTUAL
) STRICT;

CREATE INDEX binding_of_host ON binding (host, certificate_path) WHERE gone_scan IS NULL;

CREATE INDEX binding_by_state ON binding (state, host_text, port, id) WHERE gone_scan IS NULL;

CREATE INDEX binding_by_host ON binding (host_text, port, id) WHERE gone_scan IS NULL;

CREATE VIRTUAL TABLE binding_search USING fts5 (
  text, content = '', contentless_delete = 1, tokenize = 'trigram'
);

CREATE VIRTUAL TABLE binding_pieces USING fts5vocab (binding_search, instance);

CREATE TRIGGER binding_is_not_found AFTER UPDATE OF gone_scan ON binding
WHEN OLD.gone_scan IS NULL AND NEW.gone_scan IS NOT NULL
BEGIN
  DELETE FROM binding_search WHERE rowid = NEW.id;
END;

CREATE TRIGGER binding_is_found AFTER INSERT ON binding
BEGIN
  INSERT INTO binding_search (rowid, text) VALUES (NEW.id, NEW.search_text || char(10, 10));
END;

CREATE TRIGGER binding_is_found_anew AFTER UPDATE OF directive_file, directive_line ON binding
WHEN NEW.gone_scan IS NULL AND OLD.search_text IS NOT NEW.search_text
BEGIN
  UPDATE binding_search SET text = NEW.search_text || char(10, 10) WHERE rowid = NEW.id;
END;

-- A leaf that an endpoint showed, last time, where that configuration says what is to be served.
CREATE TABLE served (
  binding     INTEGER NOT NULL REFERENCES binding (id),
  endpoint    INTEGER NOT NULL REFERENCES endpoint (id),
  state       INTEGER NOT NULL CHECK (state BETWEEN 0 AND 6),
  certificate INTEGER NOT NULL REFERENCES certificate (id),
  evidence    TEXT NOT NULL CHECK (json_valid(evidence)),
  PRIMARY KEY (binding, endpoint, certificate)
) STRICT, WITHOUT ROWID;

CREATE INDEX served_by_endpoint ON served (endpoint);

CREATE INDEX served_certificate ON served (certificate);

-- The worst that was seen where one thing is to be served is asked for with each endpoint.
CREATE INDEX served_worst ON served (binding, state);

-- A file that a configuration names for when its host is itself a client: what it says of itself to other servers.
CREATE TABLE client_file (
  host      INTEGER NOT NULL REFERENCES host (id),
  path      TEXT NOT NULL,
  directive TEXT NOT NULL,
  file      TEXT NOT NULL,
  line      INTEGER NOT NULL,
  PRIMARY KEY (host, path)
) STRICT, WITHOUT ROWID;

-- === Findings ==============================================================================================================

-- A rule that fails for a thing, for as long as a probe of some place says so. What depends on the date alone, or on several
-- places together, is not here: queries find it. `severity` counts from 0, the most severe. `about` is the id of a row of the table
-- that `kind` names; `host` is set while all reports are from one.
CREATE TABLE finding (
  id         INTEGER PRIMARY KEY,
  rule       TEXT NOT NULL,
  severity   INTEGER NOT NULL CHECK (severity BETWEEN 0 AND 4),
  kind       TEXT NOT NULL,
  about      INTEGER NOT NULL,
  label      TEXT NOT NULL,
  host       TEXT NOT NULL DEFAULT '',
  first_seen TEXT NOT NULL,
  UNIQUE (kind, about, rule)
) STRICT;

CREATE INDEX finding_by_severity ON finding (severity, rule, first_seen, id);

CREATE INDEX finding_by_rule ON finding (rule, severity, first_seen, id);

CREATE INDEX finding_by_host ON finding (host, rule, severity, id);

CREATE INDEX finding_by_label ON finding (substr(label, 1, 120), rule, severity, id);

CREATE INDEX finding_by_first_seen ON finding (first_seen, rule, severity, id);

-- What the last probe of one location says of a finding. A finding goes when its last report does. `members`: what it is about beside
-- its thing and its location, as data: paths, fingerprints. An acceptance covers those that there were.
CREATE TABLE report (
  id       INTEGER PRIMARY KEY,
  finding  INTEGER NOT NULL REFERENCES finding (id),
  name     INTEGER NOT NULL REFERENCES host_name (id),
  endpoint INTEGER REFERENCES endpoint (id),
  host     INTEGER REFERENCES host (id),
  sentence TEXT NOT NULL,
  evidence TEXT NOT NULL CHECK (json_valid(evidence)),
  remedy   TEXT NOT NULL,
  members  TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(members)),
  CHECK ((endpoint IS NULL) <> (host IS NULL))
) STRICT;

CREATE INDEX report_of_finding ON report (finding, name);

CREATE INDEX report_under_name ON report (name, finding);

CREATE INDEX report_of_endpoint ON report (endpoint) WHERE endpoint IS NOT NULL;

CREATE INDEX report_of_host ON report (host) WHERE host IS NOT NULL;

-- That a rule may fail for a thing until a day, which ends it by itself, and why. `about` is the row of the table that `kind`
-- names, and of a key its fingerprint or hash. A row is withdrawn, never removed or changed.
CREATE TABLE acceptance (
  id           INTEGER PRIMARY KEY,
  rule         TEXT NOT NULL,
  kind         TEXT NOT NULL,
  about        ANY NOT NULL,
  reason       TEXT NOT NULL,
  until        TEXT NOT NULL,
  accepted_at  TEXT NOT NULL,
  withdrawn_at TEXT
) STRICT;

CREATE UNIQUE INDEX acceptance_of_finding ON acceptance (rule, kind, about) WHERE withdrawn_at IS NULL;

-- What an acceptance covers, where it is about several things or places at once: it ends when there is another one.
CREATE TABLE accepted_member (
  acceptance INTEGER NOT NULL REFERENCES acceptance (id),
  member     TEXT NOT NULL,
  PRIMARY KEY (acceptance, member)
) STRICT, WITHOUT ROWID;

-- Rules that are not evaluated unless somebody turns them on, and since when they are.
CREATE TABLE enabled_rule (
  rule  TEXT PRIMARY KEY,
  since TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- === History ===============================================================================================================

-- What stood somewhere, and how, from the scan that first saw it so to the one that found it otherwise; `gone_scan` is null while
-- it is still so. A thing that changes, or comes back, goes on in another row whose `origin` is its first. `about` is the row of the
-- table that `kind` names (location for a certificate); an account is its host and `label`. `state` is what may change in place,
-- as a JSON array; null where nobody took note of it. Written by those who record these rows (changes/revision-writer.ts).
CREATE TABLE revision (
  id         INTEGER PRIMARY KEY,
  kind       TEXT NOT NULL CHECK (kind IN ('grant', 'key-file', 'host-key', 'account', 'certificate')),
  name       INTEGER NOT NULL REFERENCES host_name (id),
  about      INTEGER NOT NULL,
  label      TEXT,
  state      TEXT CHECK (json_valid(state)),
  origin     INTEGER REFERENCES revision (id),
  first_scan INTEGER NOT NULL REFERENCES scan (id),
  gone_scan  INTEGER REFERENCES scan (id)
) STRICT;

CREATE INDEX revision_about ON revision (kind, about, label);

CREATE INDEX revision_begun ON revision (kind, first_scan, id, origin, gone_scan);

CREATE INDEX revision_ended ON revision (kind, gone_scan) WHERE gone_scan IS NOT NULL;

CREATE INDEX revision_later ON revision (kind, first_scan) WHERE origin IS NOT NULL;

CREATE INDEX revision_of_thing ON revision (origin) WHERE origin IS NOT NULL;

CREATE INDEX revision_under_name ON revision (name, kind, first_scan);

-- The things that have gone, of which a new row may be the next revision.
CREATE VIEW gone_revision AS
SELECT kind, about, label, ifnull(origin, id) AS thing, gone_scan
FROM revision INDEXED BY revision_about
WHERE gone_scan IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM revision AS first WHERE first.id = revision.origin AND first.gone_scan IS NULL)
  AND NOT EXISTS (
    SELECT 1 FROM revision AS later WHERE later.origin = ifnull(revision.origin, revision.id) AND later.gone_scan IS NULL);

-- A grant whose line has moved within its file.
CREATE TABLE grant_move (
  grant_line INTEGER NOT NULL REFERENCES grant_line (id),
  scan       INTEGER NOT NULL REFERENCES scan (id),
  from_line  INTEGER NOT NULL,
  to_line    INTEGER NOT NULL,
  PRIMARY KEY (grant_line, scan)
) STRICT, WITHOUT ROWID;

-- The scan that the user has said to compare with: what it saw, or had been seen before it, is known. At most one row.
CREATE TABLE baseline (
  id     INTEGER PRIMARY KEY CHECK (id = 1),
  scan   INTEGER NOT NULL REFERENCES scan (id),
  set_at TEXT NOT NULL
) STRICT;

-- === Offline bundles =======================================================================================================

-- A bundle that was imported: what a collector wrote, carried here by hand. The scan of a bundle is dated when it was collected, by
-- the host's own clock. `digest` is of the stream, so that the same bundle is known again under any name. `signature` tells who had
-- signed it, as far as that was known then. `standing`: whether it is of the host that it names: signed by the host key that is
-- known ('verified'), by one that its bundles alone have told of ('first-use'), or by none ('claimed'). `signed_by`: the host keys
-- that signed it, as a list of fingerprints. `nonce` is what the stream calls itself.
CREATE TABLE bundle (
  scan        INTEGER PRIMARY KEY REFERENCES scan (id),
  digest      TEXT NOT NULL UNIQUE,
  host        INTEGER NOT NULL REFERENCES host (id),
  nonce       TEXT,
  imported_at TEXT NOT NULL,
  signature   TEXT NOT NULL CHECK (json_valid(signature)),
  standing    TEXT NOT NULL DEFAULT 'claimed' CHECK (standing IN ('verified', 'first-use', 'claimed')),
  signed_by   TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(signed_by))
) STRICT;

CREATE INDEX bundle_of_host ON bundle (host);

-- What a bundle tells of a host that a plan is made of: who reads which keys, and the exact bytes of their files, as JSON. It
-- counts until the host is read anew (`collected_at` is its `last_read`): then it goes, and into no backup either. `standing`: as
-- that of the bundle.
CREATE TABLE offline_reading (
  host         INTEGER PRIMARY KEY REFERENCES host (id),
  collected_at TEXT NOT NULL,
  standing     TEXT NOT NULL DEFAULT 'claimed' CHECK (standing IN ('verified', 'first-use', 'claimed')),
  reading      TEXT NOT NULL CHECK (json_valid(reading))
) STRICT;

-- What a bundle claims of a host that is known better. Nothing of it is in any other table: it stands beside what is known. `why`:
-- nothing shows that it is of the host; `differences`: what it tells otherwise than what was known then, as JSON.
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

-- A collector that was issued for offline use, by the number that it has.
CREATE TABLE issued_collector (
  nonce     TEXT PRIMARY KEY,
  issued_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- === Issuers ===============================================================================================================

-- Who signs certificates for us, under the name that the user gave it. A number is never given to another one: plans name issuers
-- by it. `note`: to whom a request goes, where a person signs it. Nothing secret is here: a column that ends in `_secret` has
-- the number of an entry in the vault.
CREATE TABLE issuer (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  name       TEXT NOT NULL UNIQUE,
  kind       TEXT NOT NULL CHECK (kind IN ('local', 'acme', 'csr')),
  created_at TEXT NOT NULL,
  note       TEXT NOT NULL DEFAULT ''
) STRICT;

-- Who is added under the same name later is somebody else.
CREATE TRIGGER issuer_is_removed AFTER DELETE ON issuer
BEGIN
  DELETE FROM label WHERE kind = 'issuer' AND name = OLD.name;
  DELETE FROM tagged_thing WHERE kind = 'issuer' AND name = OLD.name;
END;

-- What an authority of our own is: its two certificates as DER, and the number of its last revocation list.
CREATE TABLE local_authority (
  issuer              INTEGER PRIMARY KEY REFERENCES issuer (id),
  permitted           TEXT NOT NULL CHECK (json_valid(permitted)),
  days_valid          INTEGER NOT NULL,
  root                BLOB NOT NULL,
  -- Null: it was made elsewhere, and only the key of the certificate that signs was imported.
  root_secret         TEXT,
  intermediate        BLOB NOT NULL,
  intermediate_secret TEXT NOT NULL,
  list_number         INTEGER NOT NULL DEFAULT 0
) STRICT;

-- A certificate that an authority of our own has signed; `serial` in upper-case hex. What was revoked stays so. `key_sha256`:
-- SHA-256 of the SubjectPublicKeyInfo that it was signed for, by which a compromised key is refused.
CREATE TABLE issued_certificate (
  id         INTEGER PRIMARY KEY,
  issuer     INTEGER NOT NULL REFERENCES local_authority (issuer),
  serial     TEXT NOT NULL,
  sha256     TEXT NOT NULL UNIQUE,
  key_sha256 TEXT,
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

-- An account at an ACME directory, which `account` names once it is made. `roots`: PEM, where the directory itself is not known by
-- the roots of the system. `challenge`: how names are shown to be ours, unless something else is said. `agrees`: the user has
-- agreed to the terms of the directory.
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

-- === Runs ==================================================================================================================

-- A plan as it was shown. `body` is the plan itself as JSON, whose SHA-256 in its canonical form is `hash`; null until it is
-- ready. `request`: what it is made of; null where the plan was imported. It holds no secret. `is_refused`: one of its checks refuses it, so
-- that it is never run.
CREATE TABLE plan (
  id       INTEGER PRIMARY KEY AUTOINCREMENT,
  state    TEXT NOT NULL CHECK (state IN ('making', 'ready', 'failed')),
  message  TEXT NOT NULL DEFAULT '',
  made_at  TEXT NOT NULL,
  request  TEXT CHECK (json_valid(request)),
  body     TEXT CHECK (json_valid(body)),
  hash     TEXT,
  read     INTEGER NOT NULL DEFAULT 0,
  total    INTEGER NOT NULL DEFAULT 0,
  is_refused INTEGER NOT NULL DEFAULT 0 CHECK (is_refused IN (0, 1)),
  CHECK ((state = 'ready') = (body IS NOT NULL AND hash IS NOT NULL))
) STRICT;

-- The hosts that a plan changes, in its order: the first of them is shown, and a search finds them all.
CREATE TABLE plan_host (
  plan    INTEGER NOT NULL REFERENCES plan (id) ON DELETE CASCADE,
  ordinal INTEGER NOT NULL,
  host    TEXT NOT NULL,
  port    INTEGER NOT NULL,
  PRIMARY KEY (plan, ordinal)
) STRICT, WITHOUT ROWID;

CREATE INDEX plan_being_made ON plan (id) WHERE state = 'making';

-- One execution of a plan. `direction`: whether it goes on to its end, or rolls everything back. `due_at`: until when logs are
-- watched. The new key is its public key alone. `origin`: executed from here, or by offline scripts whose results are imported.
-- `reasons`: why it is in its state, as JSON (RunReason).
CREATE TABLE run (
  id          INTEGER PRIMARY KEY,
  plan        INTEGER NOT NULL REFERENCES plan (id),
  token       TEXT NOT NULL UNIQUE,
  origin      TEXT NOT NULL CHECK (origin IN ('live', 'offline')),
  kind        TEXT NOT NULL,
  title       TEXT NOT NULL,
  state       TEXT NOT NULL CHECK (state IN (
                'running', 'paused', 'stopped', 'interrupted', 'waiting', 'committed', 'rolled-back', 'needs-attention')),
  direction   TEXT NOT NULL DEFAULT 'forward' CHECK (direction IN ('forward', 'back')),
  started_at  TEXT NOT NULL,
  ended_at    TEXT,
  due_at      TEXT,
  undo_until  TEXT,
  reasons     TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(reasons)),
  by_hand     TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(by_hand)),
  acknowledgements    TEXT NOT NULL CHECK (json_valid(acknowledgements)),
  key_line    TEXT,
  fingerprint TEXT,
  hosts       INTEGER NOT NULL,
  adds        INTEGER NOT NULL,
  changes     INTEGER NOT NULL,
  removes     INTEGER NOT NULL
) STRICT;

CREATE INDEX run_of_plan ON run (plan);

CREATE INDEX run_by_start ON run (started_at, id);

-- At most a few, whatever the number of runs.
CREATE INDEX run_to_undo ON run (undo_until) WHERE undo_until IS NOT NULL;
CREATE INDEX run_not_over ON run (state, id) WHERE state NOT IN ('committed', 'rolled-back');

-- What has come of each step so far. A host that no step names yet has none; `host` is empty for this computer. What a phase is,
-- the program knows. `verification`: whether what a step did is shown by a login, or by sshd's answer; null where its act shows
-- for itself. `result`: what it came to, as JSON (StepResult).
CREATE TABLE run_step (
  run          INTEGER NOT NULL REFERENCES run (id),
  ordinal      INTEGER NOT NULL,
  phase        TEXT NOT NULL,
  host         TEXT NOT NULL,
  port         INTEGER NOT NULL,
  batch        INTEGER NOT NULL,
  state        TEXT NOT NULL CHECK (state IN (
                 'planned', 'intended', 'acted', 'verified', 'rolled-back', 'failed', 'needs-attention')),
  verification TEXT CHECK (verification IN ('verified', 'waiting', 'unverified')),
  result       TEXT CHECK (json_valid(result)),
  at           TEXT,
  PRIMARY KEY (run, ordinal)
) STRICT, WITHOUT ROWID;

-- What runs have removed from a host.
CREATE INDEX run_step_removing ON run_step (host, port) WHERE phase = 'revoke';

-- The journal: a row before each act, and one after what came of it. `result`: of a step, as there; `note`: of all else, as JSON
-- (RunNote).
CREATE TABLE run_entry (
  id      INTEGER PRIMARY KEY,
  run     INTEGER NOT NULL REFERENCES run (id),
  ordinal INTEGER,
  at      TEXT NOT NULL,
  kind    TEXT NOT NULL CHECK (kind IN ('intends', 'acted', 'verified', 'rolled-back', 'failed', 'note')),
  note    TEXT CHECK (json_valid(note)),
  result  TEXT CHECK (json_valid(result)),
  CHECK ((result IS NULL) <> (note IS NULL))
) STRICT;

CREATE INDEX run_entry_of_run ON run_entry (run, id);

-- Certificates that runs renew: what was asked for, and what came of it. Requests, orders and chains are public; a key that was
-- made here is in the vault, and this names its entry.
CREATE TABLE run_certificate (
  run        INTEGER NOT NULL REFERENCES run (id),
  host       TEXT NOT NULL,
  port       INTEGER NOT NULL,
  -- As its change in the plan: `c0`.
  change     TEXT NOT NULL,
  names      TEXT NOT NULL CHECK (json_valid(names)),
  issuer     INTEGER NOT NULL,
  state      TEXT NOT NULL CHECK (state IN (
               'planned', 'requested', 'ordered', 'waits', 'issued', 'installed', 'refused')),
  -- What its issuer does now, or why there is none, as JSON (OrderNote).
  note       TEXT CHECK (json_valid(note)),
  csr        BLOB,
  key_id     TEXT,
  order_url  TEXT,
  -- PEM, the leaf first.
  chain      TEXT,
  sha256     TEXT,
  -- Hashes of the files as they will be, in the order of the plan.
  new_hashes TEXT CHECK (json_valid(new_hashes)),
  -- Which clients would refuse it, as was shown when the run stopped for that, as JSON (RenewalTrust).
  trust      TEXT CHECK (json_valid(trust)),
  PRIMARY KEY (run, host, port, change)
) STRICT, WITHOUT ROWID;

-- Who renewed a certificate before.
CREATE INDEX run_certificate_by_sha256 ON run_certificate (sha256) WHERE sha256 IS NOT NULL;

-- What people have said of a run's new key where no login with it could be verified from here. 'signature': the key's owner has
-- signed the challenge of the run; `evidence` is that signature, armored, and host and account are empty. 'approval': somebody
-- answers for it, account by account, that the key lets in there.
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

-- What a run could not do with a file of a host: left out from that phase on, because its account has something else in the place
-- of the run's lock; or stuck, neither done nor rolled back. `repair_...`: what would put a stuck file right, over the very bytes that
-- were seen there (both as SHA-256, null where nothing is known to), and whether somebody has approved it.
CREATE TABLE run_file (
  run         INTEGER NOT NULL REFERENCES run (id),
  host        TEXT NOT NULL,
  port        INTEGER NOT NULL,
  path        TEXT NOT NULL,
  phase       TEXT NOT NULL,
  fate        TEXT NOT NULL CHECK (fate IN ('left-out', 'stuck')),
  -- As JSON (Cause).
  cause       TEXT NOT NULL CHECK (json_valid(cause)),
  -- Lines that whoever repairs it takes out, and puts back.
  take_out    TEXT NOT NULL CHECK (json_valid(take_out)),
  put_back    TEXT NOT NULL CHECK (json_valid(put_back)),
  repair_over TEXT,
  repair_to   TEXT,
  is_approved INTEGER NOT NULL DEFAULT 0 CHECK (is_approved IN (0, 1)),
  PRIMARY KEY (run, host, port, path)
) STRICT, WITHOUT ROWID;

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

CREATE INDEX access_check_accepted ON run_access_check (at, run) WHERE answer = 'accepted';

CREATE INDEX access_check_of_key ON run_access_check (fingerprint, host, port, account, at, run);

-- How far the clock of a host was ahead of this computer's when a run last read it before the old key was watched: logs of
-- that host tell of logins by that clock.
CREATE TABLE run_host_clock (
  run           INTEGER NOT NULL REFERENCES run (id),
  host          TEXT NOT NULL,
  port          INTEGER NOT NULL,
  ahead_seconds INTEGER NOT NULL,
  PRIMARY KEY (run, host, port)
) STRICT, WITHOUT ROWID;

-- An old private key that a run has left beside the new one at its end, because the old key still counts somewhere; gone from here
-- once it is removed. `host` and `port` are null for this computer.
CREATE TABLE kept_key (
  id   INTEGER PRIMARY KEY,
  run  INTEGER NOT NULL REFERENCES run (id),
  host TEXT,
  port INTEGER,
  -- Of the new one, which took its place; and of the old one beside it.
  path TEXT NOT NULL,
  kept TEXT NOT NULL
) STRICT;

CREATE INDEX kept_key_by_run ON kept_key (run);

CREATE INDEX kept_key_by_path ON kept_key (path, host, port);

-- A script that was written for a host of a plan, to be run there by hand. `nonce` stands in it, and in each result that it
-- writes: a result is of this script, and of no other. A higher `id` was written later.
CREATE TABLE offline_script (
  id         INTEGER PRIMARY KEY,
  nonce      TEXT NOT NULL UNIQUE,
  plan       INTEGER NOT NULL REFERENCES plan (id),
  host       TEXT NOT NULL,
  port       INTEGER NOT NULL,
  phases     TEXT NOT NULL CHECK (json_valid(phases)),
  written_at TEXT NOT NULL
) STRICT;

CREATE INDEX offline_script_of_host ON offline_script (plan, host, port);

CREATE INDEX offline_script_at ON offline_script (host, port);

-- A result that was imported. `verified_by`: whose signature is good for it, or which reading of the host has confirmed it; null:
-- nothing is, and it is a claim from which nothing follows. Of a script the last claim alone is kept. `key_line`: the key that it
-- says was made there. `body`: the result as it came. `signature`: who has signed it, as JSON (ResultSignature).
CREATE TABLE offline_result (
  digest      TEXT PRIMARY KEY,
  script      INTEGER NOT NULL REFERENCES offline_script (id),
  run         INTEGER NOT NULL REFERENCES run (id),
  verified_by TEXT CHECK (verified_by IN ('host', 'person', 'scan', 'bundle')),
  signature   TEXT NOT NULL CHECK (json_valid(signature)),
  outcome     TEXT NOT NULL CHECK (outcome IN (
                'committed', 'done', 'added', 'rolled-back', 'needs-attention', 'failed')),
  why         TEXT NOT NULL,
  ended_at    TEXT NOT NULL,
  key_line    TEXT,
  fingerprint TEXT,
  imported_at    TEXT NOT NULL,
  body        BLOB,
  CHECK ((key_line IS NULL) = (fingerprint IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX offline_result_of_script ON offline_result (script);

CREATE INDEX offline_result_of_run ON offline_result (run);

-- What the last reading of a host showed of what offline scripts change: by it results that nobody has signed are confirmed. A host
-- for which no script was written has no row. `begun_at`: when its probe began, by this computer's clock; null: a bundle.
-- `host_key`: the one that the host presented; null for a bundle, whose row has its signers. `reader`: the account by whose login it
-- was read; null: root's, or a bundle. `files`: its authorized keys files, whole. `unreadable`: paths at or below which something may be
-- that was not seen; `is_whole` 0: anywhere.
CREATE TABLE host_reading (
  host     INTEGER PRIMARY KEY REFERENCES host (id),
  scan     INTEGER NOT NULL REFERENCES scan (id),
  read_at  TEXT NOT NULL,
  begun_at TEXT,
  host_key TEXT,
  reader   TEXT,
  is_whole INTEGER NOT NULL CHECK (is_whole IN (0, 1)),
  files    TEXT NOT NULL CHECK (json_valid(files)),
  unreadable TEXT NOT NULL CHECK (json_valid(unreadable))
) STRICT;

-- === Reviews ===============================================================================================================

-- A review of access: what was chosen (ReviewSelection) and who decides (ReviewDeciders), as JSON. Answers name it by its `token`.
-- `snapshot`: SHA-256 over its items, all of which are there and stay as they are once it is set; what has none yet was never
-- begun. `left_out`: what may have been chosen too, but for an environment that nobody knows.
CREATE TABLE review (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  name       TEXT NOT NULL UNIQUE,
  token      TEXT NOT NULL UNIQUE,
  selection  TEXT NOT NULL CHECK (json_valid(selection)),
  deciders   TEXT NOT NULL CHECK (json_valid(deciders)),
  created_at TEXT NOT NULL,
  due_at     TEXT NOT NULL,
  item_count INTEGER NOT NULL DEFAULT 0,
  left_out   INTEGER NOT NULL DEFAULT 0,
  snapshot   TEXT,
  ended_at   TEXT
) STRICT;

CREATE INDEX review_by_due ON review (due_at, id) WHERE snapshot IS NOT NULL;

-- Who decides in a review, with how many items are theirs and how many of these they have decided.
CREATE TABLE review_reviewer (
  review  INTEGER NOT NULL REFERENCES review (id),
  name    TEXT NOT NULL,
  items   INTEGER NOT NULL DEFAULT 0,
  decided INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (review, name)
) STRICT, WITHOUT ROWID;

-- Something that a review is about: a grant or an account, by its row, and what was known of it then (ReviewEvidence, as JSON).
-- `answer`: the one that has the latest decision on it, and `choice` what that is, both kept by a trigger. `plan`: the one that was
-- made to revoke it, which may be gone.
CREATE TABLE review_item (
  review   INTEGER NOT NULL REFERENCES review (id),
  ordinal  INTEGER NOT NULL,
  kind     TEXT NOT NULL CHECK (kind IN ('grant', 'account')),
  about    INTEGER NOT NULL,
  reviewer TEXT NOT NULL,
  evidence TEXT NOT NULL CHECK (json_valid(evidence)),
  answer   INTEGER,
  choice   TEXT,
  plan     INTEGER,
  PRIMARY KEY (review, ordinal)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX review_item_about ON review_item (review, kind, about);

CREATE INDEX review_item_of_reviewer ON review_item (review, reviewer, ordinal);

CREATE INDEX review_item_decided ON review_item (review, choice, ordinal);

CREATE INDEX review_item_of_plan ON review_item (review, plan) WHERE plan IS NOT NULL;

CREATE TRIGGER review_item_begins AFTER INSERT ON review_item
BEGIN
  INSERT INTO review_reviewer (review, name, items) VALUES (NEW.review, NEW.reviewer, 1)
  ON CONFLICT DO UPDATE SET items = items + 1;
END;

CREATE TRIGGER review_item_is_decided AFTER UPDATE OF answer ON review_item
WHEN OLD.answer IS NULL AND NEW.answer IS NOT NULL
BEGIN
  UPDATE review_reviewer SET decided = decided + 1 WHERE review = NEW.review AND name = NEW.reviewer;
END;

CREATE TRIGGER review_item_is_assigned AFTER UPDATE OF reviewer ON review_item
WHEN OLD.reviewer <> NEW.reviewer
BEGIN
  UPDATE review_reviewer SET items = items - 1, decided = decided - (OLD.answer IS NOT NULL)
  WHERE review = OLD.review AND name = OLD.reviewer;
  DELETE FROM review_reviewer WHERE review = OLD.review AND name = OLD.reviewer AND items = 0;
  INSERT INTO review_reviewer (review, name, items, decided)
  VALUES (NEW.review, NEW.reviewer, 1, NEW.answer IS NOT NULL)
  ON CONFLICT DO UPDATE SET items = items + 1, decided = decided + excluded.decided;
END;

-- Decisions that were made together: typed here, or in a file, whose bytes are `body`. `made_by`: who typed or imported it. `digest`: SHA-256 over them, so
-- that the seal of this row is theirs too.
CREATE TABLE review_answer (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  review      INTEGER NOT NULL REFERENCES review (id),
  reviewer    TEXT NOT NULL,
  source      TEXT NOT NULL CHECK (source IN ('typed', 'signed', 'unsigned')),
  made_by     TEXT NOT NULL,
  fingerprint TEXT,
  at          TEXT NOT NULL,
  is_late     INTEGER NOT NULL CHECK (is_late IN (0, 1)),
  digest      TEXT NOT NULL,
  body        BLOB,
  signature   TEXT,
  CHECK ((source = 'signed') = (fingerprint IS NOT NULL AND signature IS NOT NULL)),
  CHECK ((source = 'typed') = (body IS NULL))
) STRICT;

CREATE INDEX review_answer_of_review ON review_answer (review, id);

-- What an answer decides of an item. A later answer counts before it; none is ever changed.
CREATE TABLE review_decision (
  review  INTEGER NOT NULL,
  ordinal INTEGER NOT NULL,
  answer  INTEGER NOT NULL REFERENCES review_answer (id),
  choice  TEXT NOT NULL CHECK (choice IN ('keep', 'revoke', 'reassign')),
  -- Who answers for it from then on.
  successor TEXT,
  reason  TEXT NOT NULL,
  PRIMARY KEY (review, ordinal, answer),
  FOREIGN KEY (review, ordinal) REFERENCES review_item (review, ordinal),
  CHECK ((choice = 'reassign') = (successor IS NOT NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX review_decision_of_answer ON review_decision (answer, ordinal);

CREATE TRIGGER review_decision_begins AFTER INSERT ON review_decision
BEGIN
  UPDATE review_item SET answer = NEW.answer, choice = NEW.choice WHERE review = NEW.review AND ordinal = NEW.ordinal;
END;

-- A plan that was made for a review.
CREATE TABLE review_plan (
  review  INTEGER NOT NULL REFERENCES review (id),
  plan    INTEGER NOT NULL,
  made_at TEXT NOT NULL,
  PRIMARY KEY (review, plan)
) STRICT, WITHOUT ROWID;

CREATE INDEX review_plan_of ON review_plan (plan);

-- === Seals =================================================================================================================

-- The seal of each row that a person has decided on: an HMAC by a key that lies beside the database. `kind` is a table, `id` the
-- row's key as a JSON array. Kept by triggers of the connections of this program alone (store/seals), so that there is none in this
-- schema: who writes to the file otherwise leaves rows without.
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
