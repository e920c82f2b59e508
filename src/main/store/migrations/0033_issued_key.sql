-- SHA-256 of the key that a certificate was signed for (SubjectPublicKeyInfo), by which a compromised one is refused; null
-- for what was signed before it was kept.
ALTER TABLE issued_certificate ADD COLUMN key_sha256 TEXT;
