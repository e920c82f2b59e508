-- Runbooks: what was planned, what was carried out of it, and the journal of that.

-- A plan as it was shown. `body` is the plan itself as JSON, whose SHA-256 in its canonical form is `hash`; null until it
-- is ready. `wish` is what was asked for; null where the plan was brought from elsewhere. It holds no secret.
CREATE TABLE plan (
  id       INTEGER PRIMARY KEY,
  state    TEXT NOT NULL CHECK (state IN ('making', 'ready', 'failed')),
  message  TEXT NOT NULL DEFAULT '',
  made_at  TEXT NOT NULL,
  wish     TEXT CHECK (json_valid(wish)),
  body     TEXT CHECK (json_valid(body)),
  hash     TEXT,
  read     INTEGER NOT NULL DEFAULT 0,
  total    INTEGER NOT NULL DEFAULT 0,
  CHECK ((state = 'ready') = (body IS NOT NULL AND hash IS NOT NULL))
) STRICT;

CREATE INDEX plan_being_made ON plan (id) WHERE state = 'making';

-- One execution of a plan. `direction`: whether it goes on to its end, or takes everything back. `due_at`: until when
-- logs are watched. The new key is its public half alone.
CREATE TABLE run (
  id          INTEGER PRIMARY KEY,
  plan        INTEGER NOT NULL REFERENCES plan (id),
  token       TEXT NOT NULL UNIQUE,
  kind        TEXT NOT NULL,
  title       TEXT NOT NULL,
  state       TEXT NOT NULL CHECK (state IN (
                'running', 'paused', 'stopped', 'interrupted', 'waiting', 'committed', 'rolled-back', 'needs-attention')),
  direction   TEXT NOT NULL DEFAULT 'forward' CHECK (direction IN ('forward', 'back')),
  started_at  TEXT NOT NULL,
  ended_at    TEXT,
  due_at      TEXT,
  message     TEXT NOT NULL DEFAULT '',
  by_hand     TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(by_hand)),
  consents    TEXT NOT NULL CHECK (json_valid(consents)),
  key_line    TEXT,
  fingerprint TEXT,
  hosts       INTEGER NOT NULL,
  adds        INTEGER NOT NULL,
  changes     INTEGER NOT NULL,
  removes     INTEGER NOT NULL
) STRICT;

CREATE INDEX run_of_plan ON run (plan);

CREATE INDEX run_by_start ON run (started_at, id);

-- What is not over: at most a few, whatever the number of runs.
CREATE INDEX run_not_over ON run (state, id) WHERE state NOT IN ('committed', 'rolled-back');

-- What has come of each step so far. A host that no step names yet has none; `host` is empty for this computer.
CREATE TABLE run_step (
  run     INTEGER NOT NULL REFERENCES run (id),
  ordinal INTEGER NOT NULL,
  phase   TEXT NOT NULL CHECK (phase IN ('make-key', 'add', 'hand-over', 'remove', 'commit')),
  host    TEXT NOT NULL,
  port    INTEGER NOT NULL,
  batch   INTEGER NOT NULL,
  state   TEXT NOT NULL CHECK (state IN (
            'planned', 'intended', 'acted', 'proved', 'undone', 'failed', 'needs-attention')),
  message TEXT NOT NULL DEFAULT '',
  at      TEXT,
  PRIMARY KEY (run, ordinal)
) STRICT, WITHOUT ROWID;

-- The journal: a row before each act, and one after what came of it.
CREATE TABLE run_entry (
  id      INTEGER PRIMARY KEY,
  run     INTEGER NOT NULL REFERENCES run (id),
  ordinal INTEGER,
  at      TEXT NOT NULL,
  kind    TEXT NOT NULL CHECK (kind IN ('intends', 'acted', 'proved', 'undone', 'failed', 'note')),
  text    TEXT NOT NULL
) STRICT;

CREATE INDEX run_entry_of_run ON run_entry (run, id);
