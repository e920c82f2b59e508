import type { Database } from "better-sqlite3";
import type { ObservedFilter } from "#shared/contract/access/logins.ts";
import {
  LoginFacts,
  type LoginObservation,
  LoginObservation as Observation,
  type ObservedLogin,
  shareOf,
} from "#shared/model/access/login.ts";
import type { Instant } from "#shared/model/instant.ts";
import type { Listed, Lists, Window } from "#store/lists/lists.ts";
import type { Part } from "#store/lists/order.ts";
import { searchIn } from "#store/lists/word-search.ts";

type Home = { id: number; host: string; port: number };

const SURER = "evidence = 'file' AND @evidence = 'journal'";
const WORSE = "weight < CAST(@weight AS INTEGER) AND (evidence = 'file' OR @evidence = 'journal')";
const replaced = (column: string, value: string) =>
  `${column} = iif(${SURER} OR ${WORSE}, ${value}, ${column})`;

/**
 * What another reading adds to an observation: it begins as early and ends as late as any of them saw. The surest evidence and
 * the highest severity stay, with the facts and lines of the first that had them; what a plain file says more severely of what
 * the journal has raises the severity alone.
 */
const KEEP = `
  INSERT INTO login_observation (host, host_name, port, account, uid, rule, subject, method, means, address, first_at,
    last_at, evidence, severity, facts, lines)
  VALUES (@id, @host, @port, @account, ifnull(@uid, -1), @rule, @subject, @method, @by, @from, @firstAt, @lastAt, @evidence, @severity,
    @facts, @lines)
  ON CONFLICT (host, account, uid, rule, subject) DO UPDATE
  SET first_at = min(first_at, @firstAt), last_at = max(last_at, @lastAt),
      ${replaced("method", "@method")},
      ${replaced("means", "@by")},
      ${replaced("address", "@from")},
      ${replaced("facts", "@facts")},
      ${replaced("lines", "@lines")},
      severity = CASE WHEN weight >= CAST(@weight AS INTEGER) THEN severity ELSE @severity END,
      evidence = iif(@evidence = 'journal', 'journal', evidence)
  WHERE first_at > @firstAt OR last_at < @lastAt OR weight < CAST(@weight AS INTEGER)
    OR ${SURER}`;

const WEIGHTS: Record<ObservedLogin["severity"], number> = {
  critical: 4,
  high: 3,
  medium: 2,
  low: 1,
  info: 0,
};

/** So many of one host are kept, beside those that somebody has ever accepted. */
const MOST_OF_HOST = 5_000;

const UNDECIDED = `FROM login_observation WHERE host = ?
  AND NOT EXISTS (SELECT 1 FROM login_acceptance WHERE observation = login_observation.id)`;

/**
 * Stores logins that stand out. Of an account that has more than its share go what plain files alone show, then what weighs
 * least, then the oldest.
 */
export function observationWriter(db: Database, most = MOST_OF_HOST) {
  const keepOne = db.prepare(KEEP);
  const sizes = db.prepare<[number], { account: string; count: number }>(
    `SELECT account, count(*) AS count ${UNDECIDED} GROUP BY account`,
  );
  const dropMore = db.prepare(`
    DELETE FROM login_observation WHERE id IN (
      SELECT id ${UNDECIDED} AND account = ? ORDER BY evidence = 'journal', weight, last_at LIMIT ?)`);
  return {
    keep(home: Home, observed: readonly ObservedLogin[]): void {
      if (observed.length === 0) return;
      for (const one of observed)
        keepOne.run({
          ...one,
          ...home,
          rule: one.facts.rule,
          weight: WEIGHTS[one.severity],
          facts: JSON.stringify(one.facts),
          lines: JSON.stringify(one.lines),
        });
      const accounts = sizes.all(home.id);
      const share = shareOf(
        accounts.map(({ count }) => count),
        most,
      );
      for (const { account, count } of accounts)
        if (count > share) dropMore.run(home.id, account, count - share);
    },
  };
}

type Acceptance = { reason: string; until: string; acceptedAt: Instant };

/** What somebody has accepted of logins that stand out. Lists compare the day with their own clock. */
export function loginAcceptanceTable(db: Database) {
  const withdraw = db.prepare(
    "UPDATE login_acceptance SET withdrawn_at = @at WHERE observation = CAST(@id AS INTEGER) AND withdrawn_at IS NULL",
  );
  const add = db.prepare(`
    INSERT INTO login_acceptance (observation, evidence, weight, reason, until, accepted_at)
    SELECT id, evidence, weight, @reason, @until, @acceptedAt FROM login_observation WHERE id = CAST(@id AS INTEGER)`);
  return {
    /** Replaces what was accepted before. It covers what is known by now. */
    accept(id: number, acceptance: Acceptance): void {
      withdraw.run({ id, at: acceptance.acceptedAt });
      add.run({ id, ...acceptance });
    },

    /** False where nothing was accepted. */
    withdraw: (id: number, at: Instant): boolean => withdraw.run({ id, at }).changes > 0,
  };
}

