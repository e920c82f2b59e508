-- A list of people that was imported, under the name that the user knows it by. `is_whole`: the user has said that it
-- names everybody, and so who is missing from it has left.
CREATE TABLE roster (
  id       INTEGER PRIMARY KEY,
  name     TEXT NOT NULL UNIQUE,
  kind     TEXT NOT NULL CHECK (kind IN ('csv', 'keys', 'ldif')),
  is_whole INTEGER NOT NULL CHECK (is_whole IN (0, 1)),
  read_at  TEXT NOT NULL
) STRICT;

-- A person as one roster tells of them: `handle` tells its people apart, and `said` is what it says of whether they
-- are still there. One that the newest reading did not name is missing. `standing` is what all rosters together make
-- of it: a later word on somebody of the same login or address counts too, and `decided_by` is whose entry has it.
CREATE TABLE person (
  id         INTEGER PRIMARY KEY,
  roster     INTEGER NOT NULL REFERENCES roster (id),
  handle     TEXT NOT NULL,
  name       TEXT NOT NULL,
  email      TEXT,
  said       TEXT NOT NULL CHECK (said IN ('active', 'gone', 'nothing')),
  left_on    TEXT,
  read_at    TEXT NOT NULL,
  is_missing INTEGER NOT NULL DEFAULT 0 CHECK (is_missing IN (0, 1)),
  standing   TEXT NOT NULL CHECK (standing IN ('known', 'gone')),
  decided_by INTEGER REFERENCES person (id) ON DELETE SET NULL,
  UNIQUE (roster, handle)
) STRICT;

CREATE INDEX person_decided_by ON person (decided_by);
CREATE INDEX person_by_name ON person (substr(name, 1, 120), id);
CREATE INDEX person_by_standing ON person (standing, id);

-- What a person is called where a machine asks: logins and addresses, in lower case.
CREATE TABLE person_login (
  login  TEXT NOT NULL,
  person INTEGER NOT NULL REFERENCES person (id),
  PRIMARY KEY (login, person)
) STRICT, WITHOUT ROWID;

CREATE INDEX login_of_person ON person_login (person);

-- A public key that a roster has as this person's.
CREATE TABLE person_key (
  fingerprint TEXT NOT NULL,
  person      INTEGER NOT NULL REFERENCES person (id),
  key_type    TEXT,
  PRIMARY KEY (fingerprint, person)
) STRICT, WITHOUT ROWID;

CREATE INDEX key_of_person ON person_key (person);

-- A private key on this computer, by its public half: a file, or an agent that holds it.
CREATE TABLE held_key (
  place       TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  kind        TEXT NOT NULL CHECK (kind IN ('file', 'agent')),
  seen_at     TEXT NOT NULL,
  PRIMARY KEY (place, fingerprint)
) STRICT, WITHOUT ROWID;

CREATE INDEX held_key_of_key ON held_key (fingerprint);

-- Whether the user has said that every machine that holds private keys is scanned, and what is outside. One row.
CREATE TABLE scope (
  id          INTEGER PRIMARY KEY CHECK (id = 1),
  is_whole    INTEGER NOT NULL CHECK (is_whole IN (0, 1)),
  note        TEXT NOT NULL,
  declared_at TEXT NOT NULL
) STRICT;

INSERT INTO scope (id, is_whole, note, declared_at) VALUES (1, 0, '', '1970-01-01T00:00:00Z');

-- Files and folders that the last reading could not read.
ALTER TABLE host ADD COLUMN unread_count INTEGER NOT NULL DEFAULT 0;

UPDATE host SET unread_count = ifnull((SELECT json_array_length(not_read) FROM coverage WHERE coverage.host = host.id), 0);

-- A private half of the key is known; what rosters say of its people: 'known' while one of them is still there.
ALTER TABLE key ADD COLUMN is_matched INTEGER NOT NULL DEFAULT 0 CHECK (is_matched IN (0, 1));
ALTER TABLE key ADD COLUMN listed TEXT CHECK (listed IN ('known', 'gone'));

UPDATE key SET is_matched = 1
WHERE fingerprint IN (SELECT fingerprint FROM key_file WHERE fingerprint IS NOT NULL AND gone_scan IS NULL);

