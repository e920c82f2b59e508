import type { Database } from "better-sqlite3";
import {
  type AddressedDay,
  type BaselineSpans,
  EntryMethod,
  type KnownLogins,
  keyOfAccount,
  type LoginDay,
  type NameSpan,
  type OwnBaseline,
  shareOf,
} from "#shared/model/access/login.ts";
import { evidenceOf, type LogWindow } from "#shared/model/hosts/host-use.ts";
import type { Instant } from "#shared/model/instant.ts";
import type { CollectedHost } from "#store/probe-record.ts";
import { loginTable, mergeUse } from "./login-table.ts";
import { observationWriter } from "./observation-table.ts";

/** Logins are kept for so many days before the last one of their host; those of a baseline, for ever. */
const MOST_DAYS = 400;

/** So many days of one host are kept. */
const MOST_OF_HOST = 100_000;

const BASELINE = { all: 1, journal: 2 } as const;

type DayRow = {
  id: number;
  source: number;
  account: string;
  method: string;
  means: string;
  address: string;
  day: number;
  count: number;
  in_journal: number;
  hours: number;
  hours_in_journal: number;
  first_at: string;
  last_at: string;
};

const COLUMNS = `login_day.id, login_day.source, account, method, means, address, day, count, in_journal, hours,
  hours_in_journal, first_at, last_at`;

const OF_HOST = "FROM login_source JOIN login_day ON login_day.source = login_source.id WHERE host = ?";

type Address = { host: string; port: number };

type Limits = { mostOfHost?: number; mostObserved?: number };

/** Stores the days with logins of hosts, and gives them back to whoever compares a reading with them. */
export function loginDayTable(db: Database, { mostOfHost = MOST_OF_HOST, mostObserved }: Limits = {}) {
  const uses = loginTable(db);
  const observations = observationWriter(db, mostObserved);
  const findHost = db
    .prepare<Address, number>("SELECT id FROM host WHERE host = @host AND port = @port")
    .pluck();
  const findSpans = db.prepare<[number, string], OwnBaseline>(`
    SELECT account, nullif(uid, -1) AS uid, from_day AS "from", to_day AS "to", reason
    FROM login_baseline WHERE host = ? AND evidence = ?`);
  const ofBaseline = db.prepare<[number, number], DayRow>(
    `SELECT ${COLUMNS} ${OF_HOST} AND in_baseline & ? > 0`,
  );
  const untilDay = db.prepare<[number, number], DayRow>(`SELECT ${COLUMNS} ${OF_HOST} AND day <= ?`);
  const sinceDay = db.prepare<[number, number], DayRow>(`SELECT ${COLUMNS} ${OF_HOST} AND day >= ?`);
  const active = db.prepare<[number], ActiveRow>(`
    SELECT account, method, means AS "by", day, max(last_at) AS lastAt,
      max(in_journal > 0) AS isInJournal,
      sum(iif(address = '', 0, count)) AS addressed, sum(iif(address = '', 0, in_journal)) AS addressedInJournal
    ${OF_HOST}
    GROUP BY account, method, means, day`);
  const recallNames = nameReader(db);
  const write = dayWriter(db, mostOfHost);
  const mark = markWriter(db);

  return { recallLogins, keep };

  /** What is known of a host, with the windows of one more reading. */
  function recallLogins(address: Address, windows: readonly LogWindow[]): KnownLogins {
    const host = findHost.get(address) ?? null;
    if (host === null) return { ...NOTHING_KNOWN, windows };
    const spans = { journal: spansOf(host, "journal"), all: spansOf(host, "all") };
    const marked = (which: keyof typeof BASELINE) =>
      spans[which].host === null ? [] : ofBaseline.all(host, BASELINE[which]).map(toDay);
    const { names, hostSince } = recallNames(host);
    const before = uses.of(host);
    return {
      spans,
      readUntil: {
        journal: lastOf(before.windows.filter(({ source }) => evidenceOf(source) === "journal")),
        all: lastOf(before.windows),
      },
      baseline: { journal: marked("journal"), all: marked("all") },
      until: (day) => untilDay.all(host, day).map(toDay),
      active: active.all(host).map(toActive),
      names,
      hostSince,
      windows: mergeUse(before, { logins: [], windows: [...windows] }).windows,
    };
  }

  function spansOf(host: number, which: keyof typeof BASELINE): BaselineSpans {
    const own = new Map(findSpans.all(host, which).map((span) => [keyOfAccount(span), span]));
    const ofHost = own.get("");
    if (!ofHost || ofHost.to === null) return { host: null, own };
    own.delete("");
    return { host: { from: ofHost.from, to: ofHost.to }, own };
  }

  /** Stores a reading: what an earlier one saw stays, and the same one twice changes nothing. */
  function keep(home: { id: number } & Address, { days, reading }: CollectedHost["logins"]): void {
    const oldest = days.reduce((least, { day }) => Math.min(least, day), Number.MAX_SAFE_INTEGER);
    const known = days.length === 0 ? [] : sinceDay.all(home.id, oldest);
    write(home, days, new Map(known.map((row) => [nameOf(toDay(row)), row])));
    if (reading === null) return;
    for (const which of ["all", "journal"] as const) mark(home.id, which, reading.spans[which]);
    observations.keep(home, reading.observed);
  }
}

