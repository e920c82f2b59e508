-- Lists that are walked in an order of text ask each row for what these indexes have now, and go to the table for those
-- alone that they show: of what is new since the baseline by comment or key, and of what is due by subject.

DROP INDEX grant_by_comment;

CREATE INDEX grant_by_comment ON grant_line (substr(comment, 1, 120), id, first_scan) WHERE gone_scan IS NULL;

DROP INDEX grant_by_fingerprint;

CREATE INDEX grant_by_fingerprint ON grant_line (ifnull(fingerprint, ''), id, first_scan) WHERE gone_scan IS NULL;

DROP INDEX certificate_by_subject;

CREATE INDEX certificate_by_subject ON certificate
  (substr(subject, 1, 120), id, not_after, due_from, urgent_from) WHERE is_seen = 1;
