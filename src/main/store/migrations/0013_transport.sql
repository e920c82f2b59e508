-- What is to carry the login of a target, and what carried that of a visit: ssh2, or the system's ssh. It is null for an
-- endpoint, and where it did not come to a login.
ALTER TABLE target ADD COLUMN transport TEXT NOT NULL DEFAULT 'auto' CHECK (transport IN ('auto', 'ssh2', 'system'));
ALTER TABLE unvisited ADD COLUMN transport TEXT NOT NULL DEFAULT 'auto' CHECK (transport IN ('auto', 'ssh2', 'system'));
ALTER TABLE probe ADD COLUMN transport TEXT CHECK (transport IN ('ssh2', 'system'));