type NameRow = {
  name: string;
  uid: number;
  since: Instant;
  until: Instant | null;
  lastSeenAt: Instant;
  isGone: number;
};

const presentLast = (one: NameRow, other: NameRow): number =>
  Number(one.until === null) - Number(other.until === null);

/** Which accounts have had each name of a host, in the order of time, and since when the first of its accounts is known. */
function nameReader(db: Database) {
  const rows = db.prepare<{ host: number }, NameRow>(`
    SELECT account.name, former.uid, former.since_at AS since, former.until_at AS "until",
      former.until_at AS lastSeenAt, 0 AS isGone
    FROM account JOIN former_account AS former ON former.account = account.id
    WHERE account.host = @host
    UNION ALL
    SELECT account.name, account.uid,
      max(begun.started_at,
        ifnull((SELECT max(replaced_at) FROM former_account AS former WHERE former.account = account.id), '')),
      NULL, seen.started_at, account.gone_scan IS NOT NULL
    FROM account JOIN scan AS begun ON begun.id = account.first_scan JOIN scan AS seen ON seen.id = account.last_scan
    WHERE account.host = @host
    ORDER BY lastSeenAt`);

  return (host: number): { names: Map<string, NameSpan[]>; hostSince: Instant | null } => {
    const all = rows.all({ host }).toSorted(presentLast);
    const names = new Map<string, NameSpan[]>();
    for (const { name, since, isGone, ...row } of all)
      names.set(name, [...(names.get(name) ?? []), { ...row, since: isGone === 1 ? null : since }]);
    return { names, hostSince: all.map(({ since }) => since).sort()[0] ?? null };
  };
}

const nameOf = ({ account, method, by, from, day }: LoginDay): string =>
  JSON.stringify([account, method, by, from, day]);

const toActive = ({ method, isInJournal, ...row }: ActiveRow): AddressedDay => ({
  ...row,
  method: EntryMethod.parse(method),
  isInJournal: isInJournal === 1,
});

type ActiveRow = {
  account: string;
  method: string;
  by: string;
  day: number;
  lastAt: Instant;
  isInJournal: number;
  addressed: number;
  addressedInJournal: number;
};

const NOTHING_KNOWN: Omit<KnownLogins, "windows"> = {
  spans: { journal: { host: null, own: new Map() }, all: { host: null, own: new Map() } },
  readUntil: { journal: null, all: null },
  baseline: { journal: [], all: [] },
  until: () => [],
  active: [],
  names: new Map(),
  hostSince: null,
};

const lastOf = (windows: readonly LogWindow[]): Instant | null =>
  windows.reduce<Instant | null>((last, { to }) => (last === null || to > last ? to : last), null);

const toDay = (row: DayRow): LoginDay => ({
  account: row.account,
  method: EntryMethod.parse(row.method),
  by: row.means,
  from: row.address,
  day: row.day,
  count: row.count,
  inJournal: row.in_journal,
  hours: row.hours,
  hoursInJournal: row.hours_in_journal,
  firstAt: row.first_at,
  lastAt: row.last_at,
});

