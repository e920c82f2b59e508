-- Rules of a profile that certificates of one issuer break, as JSON, and how many that are seen now break exactly these. Severity counts from 0.
CREATE TABLE profile_violation (
  id                INTEGER PRIMARY KEY,
  issuer            TEXT NOT NULL,
  profile           TEXT NOT NULL,
  severity          INTEGER NOT NULL CHECK (severity BETWEEN 0 AND 4),
  rules             TEXT NOT NULL CHECK (json_valid(rules)),
  since             TEXT NOT NULL,
  certificate_count INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX profile_violation_of_issuer ON profile_violation (substr(issuer, 1, 120), profile, rules);
CREATE INDEX profile_violation_accepted ON profile_violation (since, id) WHERE severity = 3 AND certificate_count > 0;

-- What a certificate breaks; its severity where it is a finding of its own; and what it was evaluated by, null before that.
ALTER TABLE certificate ADD COLUMN violation INTEGER REFERENCES profile_violation (id);
ALTER TABLE certificate ADD COLUMN violation_severity INTEGER CHECK (violation_severity IN (1, 2));
ALTER TABLE certificate ADD COLUMN evaluated_by TEXT;

CREATE INDEX certificate_in_violation ON certificate (violation, id) WHERE violation IS NOT NULL AND is_seen = 1;
CREATE INDEX certificate_refused ON certificate (violation_severity, first_seen, id, not_after)
  WHERE is_seen = 1 AND violation_severity IS NOT NULL;

CREATE TRIGGER certificate_breaks_rules AFTER UPDATE OF violation, is_seen ON certificate
WHEN OLD.violation IS NOT NEW.violation OR (OLD.is_seen <> NEW.is_seen AND NEW.violation IS NOT NULL)
BEGIN
  UPDATE profile_violation SET certificate_count = certificate_count - OLD.is_seen WHERE id = OLD.violation;
  UPDATE profile_violation SET certificate_count = certificate_count + NEW.is_seen WHERE id = NEW.violation;
END;
