-- What lists are searched by where their counts stop early (decision 0032).

-- The pieces of a search table one look at a time: to read how many texts each is in would be to read all of these.
DROP TABLE host_name_pieces;
DROP TABLE certificate_pieces;
DROP TABLE grant_pieces;
DROP TABLE key_file_pieces;

CREATE VIRTUAL TABLE host_name_pieces USING fts5vocab (host_name_search, instance);
CREATE VIRTUAL TABLE certificate_pieces USING fts5vocab (certificate_search, instance);
CREATE VIRTUAL TABLE grant_pieces USING fts5vocab (grant_search, instance);
CREATE VIRTUAL TABLE key_file_pieces USING fts5vocab (key_file_search, instance);

-- What a search of what is served looks at, of what a configuration says now.
CREATE VIRTUAL TABLE serving_search USING fts5 (
  text, content = '', contentless_delete = 1, tokenize = 'trigram'
);

INSERT INTO serving_search (rowid, text)
SELECT id, host_text || char(10) || name || char(10) || server || char(10) || ifnull(certificate_path, '') || char(10) || file
  || char(10, 10)
FROM serving WHERE gone_scan IS NULL;

CREATE TRIGGER serving_is_found AFTER INSERT ON serving
BEGIN
  INSERT INTO serving_search (rowid, text)
  VALUES (NEW.id, NEW.host_text || char(10) || NEW.name || char(10) || NEW.server || char(10)
    || ifnull(NEW.certificate_path, '') || char(10) || NEW.file || char(10, 10));
END;

CREATE TRIGGER serving_is_not_found AFTER UPDATE OF gone_scan ON serving
WHEN OLD.gone_scan IS NULL AND NEW.gone_scan IS NOT NULL
BEGIN
  DELETE FROM serving_search WHERE rowid = NEW.id;
END;

CREATE VIRTUAL TABLE serving_pieces USING fts5vocab (serving_search, instance);
