-- The last login of these that systemd's journal told of, of which only root's processes are read; null where plain files alone
-- did, into which any user of the host can have a line written. Which of them an earlier reading was of, nothing tells.
ALTER TABLE login ADD COLUMN last_in_journal_at TEXT;
