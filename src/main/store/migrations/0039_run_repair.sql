-- What would put a stuck file right, over the very bytes that were seen there (both as SHA-256, null where nothing is known to), and
-- whether somebody has approved it.
ALTER TABLE run_file ADD COLUMN repair_over TEXT;
ALTER TABLE run_file ADD COLUMN repair_to TEXT;
ALTER TABLE run_file ADD COLUMN is_approved INTEGER NOT NULL DEFAULT 0 CHECK (is_approved IN (0, 1));
