import type { Database } from "better-sqlite3";
import type { LoginFilter } from "#shared/contract/access/logins.ts";
import {
  EntryMethod,
  type LoginBaseline,
  LoginRow,
  type NamedAccount,
  type OwnReason,
} from "#shared/model/access/login.ts";
import type { LogWindow, UseEvidence } from "#shared/model/hosts/host-use.ts";
import type { Total } from "#shared/model/total.ts";
import type { Listed, Lists, Window } from "#store/lists/lists.ts";
import type { Part } from "#store/lists/order.ts";
import { isAscii, splitWords, toPattern } from "#store/lists/search.ts";
import { UID_OF_DAY } from "./login-day-table.ts";
import { ACCOUNT_ID, loginAcceptanceTable, observationList } from "./observation-table.ts";

type LoginQuery = Window & LoginFilter & { sort: { by: "day"; descending: boolean } };

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
  const total = () => lists.count("login_day", []);

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
          size: () => leastOf(total()),
          ...(where.length === 0 ? { total } : {}),
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

/** What is not counted to the end is at least as much. */
const leastOf = (total: Total): number => (typeof total === "number" ? total : total.moreThan);

const toDay = (date: string): number => Math.floor(Date.parse(date) / 86_400_000);

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

/** What the logs of all hosts have of logins, which of them stand out, and what was accepted. */
export function loginStore(db: Database, lists: Lists) {
  const { list } = loginList(lists);
  const observations = observationList(db, lists);
  return {
    list,
    observed: observations.list,
    find: observations.find,
    baselineOf: baselineReader(db),
    learning: learningReader(db),
    ...loginAcceptanceTable(db),
  };
}

const DAY_MS = 86_400_000;

const dateOf = (day: number): string => new Date(day * DAY_MS).toISOString().slice(0, 10);

const hoursOf = (bits: number): number[] =>
  Array.from({ length: 24 }, (_, hour) => hour).filter((hour) => (bits & (1 << hour)) !== 0);

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

/** So many hosts and accounts without a baseline are named. */
const MOST_LEARNING = 200;

/** Of the evidence that a host's accounts go by: the journal alone where its baseline is made, else all logs. */
const MADE = (evidence: string) => `EXISTS (
  SELECT 1 FROM login_baseline AS made
  WHERE made.host = host.id AND made.account = '' AND made.to_day IS NOT NULL AND ${evidence})`;

const WITHOUT_BASELINE = `
  FROM host WHERE last_read IS NOT NULL AND NOT ${MADE("true")} AND (@host IS NULL OR host.host = @host)`;

const WITHOUT_OWN = `
  FROM login_baseline AS own INDEXED BY login_baseline_learning JOIN host ON host.id = own.host
  WHERE own.to_day IS NULL AND own.account <> '' AND ${MADE("made.evidence = own.evidence")}
    AND (own.evidence = 'journal' OR NOT ${MADE("made.evidence = 'journal'")})
    AND EXISTS (
      SELECT 1 FROM account
      WHERE account.host = own.host AND account.name = own.account AND account.uid = own.uid AND account.gone_scan IS NULL)
    AND (@host IS NULL OR host.host = @host)`;

type OwnRow = {
  id: number;
  host: string;
  port: number;
  account: string;
  evidence: "journal" | "all";
  from: number;
  reason: OwnReason;
};

/** What is too short for a baseline: with the logs that were read of it. */
type Learning = {
  total: number;
  hosts: { host: string; port: number; isCut: boolean; windows: LogWindow[] }[];
  accountTotal: number;
  accounts: (Omit<OwnRow, "id" | "evidence" | "from"> & { windows: LogWindow[] })[];
};

type Where = { host: string | null };

function learningReader(db: Database): (host: string | null) => Learning {
  const hosts = db.prepare<
    { host: string | null },
    { id: number; host: string; port: number; isCut: number }
  >(`
    SELECT id, host, port, EXISTS (
      SELECT 1 FROM login_baseline WHERE login_baseline.host = host.id AND account = '' AND reason = 'cut') AS isCut
    ${WITHOUT_BASELINE} ORDER BY host, port LIMIT ${MOST_LEARNING}`);
  const accounts = db.prepare<Where, OwnRow>(`
    SELECT host.id, host.host, port, own.account, own.evidence, own.from_day AS "from", own.reason
    ${WITHOUT_OWN} ORDER BY own.host, own.account LIMIT ${MOST_LEARNING}`);
  const countHosts = db.prepare<Where, number>(`SELECT count(*) ${WITHOUT_BASELINE}`).pluck();
  const countAccounts = db.prepare<Where, number>(`SELECT count(*) ${WITHOUT_OWN}`).pluck();
  const windowsOf = db.prepare<[number], LogWindow>(
    'SELECT source, from_at AS "from", to_at AS "to" FROM log_window WHERE host = ?',
  );
  return (host) => ({
    total: countHosts.get({ host }) ?? 0,
    hosts: hosts.all({ host }).map(({ id, isCut, ...address }) => ({
      ...address,
      isCut: isCut === 1,
      windows: windowsOf.all(id),
    })),
    accountTotal: countAccounts.get({ host }) ?? 0,
    accounts: accounts.all({ host }).map(({ id, evidence, from, ...own }) => ({
      ...own,
      windows: windowsOf
        .all(id)
        .filter(({ source, to }) => (evidence === "all" || source === "journal") && to > dateOf(from))
        .map((window) => ({
          ...window,
          from: window.from < dateOf(from) ? `${dateOf(from)}T00:00:00Z` : window.from,
        })),
    })),
  });
}

type SpanRow = { from: number; to: number | null; reason: OwnReason | null };

/** What is usual for accounts. */
export function baselineReader(db: Database) {
  const spans = db.prepare<{ host: number; account: string; uid: number; which: string }, SpanRow>(`
    SELECT from_day AS "from", to_day AS "to", reason FROM login_baseline
    WHERE host = @host AND account = @account AND uid = CAST(@uid AS INTEGER) AND evidence = @which`);
  const days = db.prepare<{ host: number; account: string; uid: number; bit: number }, BaselineRow>(`
    SELECT method, means, address, day, count, in_journal, hours, hours_in_journal
    FROM login_source JOIN login_day ON login_day.source = login_source.id
    WHERE host = @host AND account = @account AND in_baseline & CAST(@bit AS INTEGER) > 0 AND method <> 'su'
      AND ${UID_OF_DAY} = CAST(@uid AS INTEGER)`);

  /** By the journal alone where that reaches far enough, and was asked for. Null while an account's days are too few. */
  return (host: number, named: NamedAccount, evidence: UseEvidence): LoginBaseline | null => {
    const account = { host, account: named.account, uid: named.uid ?? -1 };
    const ofHost = (which: "journal" | "all") => {
      const span = spans.get({ host, account: "", uid: -1, which });
      return span && span.to !== null ? span : undefined;
    };
    const byJournal = evidence === "journal" ? ofHost("journal") : undefined;
    const isJournal = byJournal !== undefined;
    const span =
      spans.get({ ...account, which: isJournal ? "journal" : "all" }) ?? byJournal ?? ofHost("all");
    if (!span || span.to === null) return null;
    const rows = days.all({ ...account, bit: isJournal ? 2 : 1 });
    const addresses = group(
      rows.filter(({ address }) => address !== ""),
      ({ address }) => address,
    );
    const methods = group(rows, ({ method, means }) => JSON.stringify([method, means]));
    return {
      evidence: isJournal ? "journal" : "file",
      reason: span.reason,
      isPartial: rows.some(({ address }) => address === ""),
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
