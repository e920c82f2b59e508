import type { Database } from "better-sqlite3";
import type { LoginFilter, ObservedFilter } from "#shared/contract/access/logins.ts";
import {
  EntryMethod,
  type LoginBaseline,
  LoginFacts,
  type LoginObservation,
  LoginRow,
  LoginObservation as Observation,
} from "#shared/model/access/login.ts";
import type { LogWindow, UseEvidence } from "#shared/model/hosts/host-use.ts";
import type { Listed, Lists, Window } from "#store/lists/lists.ts";
import type { Part } from "#store/lists/order.ts";
import { eachWordOfHost, isAscii, splitWords, toPattern } from "#store/lists/search.ts";
import { loginAcceptanceTable } from "./observation-table.ts";

type LoginQuery = Window & LoginFilter & { sort: { by: "day"; descending: boolean } };

type ObservedQuery = Window &
  ObservedFilter & { sort: { by: "severity" | "lastAt"; descending: boolean }; now: string };

/** The account that has the name now. */
const ACCOUNT_ID = (table: string) => `(SELECT account.id FROM account
  WHERE account.host = ${table}.host AND account.name = ${table}.account AND account.gone_scan IS NULL) AS account_id`;

const COLUMNS = `login_day.id AS id, host_name, port, account, ${ACCOUNT_ID("login_source")}, method, means, address, day,
  count, in_journal, hours, first_at, last_at, in_baseline`;

type DayRow = {
  id: number;
  host_name: string;
  port: number;
  account: string;
  account_id: number | null;
  method: string;
  means: string;
  address: string;
  day: number;
  count: number;
  in_journal: number;
  hours: number;
  first_at: string;
  last_at: string;
  in_baseline: number;
};

/** Logins of all hosts by day, as their logs have them. */
function loginList(lists: Lists) {
  const size = () => lists.sum("login_day", []);

  return {
    list(query: LoginQuery): Listed<LoginRow> {
      const { search, host, account, from, method, since, until, sort, ...page } = query;
      const where = [
        ...wordsIn(search),
        ...ofSource("host_name", host),
        ...ofSource("account", account),
        ...ofSource("address", from),
        ...ofSource("method", method),
        ...(since === null ? [] : [{ sql: "day >= ?", values: [toDay(since)] }]),
        ...(until === null ? [] : [{ sql: "day <= ?", values: [toDay(until)] }]),
      ];
      return lists.list(
        {
          select: COLUMNS,
          // The order of this join is the order of the list.
          from: "login_day CROSS JOIN login_source ON login_source.id = login_day.source",
          where,
          sort: {
            name: sort.by,
            columns: ["day", "last_at", "login_day.id"],
            descending: sort.descending,
          },
          ...page,
          size,
          ...(where.length === 0 ? { total: size } : {}),
        },
        toRow,
      );
    },
  };

  /** Each word is in the source, or is what its host calls itself. */
  function wordsIn(search: string): Part[] {
    return splitWords(search).map((word) => {
      const called = lists.calledHosts(word);
      const phrase = isAscii(word) ? lists.phraseOf("login_source", word) : null;
      const found = phrase?.isWhole
        ? {
            sql: "SELECT rowid FROM login_source_search WHERE login_source_search MATCH ?",
            values: [phrase.match],
          }
        : {
            sql: "SELECT id FROM login_source WHERE search_text LIKE ? ESCAPE '\\'",
            values: [toPattern(word)],
          };
      const own = called
        ? {
            sql: " UNION SELECT id FROM login_source WHERE host_name IN (SELECT value FROM json_each(?))",
            values: [called.names],
          }
        : { sql: "", values: [] };
      const sql = `login_day.source IN (${found.sql}${own.sql})`;
      const values = [...found.values, ...own.values];
      return { sql, values, walk: { sql: `+${sql}`, values } };
    });
  }
}

const ofSource = (column: string, value: string | null): Part[] =>
  value === null
    ? []
    : [
        {
          sql: `login_day.source IN (SELECT id FROM login_source WHERE ${column} = ?)`,
          values: [value],
          walk: { sql: `login_source.${column} = ?`, values: [value] },
        },
      ];

const DAY_MS = 86_400_000;
const toDay = (date: string): number => Math.floor(Date.parse(date) / DAY_MS);
const dateOf = (day: number): string => new Date(day * DAY_MS).toISOString().slice(0, 10);

const hoursOf = (bits: number): number[] =>
  Array.from({ length: 24 }, (_, hour) => hour).filter((hour) => (bits & (1 << hour)) !== 0);

const toRow = (row: DayRow): LoginRow =>
  LoginRow.parse({
    id: row.id,
    host: row.host_name,
    port: row.port,
    account: row.account,
    accountId: row.account_id,
    method: EntryMethod.parse(row.method),
    by: row.means,
    from: row.address,
    day: dateOf(row.day),
    count: row.count,
    inJournal: row.in_journal,
    hours: hoursOf(row.hours),
    firstAt: row.first_at,
    lastAt: row.last_at,
    isInBaseline: row.in_baseline > 0,
  });

/** The acceptance that holds at @now and covers what is known by now. */
const HOLDING = `
  FROM login_acceptance AS given
  WHERE given.observation = login_observation.id AND given.withdrawn_at IS NULL AND given.until > @now
    AND given.weight >= login_observation.weight
    AND (given.evidence = 'journal' OR login_observation.evidence = 'file')`;

const OBSERVED = `login_observation.id AS id, host_name, port, account, ${ACCOUNT_ID("login_observation")}, subject, method,
  means, address, first_at, last_at, evidence, severity, facts,
  (SELECT json_object('reason', given.reason, 'until', given.until, 'acceptedAt', given.accepted_at) ${HOLDING}) AS accepted`;

