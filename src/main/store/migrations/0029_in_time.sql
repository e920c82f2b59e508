-- What findings of a million certificates are counted by in time.

-- An endpoint's certificate has changed where one was there before: of scans before the first that found one gone nothing
-- has to be looked at.
CREATE INDEX place_leaf_gone ON place (gone_scan)
  WHERE gone_scan IS NOT NULL AND endpoint IS NOT NULL AND position = 0;

-- With all that is asked.
DROP INDEX certificate_over_limit;

CREATE INDEX certificate_over_limit ON certificate (first_seen, id, not_after)
  WHERE is_seen = 1 AND is_over_limit = 1 AND is_public = 1;