/** Writes what is new, or more than was known; and drops what is too old, or too much. */
function dayWriter(db: Database, mostOfHost: number) {
  const findSource = db
    .prepare<object, number>(`
      SELECT id FROM login_source
      WHERE host = @id AND account = @account AND method = @method AND means = @by AND address = @from`)
    .pluck();
  const addSource = db.prepare(`
    INSERT INTO login_source (host, host_name, port, account, method, means, address)
    VALUES (@id, @host, @port, @account, @method, @by, @from)`);
  const addDay = db.prepare(`
    INSERT INTO login_day (source, day, count, in_journal, hours, hours_in_journal, first_at, last_at)
    VALUES (@source, @day, @count, @inJournal, @hours, @hoursInJournal, @firstAt, @lastAt)`);
  const changeDay = db.prepare(`
    UPDATE login_day
    SET count = @count, in_journal = @inJournal, hours = @hours, hours_in_journal = @hoursInJournal, first_at = @firstAt,
        last_at = @lastAt
    WHERE id = @id`);
  const drop = dropper(db);

  return (
    home: { id: number } & Address,
    days: readonly LoginDay[],
    known: ReadonlyMap<string, DayRow>,
  ): void => {
    const sources = new Map<string, number>();
    let added = 0;
    for (const seen of days) {
      const before = known.get(nameOf(seen));
      if (before) {
        const merged = mergeDay(toDay(before), seen);
        if (!isSame(merged, toDay(before))) changeDay.run({ ...merged, id: before.id });
        continue;
      }
      const name = JSON.stringify([seen.account, seen.method, seen.by, seen.from]);
      const about = { ...seen, ...home };
      const source =
        sources.get(name) ?? findSource.get(about) ?? Number(addSource.run(about).lastInsertRowid);
      sources.set(name, source);
      addDay.run({ ...seen, source });
      added++;
    }
    if (added > 0) drop(home.id, mostOfHost);
  };
}

/**
 * Of each the reading with the higher count, so that the order of readings does not matter. Two that have no hour in common, and
 * no time, saw different logins of the day, as where a log was emptied between them.
 */
export function mergeDay(one: LoginDay, other: LoginDay): LoginDay {
  const add = isApart(one, other)
    ? (a: number, b: number) => a + b
    : (a: number, b: number) => Math.max(a, b);
  return {
    ...one,
    count: add(one.count, other.count),
    inJournal: add(one.inJournal, other.inJournal),
    hours: one.hours | other.hours,
    hoursInJournal: one.hoursInJournal | other.hoursInJournal,
    firstAt: one.firstAt.localeCompare(other.firstAt) < 0 ? one.firstAt : other.firstAt,
    lastAt: one.lastAt.localeCompare(other.lastAt) > 0 ? one.lastAt : other.lastAt,
  };
}

const isApart = (one: LoginDay, other: LoginDay): boolean =>
  (one.hours & other.hours) === 0 &&
  one.hours !== 0 &&
  other.hours !== 0 &&
  (one.lastAt < other.firstAt || other.lastAt < one.firstAt);

const isSame = (one: LoginDay, other: LoginDay): boolean =>
  one.count === other.count &&
  one.inJournal === other.inJournal &&
  one.hours === other.hours &&
  one.hoursInJournal === other.hoursInJournal &&
  one.firstAt === other.firstAt &&
  one.lastAt === other.lastAt;