-- Of a grant: both facts of its key; that the user has vouched for an owner; that it would let in if the one setting
-- that its verdict names were otherwise.
ALTER TABLE grant_line ADD COLUMN is_matched INTEGER NOT NULL DEFAULT 0 CHECK (is_matched IN (0, 1));
ALTER TABLE grant_line ADD COLUMN listed TEXT CHECK (listed IN ('known', 'gone'));
ALTER TABLE grant_line ADD COLUMN is_vouched INTEGER NOT NULL DEFAULT 0 CHECK (is_vouched IN (0, 1));
ALTER TABLE grant_line ADD COLUMN is_dormant INTEGER NOT NULL DEFAULT 0 CHECK (is_dormant IN (0, 1));
ALTER TABLE grant_line ADD COLUMN use TEXT NOT NULL DEFAULT 'unknown' CHECK (use IN ('used', 'unused', 'unknown'));

-- Since when `orphan` is what it is. Null where it is null or has just changed: whoever changed it says when.
ALTER TABLE grant_line ADD COLUMN orphan_since TEXT;

-- The rule for owners. A person who has left is gone, whoever else may hold the key.
ALTER TABLE grant_line ADD COLUMN owner TEXT GENERATED ALWAYS AS (
  CASE WHEN listed = 'gone' THEN 'gone'
       WHEN listed = 'known' OR is_matched = 1 OR is_vouched = 1 THEN 'known'
       ELSE 'unknown' END) VIRTUAL;

-- The rule for orphans: why nobody may own or use what may still let somebody in; null where nothing says so. One that
-- is only unmatched is an orphan where the scope is whole.
ALTER TABLE grant_line ADD COLUMN orphan TEXT GENERATED ALWAYS AS (
  CASE WHEN effective = 'no' AND is_dormant = 0 OR fingerprint IS NULL THEN NULL
       WHEN owner = 'gone' THEN 'gone'
       WHEN use = 'unused' THEN 'unused'
       WHEN owner = 'unknown' THEN 'unmatched' END) VIRTUAL;

-- All that grants are counted by, so that one sum gives the count of any of it together.
ALTER TABLE grant_line ADD COLUMN tallied_as TEXT GENERATED ALWAYS AS (
  'grant ' || effective || ' ' || owner || ' ' || use
  || CASE WHEN fingerprint IS NULL THEN ' keyless ' WHEN is_matched = 1 THEN ' matched ' ELSE ' unmatched ' END
  || ifnull(orphan, 'kept')) VIRTUAL;

DROP TRIGGER grant_begins;
DROP TRIGGER grant_ends;
DROP TRIGGER grant_is_judged_anew;

UPDATE grant_line
SET is_matched = ifnull((SELECT is_matched FROM key WHERE key.fingerprint = grant_line.fingerprint), 0),
    is_dormant = json_extract(verdict, '$.effective.dormant') IS NOT NULL
WHERE gone_scan IS NULL;

UPDATE grant_line SET orphan_since = (SELECT started_at FROM scan WHERE scan.id = last_scan) WHERE orphan IS NOT NULL;

DELETE FROM tally WHERE what GLOB 'grant *';
INSERT INTO tally (what, count)
SELECT tallied_as, count(*) FROM grant_line WHERE gone_scan IS NULL GROUP BY tallied_as;

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
CREATE INDEX grant_unmatched ON grant_line (id)
  WHERE gone_scan IS NULL AND is_matched = 0 AND fingerprint IS NOT NULL;
CREATE INDEX grant_orphan_unsettled ON grant_line (id)
  WHERE gone_scan IS NULL AND orphan IS NOT NULL AND orphan_since IS NULL;

CREATE TRIGGER grant_begins AFTER INSERT ON grant_line
BEGIN
  INSERT INTO tally (what, count) VALUES (NEW.tallied_as, 1) ON CONFLICT (what) DO UPDATE SET count = count + 1;
  INSERT INTO grant_search (rowid, text)
  VALUES (NEW.id, NEW.host_name || char(10) || NEW.account || char(10) || NEW.file || char(10) || NEW.comment);
