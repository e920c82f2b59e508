-- What a search of what is served looks at: all that a row of it prints. The listener stands as it is printed, and so do the places.
ALTER TABLE serving ADD COLUMN search_text TEXT GENERATED ALWAYS AS (
  host_text || char(10)
  || server || ' ' || iif(instr(address, ':'), '[' || address || ']', iif(address = '', '*', address)) || ':' || port || ' ' || name
  || char(10) || ifnull(certificate_path, '') || char(10) || file || ':' || line
  || ifnull(char(10) || directive_file || ':' || directive_line, '')) VIRTUAL;

DROP TRIGGER serving_is_found;

CREATE TRIGGER serving_is_found AFTER INSERT ON serving
BEGIN
  INSERT INTO serving_search (rowid, text) VALUES (NEW.id, NEW.search_text || char(10, 10));
END;

CREATE TRIGGER serving_is_found_anew AFTER UPDATE OF directive_file, directive_line ON serving
WHEN NEW.gone_scan IS NULL AND OLD.search_text IS NOT NEW.search_text
BEGIN
  UPDATE serving_search SET text = NEW.search_text || char(10, 10) WHERE rowid = NEW.id;
END;

UPDATE serving_search SET text = (SELECT search_text || char(10, 10) FROM serving WHERE serving.id = serving_search.rowid);