type ObservedQuery = Window &
  ObservedFilter & { sort: { by: "severity" | "lastAt"; descending: boolean }; now: string };

/** The account that has the name now. */
export const ACCOUNT_ID = (table: string) => `(SELECT account.id FROM account
  WHERE account.host = ${table}.host AND account.name = ${table}.account AND account.gone_scan IS NULL) AS account_id`;

/** The acceptance that holds at @now and covers what is known by now. */
const HOLDS = `given.withdrawn_at IS NULL AND given.until > @now AND given.weight >= login_observation.weight
  AND (given.evidence = 'journal' OR login_observation.evidence = 'file')`;

const HOLDING = `FROM login_acceptance AS given WHERE given.observation = login_observation.id AND ${HOLDS}`;

/** Few are accepted of all that stand out: a list of these begins with the acceptances. */
const ACCEPTED = `(SELECT * FROM login_acceptance WHERE withdrawn_at IS NULL) AS given
  CROSS JOIN login_observation ON login_observation.id = given.observation`;

/** The account itself, where it is there now. */
const OBSERVED_ACCOUNT = `(SELECT account.id FROM account
  WHERE account.host = login_observation.host AND account.name = login_observation.account
    AND account.uid = login_observation.uid AND account.gone_scan IS NULL) AS account_id`;

const OBSERVED = `login_observation.id AS id, host_name, port, account, nullif(uid, -1) AS uid, ${OBSERVED_ACCOUNT}, subject, method,
  means, address, first_at, last_at, login_observation.evidence, severity, facts,
  (SELECT json_object('reason', given.reason, 'until', given.until, 'acceptedAt', given.accepted_at) ${HOLDING}) AS accepted`;

type ObservedRow = {
  id: number;
  host_name: string;
  port: number;
  account: string;
  uid: number | null;
  account_id: number | null;
  subject: string;
  method: string;
  means: string;
  address: string;
  first_at: string;
  last_at: string;
  evidence: string;
  severity: string;
  facts: string;
  accepted: string | null;
};

const ID = "login_observation.id";

const OF_HOSTS = {
  ids: "SELECT id FROM login_observation WHERE 1",
  column: { sql: "host_name", has: "names" },
} as const;

const SORTED_BY = {
  severity: ["login_observation.weight", "last_at", ID],
  lastAt: ["last_at", ID],
} as const;

/** Logins that stand out, on all hosts. */
export function observationList(db: Database, lists: Lists) {
  const find = db.prepare<{ id: number; now: string }, ObservedRow & { host: number; lines: string }>(
    `SELECT ${OBSERVED}, host, lines FROM login_observation WHERE id = CAST(@id AS INTEGER)`,
  );
  const largest = db.prepare<[], number>("SELECT ifnull(max(id), 0) FROM login_observation").pluck();
  const size = () => largest.get() ?? 0;
  const matching = searchIn(lists, {
    table: "login_observation",
    text: "search_text",
    ofHosts: OF_HOSTS,
    size,
    id: ID,
  });

  return {
    list(query: ObservedQuery): Listed<LoginObservation> {
      const { search, host, account, from, rule, accepted, sort, now, ...page } = query;
      const matches = matching(search);
      return lists.list(
        {
          select: OBSERVED,
          from: accepted ? ACCEPTED : "login_observation",
          where: [
            ...matches.where,
            ...equal("host_name", host),
            ...equal("account", account),
            ...equal("address", from),
            ...equal("rule", rule),
            { sql: accepted ? HOLDS : `NOT EXISTS (SELECT 1 ${HOLDING})`, values: [] },
          ],
          sort: { name: sort.by, columns: SORTED_BY[sort.by], descending: sort.descending },
          named: { now },
          ...page,
          // A walk in the order of the list, of the accepted ones as of all: their ids are kept.
          size: () => 0,
          idColumn: ID,
          found: matches.found,
        },
        toObservation,
      );
    },

    /** Null where there is none. */
    find(id: number, now: string) {
      const row = find.get({ id, now });
      return row
        ? { ...toObservation(row), hostId: row.host, lines: JSON.parse(row.lines) as string[] }
        : null;
    },
  };
}

const equal = (column: string, value: string | null): Part[] =>
  value === null
    ? []
    : [{ sql: `${column} = ?`, values: [value], walk: { sql: `+${column} = ?`, values: [value] } }];

const toObservation = (row: ObservedRow): LoginObservation =>
  Observation.parse({
    ...row,
    host: row.host_name,
    accountId: row.account_id,
    by: row.means,
    from: row.address,
    firstAt: row.first_at,
    lastAt: row.last_at,
    facts: LoginFacts.parse(JSON.parse(row.facts)),
    acceptance: row.accepted === null ? null : JSON.parse(row.accepted),
  });