END;

CREATE TRIGGER grant_ends AFTER UPDATE OF gone_scan ON grant_line
WHEN OLD.gone_scan IS NULL AND NEW.gone_scan IS NOT NULL
BEGIN
  UPDATE tally SET count = count - 1 WHERE what = OLD.tallied_as;
  DELETE FROM grant_search WHERE rowid = NEW.id;
END;

CREATE TRIGGER grant_is_judged_anew
AFTER UPDATE OF effective, is_dormant, use, is_matched, listed, is_vouched ON grant_line
WHEN NEW.gone_scan IS NULL AND OLD.gone_scan IS NULL AND OLD.tallied_as <> NEW.tallied_as
BEGIN
  UPDATE tally SET count = count - 1 WHERE what = OLD.tallied_as;
  INSERT INTO tally (what, count) VALUES (NEW.tallied_as, 1) ON CONFLICT (what) DO UPDATE SET count = count + 1;
  UPDATE grant_line SET orphan_since = NULL WHERE id = NEW.id AND OLD.orphan IS NOT NEW.orphan;
END;

-- A key that is new here, when private halves or rosters have told of it before.
CREATE TRIGGER key_begins AFTER INSERT ON key
BEGIN
  UPDATE key
  SET is_matched = EXISTS (SELECT 1 FROM key_file WHERE fingerprint = NEW.fingerprint AND gone_scan IS NULL)
                   OR EXISTS (SELECT 1 FROM held_key WHERE fingerprint = NEW.fingerprint),
      listed = (SELECT max(standing) FROM person_key JOIN person ON person.id = person_key.person
                WHERE fingerprint = NEW.fingerprint)
  WHERE fingerprint = NEW.fingerprint;
END;

CREATE TRIGGER key_is_told_of AFTER UPDATE OF is_matched, listed ON key
WHEN OLD.is_matched <> NEW.is_matched OR OLD.listed IS NOT NEW.listed
BEGIN
  UPDATE grant_line SET is_matched = NEW.is_matched, listed = NEW.listed
  WHERE ifnull(fingerprint, '') = NEW.fingerprint AND gone_scan IS NULL;
END;

CREATE TRIGGER key_file_begins AFTER INSERT ON key_file
WHEN NEW.fingerprint IS NOT NULL
BEGIN
  UPDATE key SET is_matched = 1 WHERE fingerprint = NEW.fingerprint AND is_matched = 0;
END;

CREATE TRIGGER key_file_ends AFTER UPDATE OF gone_scan ON key_file
WHEN OLD.gone_scan IS NULL AND NEW.gone_scan IS NOT NULL AND NEW.fingerprint IS NOT NULL
BEGIN
  UPDATE key
  SET is_matched = EXISTS (SELECT 1 FROM key_file WHERE fingerprint = NEW.fingerprint AND gone_scan IS NULL)
                   OR EXISTS (SELECT 1 FROM held_key WHERE fingerprint = NEW.fingerprint)
  WHERE fingerprint = NEW.fingerprint;
END;

CREATE TRIGGER held_key_begins AFTER INSERT ON held_key
BEGIN
  UPDATE key SET is_matched = 1 WHERE fingerprint = NEW.fingerprint AND is_matched = 0;
END;

CREATE TRIGGER held_key_ends AFTER DELETE ON held_key
BEGIN
  UPDATE key
  SET is_matched = EXISTS (SELECT 1 FROM key_file WHERE fingerprint = OLD.fingerprint AND gone_scan IS NULL)
                   OR EXISTS (SELECT 1 FROM held_key WHERE fingerprint = OLD.fingerprint)
  WHERE fingerprint = OLD.fingerprint;
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

CREATE TRIGGER person_stands_anew AFTER UPDATE OF standing ON person
WHEN OLD.standing <> NEW.standing
BEGIN
  UPDATE key
  SET listed = (SELECT max(standing) FROM person_key JOIN person ON person.id = person_key.person
                WHERE person_key.fingerprint = key.fingerprint)
  WHERE fingerprint IN (SELECT fingerprint FROM person_key WHERE person = NEW.id);
END;
