import type { Database } from "better-sqlite3";
import {
  type ActiveDay,
  type Baselines,
  type DaySpan,
  EntryMethod,
  type KnownLogins,
  type LoginDay,
} from "#shared/model/access/login.ts";
import type { LogWindow } from "#shared/model/hosts/host-use.ts";
import type { Instant } from "#shared/model/instant.ts";
import type { CollectedHost } from "#store/probe-record.ts";
import { loginTable, mergeUse } from "./login-table.ts";
import { observationWriter } from "./observation-table.ts";

/** Logins are kept for so many days before the last one of their host; those of a baseline, for ever. */
const MOST_DAYS = 400;

/** So many days of one host are kept: what is over goes where the evidence is weakest, then the oldest. */
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

/** Stores the days with logins of hosts, and gives them back to whoever compares a reading with them. */
export function loginDayTable(db: Database) {
  const uses = loginTable(db);
  const observations = observationWriter(db);
  const findHost = db
    .prepare<Address, number>("SELECT id FROM host WHERE host = @host AND port = @port")
    .pluck();
  const findSpans = db.prepare<[number], { evidence: string; from: number; to: number }>(
    'SELECT evidence, from_day AS "from", to_day AS "to" FROM login_baseline WHERE host = ?',
  );
  const ofBaseline = db.prepare<[number, number], DayRow>(
    `SELECT ${COLUMNS} ${OF_HOST} AND in_baseline & ? > 0`,
  );
  const untilDay = db.prepare<[number, number], DayRow>(`SELECT ${COLUMNS} ${OF_HOST} AND day <= ?`);
  const sinceDay = db.prepare<[number, number], DayRow>(`SELECT ${COLUMNS} ${OF_HOST} AND day >= ?`);
  const active = db.prepare<
    [number],
    { account: string; method: string; by: string; day: number; isInJournal: number }
  >(`
    SELECT account, method, means AS "by", day, max(in_journal > 0) AS isInJournal
    ${OF_HOST}
    GROUP BY account, method, means, day`);
  const accountsSince = db.prepare<[number], { name: string; since: string }>(`
    SELECT name, started_at AS since FROM account JOIN scan ON scan.id = first_scan
    WHERE host = ? AND gone_scan IS NULL`);
  const write = dayWriter(db);
  const mark = markWriter(db);

  return { recallLogins, keep };

  /** What is known of a host, with the windows of one more reading. */
  function recallLogins(address: Address, windows: readonly LogWindow[]): KnownLogins {
    const host = findHost.get(address) ?? null;
    if (host === null)
      return {
        spans: { journal: null, all: null },
        baseline: { journal: [], all: [] },
        until: () => [],
        active: [],
        since: new Map(),
        windows,
      };
    const spans = spansOf(host);
    const marked = (which: keyof typeof BASELINE) =>
      spans[which] === null ? [] : ofBaseline.all(host, BASELINE[which]).map(toDay);
    return {
      spans,
      baseline: { journal: marked("journal"), all: marked("all") },
      until: (day) => untilDay.all(host, day).map(toDay),
      active: active.all(host).map(toActive),
      since: new Map(accountsSince.all(host).map(({ name, since }): [string, Instant] => [name, since])),
      windows: mergeUse(uses.of(host), { logins: [], windows: [...windows] }).windows,
    };
  }

  function spansOf(host: number): Baselines<DaySpan | null> {
    const all = findSpans.all(host);
    const of = (which: keyof typeof BASELINE): DaySpan | null => {
      const span = all.find(({ evidence }) => evidence === which);
      return span ? { from: span.from, to: span.to } : null;
    };
    return { journal: of("journal"), all: of("all") };
  }

  /** Stores a reading: what an earlier one saw stays, and the same one twice changes nothing. */
  function keep(home: { id: number } & Address, { days, reading }: CollectedHost["logins"]): void {
    const oldest = days.reduce((least, { day }) => Math.min(least, day), Number.MAX_SAFE_INTEGER);
    const known = days.length === 0 ? [] : sinceDay.all(home.id, oldest);
    write(home, days, new Map(known.map((row) => [nameOf(toDay(row)), row])));
    if (reading === null) return;
    const before = spansOf(home.id);
    for (const which of ["all", "journal"] as const) {
      const span = reading.spans[which];
      if (before[which] === null && span !== null) mark(home.id, which, span);
    }
    observations.keep(home, reading.observed);
  }
}