type ObservedRow = {
  id: number;
  host_name: string;
  port: number;
  account: string;
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

const SORTED_BY = {
  severity: ["login_observation.weight", "last_at", "login_observation.id"],
  lastAt: ["last_at", "login_observation.id"],
} as const;

/** Logins that stand out, on all hosts. */
function observationList(db: Database, lists: Lists) {
  const size = () => lists.sum("login_observation", []);
  const find = db.prepare<{ id: number; now: string }, ObservedRow & { host: number; lines: string }>(
    `SELECT ${OBSERVED}, host, lines FROM login_observation WHERE id = CAST(@id AS INTEGER)`,
  );

  return {
    list(query: ObservedQuery): Listed<LoginObservation> {
      const { search, host, account, from, rule, accepted, sort, now, ...page } = query;
      return lists.list(
        {
          select: OBSERVED,
          from: "login_observation",
          where: [
            ...eachWordOfHost(search, "search_text", {
              calledHosts: lists.calledHosts,
              column: { sql: "host_name", has: "names" },
            }),
            ...equal("host_name", host),
            ...equal("account", account),
            ...equal("address", from),
            ...equal("rule", rule),
            { sql: `${accepted ? "" : "NOT "}EXISTS (SELECT 1 ${HOLDING})`, values: [] },
          ],
          sort: { name: sort.by, columns: SORTED_BY[sort.by], descending: sort.descending },
          named: { now },
          ...page,
          size,
          idColumn: "login_observation.id",
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

/** What the logs of all hosts have of logins, which of them stand out, and what was accepted. */
export function loginStore(db: Database, lists: Lists) {
  const { list } = loginList(lists);
  const observations = observationList(db, lists);
  const { of, learning } = baselineReader(db);
  return {
    list,
    observed: observations.list,
    find: observations.find,
    baselineOf: of,
    learning,
    ...loginAcceptanceTable(db),
  };
}

type BaselineRow = {
  method: string;
  means: string;
  address: string;
  day: number;
  count: number;
  in_journal: number;
  hours: number;
  hours_in_journal: number;
};

/** So many addresses, and so many keys and methods, of a baseline are shown: those of most days. */
const MOST_SHOWN = 50;

/** So many hosts without a baseline are named. */
const MOST_LEARNING = 200;

const WITHOUT_BASELINE = `
  FROM host WHERE last_read IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM login_baseline WHERE login_baseline.host = host.id AND evidence = 'all')
    AND (@host IS NULL OR host.host = @host)`;

export function baselineReader(db: Database) {
  const spans = db.prepare<[number, string], { from: number; to: number }>(
    'SELECT from_day AS "from", to_day AS "to" FROM login_baseline WHERE host = ? AND evidence = ?',
  );
  const days = db.prepare<[number, string, number], BaselineRow>(`
    SELECT method, means, address, day, count, in_journal, hours, hours_in_journal
    FROM login_source JOIN login_day ON login_day.source = login_source.id
    WHERE host = ? AND account = ? AND in_baseline & ? > 0 AND method <> 'su'`);
  const learning = db.prepare<{ host: string | null }, { id: number; host: string; port: number }>(
    `SELECT id, host, port ${WITHOUT_BASELINE} ORDER BY host, port LIMIT ${MOST_LEARNING}`,
  );
  const countLearning = db
    .prepare<{ host: string | null }, number>(`SELECT count(*) ${WITHOUT_BASELINE}`)
    .pluck();
  const windows = db.prepare<[number], LogWindow>(
    'SELECT source, from_at AS "from", to_at AS "to" FROM log_window WHERE host = ?',
  );

  return {
    /** What is usual for an account: by the journal alone where that reaches far enough, and was asked for. */
    of(host: number, account: string, evidence: UseEvidence): LoginBaseline | null {
      const byJournal = evidence === "journal" ? spans.get(host, "journal") : undefined;
      const span = byJournal ?? spans.get(host, "all");
      if (!span) return null;
      const isJournal = byJournal !== undefined;
      const rows = days.all(host, account, isJournal ? 2 : 1);
      const addresses = group(
        rows.filter(({ address }) => address !== ""),
        ({ address }) => address,
      );
      const methods = group(rows, ({ method, means }) => JSON.stringify([method, means]));
      return {
        evidence: isJournal ? "journal" : "file",
        from: dateOf(span.from),
        to: dateOf(span.to),
        loginDays: new Set(rows.map(({ day }) => day)).size,
        count: rows.reduce((sum, { count, in_journal }) => sum + (isJournal ? in_journal : count), 0),
        addresses: addresses.map(({ first, days }) => ({ from: first.address, days })),
        methods: methods.map(({ first, days }) => ({
          method: EntryMethod.parse(first.method),
          by: first.means,
          days,
        })),
        hours: hoursOf(rows.reduce((bits, row) => bits | (isJournal ? row.hours_in_journal : row.hours), 0)),
      };
    },

    /** Hosts that were read, and whose logs do not reach far enough for a baseline, with what they cover. */
    learning: (host: string | null) => ({
      total: countLearning.get({ host }) ?? 0,
      hosts: learning.all({ host }).map(({ id, ...address }) => ({ ...address, windows: windows.all(id) })),
    }),
  };
}

function group(
  rows: readonly BaselineRow[],
  nameOf: (row: BaselineRow) => string,
): { first: BaselineRow; days: number }[] {
  return [...Map.groupBy(rows, nameOf).values()]
    .flatMap((some) => {
      const [first] = some;
      return first ? [{ first, days: new Set(some.map(({ day }) => day)).size }] : [];
    })
    .toSorted((one, other) => other.days - one.days)
    .slice(0, MOST_SHOWN);
}
