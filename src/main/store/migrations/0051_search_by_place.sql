-- Where a certificate is seen, as it is printed: an endpoint with its protocol and server name, or a file of a host.
CREATE VIEW place_text AS
SELECT place.id, place.certificate, CASE
    WHEN place.endpoint IS NULL THEN (SELECT host.host FROM host WHERE host.id = place.host) || ':' || place.path
    ELSE (
      SELECT protocol || '://' || iif(instr(host, ':'), '[' || host || ']', host) || ':' || port
        || iif(server_name = '', '', '/' || server_name)
      FROM endpoint WHERE endpoint.id = place.endpoint)
  END AS text
FROM place
WHERE place.gone_scan IS NULL;

CREATE VIRTUAL TABLE place_search USING fts5 (
  text, content = '', contentless_delete = 1, tokenize = 'trigram'
);

CREATE VIRTUAL TABLE place_pieces USING fts5vocab (place_search, instance);

CREATE TRIGGER place_is_found AFTER INSERT ON place
BEGIN
  INSERT INTO place_search (rowid, text) SELECT id, text || char(10, 10) FROM place_text WHERE id = NEW.id;
END;

CREATE TRIGGER place_is_not_found AFTER UPDATE OF gone_scan ON place
WHEN OLD.gone_scan IS NULL AND NEW.gone_scan IS NOT NULL
BEGIN
  DELETE FROM place_search WHERE rowid = NEW.id;
END;

INSERT INTO place_search (rowid, text) SELECT id, text || char(10, 10) FROM place_text;

-- What a search of grants looks at: all that tells a row from another as it is printed, the line of its file among it.
ALTER TABLE grant_line ADD COLUMN search_text TEXT GENERATED ALWAYS AS (
  host_name || char(10) || account || char(10) || file || ':' || line || char(10) || comment) VIRTUAL;

DROP TRIGGER grant_begins;

CREATE TRIGGER grant_begins AFTER INSERT ON grant_line
BEGIN
  INSERT INTO tally (what, count) VALUES (NEW.tallied_as, 1) ON CONFLICT (what) DO UPDATE SET count = count + 1;
  INSERT INTO grant_search (rowid, text) VALUES (NEW.id, NEW.search_text || char(10, 10));
END;

CREATE TRIGGER grant_is_found_anew AFTER UPDATE OF line ON grant_line
WHEN NEW.gone_scan IS NULL AND OLD.line <> NEW.line
BEGIN
  UPDATE grant_search SET text = NEW.search_text || char(10, 10) WHERE rowid = NEW.id;
END;

UPDATE grant_search SET text = (SELECT search_text || char(10, 10) FROM grant_line WHERE grant_line.id = grant_search.rowid);
