-- From which addresses these logins came, the last of each: [{ from, lastAt, lastInJournalAt }], what the journal told first, then
-- the latest. Readings before kept the address of the last login alone (last_from).
ALTER TABLE login ADD COLUMN origins TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(origins));
