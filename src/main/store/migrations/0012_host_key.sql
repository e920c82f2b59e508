-- When a visit last came to the key of a host, which a later one that came to nothing does not say; and how long the
-- keys are that were found on hosts, null where that could not be told or was not yet looked at.
ALTER TABLE host ADD COLUMN key_seen TEXT;
UPDATE host SET key_seen = ifnull(last_read, last_seen) WHERE key_blob IS NOT NULL;
ALTER TABLE host_key ADD COLUMN key_bits INTEGER;
