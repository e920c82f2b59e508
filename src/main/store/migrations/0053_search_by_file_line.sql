-- A line that is added to a file moves all below it: what grants are searched by has the file, and the row has the line.
DROP TRIGGER grant_is_found_anew;
DROP TRIGGER grant_begins;
ALTER TABLE grant_line DROP COLUMN search_text;

ALTER TABLE grant_line ADD COLUMN search_text TEXT GENERATED ALWAYS AS (
  host_name || char(10) || account || char(10) || file || char(10) || comment) VIRTUAL;

CREATE TRIGGER grant_begins AFTER INSERT ON grant_line
BEGIN
  INSERT INTO tally (what, count) VALUES (NEW.tallied_as, 1) ON CONFLICT (what) DO UPDATE SET count = count + 1;
  INSERT INTO grant_search (rowid, text) VALUES (NEW.id, NEW.search_text || char(10, 10));
END;

UPDATE grant_search SET text = (SELECT search_text || char(10, 10) FROM grant_line WHERE grant_line.id = grant_search.rowid);
