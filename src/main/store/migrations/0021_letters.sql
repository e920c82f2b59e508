-- One or two letters are found too: by all pieces of three letters that begin with them, which the vocabulary of a search
-- table lists. Every text ends with two more characters, so that such a piece begins at each of its letters.

INSERT INTO host_name_search (host_name_search) VALUES ('delete-all');
INSERT INTO host_name_search (rowid, text) SELECT id, name || char(10, 10) FROM host_name;

INSERT INTO certificate_search (certificate_search) VALUES ('delete-all');
INSERT INTO certificate_search (rowid, text)
SELECT id, subject || char(10) || issuer || char(10) || names || char(10, 10) FROM certificate WHERE is_seen = 1;

INSERT INTO grant_search (grant_search) VALUES ('delete-all');
INSERT INTO grant_search (rowid, text)
SELECT id, host_name || char(10) || account || char(10) || file || char(10) || comment || char(10, 10)
FROM grant_line WHERE gone_scan IS NULL;

INSERT INTO key_file_search (key_file_search) VALUES ('delete-all');
INSERT INTO key_file_search (rowid, text)
SELECT key_file.id, owner || char(10) || host.host || char(10) || path || char(10, 10)
FROM key_file JOIN host ON host.id = key_file.host
WHERE gone_scan IS NULL;

DROP TRIGGER host_name_begins;
DROP TRIGGER certificate_appears;
DROP TRIGGER grant_begins;
DROP TRIGGER key_file_is_found;
DROP TRIGGER key_file_is_found_otherwise;

CREATE TRIGGER host_name_begins AFTER INSERT ON host_name
BEGIN
  INSERT INTO host_name_search (rowid, text) VALUES (NEW.id, NEW.name || char(10, 10));
END;

CREATE TRIGGER certificate_appears AFTER UPDATE OF is_seen ON certificate
WHEN OLD.is_seen = 0 AND NEW.is_seen = 1
BEGIN
  UPDATE tally SET count = count + 1 WHERE what = 'certificate';
  INSERT INTO certificate_search (rowid, text)
  VALUES (NEW.id, NEW.subject || char(10) || NEW.issuer || char(10) || NEW.names || char(10, 10));
END;

CREATE TRIGGER grant_begins AFTER INSERT ON grant_line
BEGIN
  INSERT INTO tally (what, count) VALUES (NEW.tallied_as, 1) ON CONFLICT (what) DO UPDATE SET count = count + 1;
  INSERT INTO grant_search (rowid, text)
  VALUES (NEW.id, NEW.host_name || char(10) || NEW.account || char(10) || NEW.file || char(10) || NEW.comment || char(10, 10));
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

CREATE VIRTUAL TABLE host_name_pieces USING fts5vocab (host_name_search, row);
CREATE VIRTUAL TABLE certificate_pieces USING fts5vocab (certificate_search, row);
CREATE VIRTUAL TABLE grant_pieces USING fts5vocab (grant_search, row);
CREATE VIRTUAL TABLE key_file_pieces USING fts5vocab (key_file_search, row);

-- Those that are due in the order of their list.
DROP INDEX certificate_due;

CREATE INDEX certificate_due ON certificate (due_from, id, not_after, urgent_from, first_seen) WHERE is_seen = 1;