const nameOf = ({ account, method, by, from, day }: LoginDay): string =>
  JSON.stringify([account, method, by, from, day]);

const toActive = ({ account, method, by, day, isInJournal }: ActiveRow): ActiveDay => ({
  account,
  method: EntryMethod.parse(method),
  by,
  day,
  isInJournal: isInJournal === 1,
});

type ActiveRow = { account: string; method: string; by: string; day: number; isInJournal: number };

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
function dayWriter(db: Database) {
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
    if (added > 0) drop(home.id);
  };
}

/** Of each the reading with the higher count: the order of readings does not matter. */
export const mergeDay = (one: LoginDay, other: LoginDay): LoginDay => ({
  ...one,
  count: Math.max(one.count, other.count),
  inJournal: Math.max(one.inJournal, other.inJournal),
  hours: one.hours | other.hours,
  hoursInJournal: one.hoursInJournal | other.hoursInJournal,
  firstAt: one.firstAt.localeCompare(other.firstAt) < 0 ? one.firstAt : other.firstAt,
  lastAt: one.lastAt.localeCompare(other.lastAt) > 0 ? one.lastAt : other.lastAt,
});

const isSame = (one: LoginDay, other: LoginDay): boolean =>
  one.count === other.count &&
  one.inJournal === other.inJournal &&
  one.hours === other.hours &&
  one.hoursInJournal === other.hoursInJournal &&
  one.firstAt === other.firstAt &&
  one.lastAt === other.lastAt;

function dropper(db: Database) {
  const known = db.prepare<[number], { last: number | null; count: number }>(
    `SELECT max(day) AS last, count(*) AS count ${OF_HOST}`,
  );
  const dropOld = db.prepare(
    `DELETE FROM login_day WHERE id IN (SELECT login_day.id ${OF_HOST} AND in_baseline = 0 AND day <= ?)`,
  );
  const dropMore = db.prepare(`
    DELETE FROM login_day WHERE id IN (
      SELECT login_day.id ${OF_HOST} AND in_baseline = 0 ORDER BY in_journal > 0, day LIMIT ?)`);
  const dropSources = db.prepare(`
    DELETE FROM login_source
    WHERE host = ? AND NOT EXISTS (SELECT 1 FROM login_day WHERE login_day.source = login_source.id)`);

  return (host: number): void => {
    const { last, count } = known.get(host) ?? { last: null, count: 0 };
    if (last === null) return;
    const { changes } = dropOld.run(host, last - MOST_DAYS);
    const more = count - changes - MOST_OF_HOST;
    const dropped = changes + (more > 0 ? dropMore.run(host, more).changes : 0);
    if (dropped > 0) dropSources.run(host);
  };
}

/** Marks the days of a baseline: once, with what is known until then. */
function markWriter(db: Database) {
  const addSpan = db.prepare(`
    INSERT INTO login_baseline (host, evidence, from_day, to_day) VALUES (@host, @which, @from, @to)`);
  const markDays = db.prepare(`
    UPDATE login_day SET in_baseline = in_baseline | @bit
    WHERE source IN (SELECT id FROM login_source WHERE host = CAST(@host AS INTEGER))
      AND day BETWEEN CAST(@from AS INTEGER) AND CAST(@to AS INTEGER)
      AND (@which = 'all' OR in_journal > 0)`);
  return (host: number, which: keyof typeof BASELINE, span: DaySpan): void => {
    addSpan.run({ ...span, host, which });
    markDays.run({ ...span, host, which, bit: BASELINE[which] });
  };
}