/** What of an account is over its share goes: what plain files alone have first, then the oldest. */
function dropper(db: Database) {
  const lastDay = db.prepare<[number], number | null>(`SELECT max(day) ${OF_HOST}`).pluck();
  const sizes = db.prepare<[number], { account: string; journal: number; files: number }>(`
    SELECT account, sum(in_journal > 0) AS journal, sum(in_journal = 0) AS files
    ${OF_HOST} AND in_baseline = 0
    GROUP BY account`);
  const countMarked = db.prepare<[number], number>(`SELECT count(*) ${OF_HOST} AND in_baseline > 0`).pluck();
  const dropOld = db.prepare(
    `DELETE FROM login_day WHERE id IN (SELECT login_day.id ${OF_HOST} AND in_baseline = 0 AND day <= ?)`,
  );
  const dropMore = db.prepare(`
    DELETE FROM login_day WHERE id IN (
      SELECT login_day.id ${OF_HOST} AND account = ? AND in_baseline = 0 AND (in_journal > 0) = ?
      ORDER BY day LIMIT ?)`);
  const dropSources = db.prepare(`
    DELETE FROM login_source
    WHERE host = ? AND NOT EXISTS (SELECT 1 FROM login_day WHERE login_day.source = login_source.id)`);

  return (host: number, most: number): void => {
    const last = lastDay.get(host) ?? null;
    if (last === null) return;
    let dropped = dropOld.run(host, last - MOST_DAYS).changes;
    const accounts = sizes.all(host);
    let left = Math.max(0, most - (countMarked.get(host) ?? 0));
    for (const part of ["journal", "files"] as const) {
      const share = shareOf(
        accounts.map((account) => account[part]),
        left,
      );
      for (const { account, [part]: count } of accounts) {
        left -= Math.min(count, share);
        if (count > share)
          dropped += dropMore.run(host, account, Number(part === "journal"), count - share).changes;
      }
    }
    if (dropped > 0) dropSources.run(host);
  };
}

/** The uid of the account that had the name of its source on the day of a login, as far as readings show. */
export const UID_OF_DAY = `ifnull((
  SELECT ifnull((
    SELECT former.uid FROM former_account AS former
    WHERE former.account = named.id AND former.until_at >= login_day.last_at
    ORDER BY former.until_at LIMIT 1), named.uid)
  FROM account AS named WHERE named.host = login_source.host AND named.name = login_source.account), -1)`;

const MARK = `
  UPDATE login_day SET in_baseline = in_baseline | @bit
  WHERE id IN (
    SELECT login_day.id
    FROM login_source JOIN login_day ON login_day.source = login_source.id
    WHERE host = CAST(@host AS INTEGER) AND day BETWEEN CAST(@from AS INTEGER) AND CAST(@to AS INTEGER)
      AND (@which = 'all' OR in_journal > 0)`;

/** Marks the days of a baseline: once, with what is known until then. */
function markWriter(db: Database) {
  const find = db
    .prepare<{ host: number; account: string; uid: number; which: string }, number | null>(`
      SELECT to_day FROM login_baseline
      WHERE host = @host AND account = @account AND uid = CAST(@uid AS INTEGER) AND evidence = @which`)
    .pluck();
  const keepSpan = db.prepare(`
    INSERT INTO login_baseline (host, account, uid, evidence, from_day, to_day, reason)
    VALUES (@host, @account, @uid, @which, @from, @to, @reason)
    ON CONFLICT DO UPDATE SET from_day = @from, to_day = @to WHERE to_day IS NULL`);
  const markAccount = db.prepare(`${MARK} AND account = @account AND ${UID_OF_DAY} = CAST(@uid AS INTEGER))`);
  const markRest = db.prepare(`
    ${MARK} AND NOT EXISTS (
      SELECT 1 FROM login_baseline AS own
      WHERE own.host = CAST(@host AS INTEGER) AND own.account = login_source.account AND own.evidence = @which
        AND own.uid = ${UID_OF_DAY}))`);
  return (host: number, which: keyof typeof BASELINE, { host: ofHost, own }: BaselineSpans): void => {
    const all = [...own.values()].filter(({ account }) => account !== "" || ofHost === null);
    const reason = own.get("")?.reason ?? null;
    for (const span of [...all, ...(ofHost ? [{ ...ofHost, account: "", uid: null, reason }] : [])]) {
      const { account, from, to } = span;
      const uid = span.uid ?? -1;
      if ((find.get({ host, account, uid, which }) ?? null) !== null) continue;
      const row = { host, account, uid, which, from, to, reason: span.reason, bit: BASELINE[which] };
      keepSpan.run(row);
      if (to !== null) (account === "" ? markRest : markAccount).run(row);
    }
  };
}
