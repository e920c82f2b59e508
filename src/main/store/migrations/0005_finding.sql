-- A rule that fails for a thing, for as long as a visit to some place says so. What depends on the date alone,
-- and keys on several accounts, are not here: queries find them. `severity` counts from 0, the most severe.
-- `about` is the id of a row of the table that `kind` names; `host` is set while all reports are from one.
CREATE TABLE finding (
  id         INTEGER PRIMARY KEY,
  rule       TEXT NOT NULL,
  severity   INTEGER NOT NULL CHECK (severity BETWEEN 0 AND 4),
  kind       TEXT NOT NULL CHECK (kind IN ('certificate', 'grant', 'key-file', 'host')),
  about      INTEGER NOT NULL,
  label      TEXT NOT NULL,
  host       TEXT NOT NULL DEFAULT '',
  first_seen TEXT NOT NULL,
  UNIQUE (kind, about, rule)
) STRICT;

CREATE INDEX finding_by_severity ON finding (severity, rule, first_seen, id);
CREATE INDEX finding_by_rule ON finding (rule, severity, first_seen, id);
CREATE INDEX finding_by_host ON finding (host, rule, severity, id);
CREATE INDEX finding_by_label ON finding (substr(label, 1, 120), rule, severity, id);
CREATE INDEX finding_by_first_seen ON finding (first_seen, rule, severity, id);

-- What the last visit to one place says of a finding. A finding goes when its last report does.
CREATE TABLE report (
  id       INTEGER PRIMARY KEY,
  finding  INTEGER NOT NULL REFERENCES finding (id),
  name     INTEGER NOT NULL REFERENCES host_name (id),
  endpoint INTEGER REFERENCES endpoint (id),
  host     INTEGER REFERENCES host (id),
  sentence TEXT NOT NULL,
  evidence TEXT NOT NULL CHECK (json_valid(evidence)),
  remedy   TEXT NOT NULL,
  CHECK ((endpoint IS NULL) <> (host IS NULL))
) STRICT;

CREATE INDEX report_of_finding ON report (finding, name);
CREATE INDEX report_under_name ON report (name, finding);
CREATE INDEX report_of_endpoint ON report (endpoint) WHERE endpoint IS NOT NULL;
CREATE INDEX report_of_host ON report (host) WHERE host IS NOT NULL;
