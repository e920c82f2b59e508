-- How far the clock of a host was ahead of this computer's when a run last looked at it before the old key was watched: logs of that host
-- tell of logins by that clock.
CREATE TABLE run_host_clock (
  run           INTEGER NOT NULL REFERENCES run (id),
  host          TEXT NOT NULL,
  port          INTEGER NOT NULL,
  ahead_seconds INTEGER NOT NULL,
  PRIMARY KEY (run, host, port)
) STRICT, WITHOUT ROWID;
