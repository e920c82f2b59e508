INSERT INTO cached_count (what, count) VALUES ('certificate', 0);

INSERT INTO inventory (id, is_whole, note, marked_at) VALUES (1, 0, '', '1970-01-01T00:00:00Z');
