import type { Database } from "better-sqlite3";
import {
  type HostLogins,
  type HostUse,
  KeyLogins,
  type LoginOrigin,
  type LogWindow,
  MOST_ORIGINS,
  OtherLogins,
} from "#shared/model/hosts/host-use.ts";
import type { Instant } from "#shared/model/instant.ts";

type LoginRow = CountedRow & { fingerprint: string; is_authority: number };
type OtherRow = CountedRow & { method: string; became_by: string };

type CountedRow = {
  account: string;
  first_at: string;
  last_at: string;
  last_from: string | null;
  last_in_journal_at: string | null;
  origins: string;
  days: string;
};

/** What logs recorded of the hosts: logins by key, and the time windows that the logs cover. */
export function loginTable(db: Database) {
  const findHost = db
    .prepare<{ host: string; port: number }, number>(
      "SELECT id FROM host WHERE host = @host AND port = @port",
    )
    .pluck();
  const logins = db.prepare<[number], LoginRow>(`
    SELECT account, fingerprint, is_authority, first_at, last_at, last_from, last_in_journal_at, origins, days
    FROM login
    WHERE host = ?
    ORDER BY account, fingerprint, is_authority`);
  const others = db.prepare<[number], OtherRow>(`
    SELECT account, method, became_by, first_at, last_at, last_from, last_in_journal_at, origins, days
    FROM other_login
    WHERE host = ?
    ORDER BY account, method, became_by`);
  const windows = db.prepare<[number], LogWindow>(`
    SELECT source, from_at AS "from", to_at AS "to"
    FROM log_window
    WHERE host = ?
    ORDER BY source, from_at`);
  const write = db.prepare(`
    INSERT INTO login (host, account, fingerprint, is_authority, first_at, last_at, last_from, last_in_journal_at, origins, days)
    VALUES (@host, @account, @fingerprint, @isAuthority, @firstAt, @lastAt, @lastFrom, @lastInJournalAt, @origins, @days)
    ON CONFLICT DO UPDATE SET first_at = @firstAt, last_at = @lastAt, last_from = @lastFrom,
      last_in_journal_at = @lastInJournalAt, origins = @origins, days = @days`);
  const writeOther = db.prepare(`
    INSERT INTO other_login (host, account, method, became_by, first_at, last_at, last_from, last_in_journal_at, origins, days)
    VALUES (@host, @account, @method, @by, @firstAt, @lastAt, @lastFrom, @lastInJournalAt, @origins, @days)
    ON CONFLICT DO UPDATE SET first_at = @firstAt, last_at = @lastAt, last_from = @lastFrom,
      last_in_journal_at = @lastInJournalAt, origins = @origins, days = @days`);
  const dropWindows = db.prepare("DELETE FROM log_window WHERE host = ?");
  const addWindow = db.prepare(
    "INSERT INTO log_window (host, source, from_at, to_at) VALUES (@host, @source, @from, @to)",
  );

  return { of, othersOf, known, recall, recallOthers, keep };

  function of(host: number): HostUse {
    return { logins: logins.all(host).map(toLogins), windows: windows.all(host) };
  }

  function othersOf(host: number): OtherLogins[] {
    return others.all(host).map(toOthers);
  }

  /** Empty where the host is not known. */
  function known({ host, port }: { host: string; port: number }): HostUse {
    const id = findHost.get({ host, port });
    return id === undefined ? { logins: [], windows: [] } : of(id);
  }

  /** What is known of a host, with one more reading of its logs. */
  function recall(host: { host: string; port: number }, seen: HostUse): HostUse {
    return mergeUse(known(host), seen);
  }

  /** What is known of logins to a host without a key, with one more reading of its logs. */
  function recallOthers(
    { host, port }: { host: string; port: number },
    seen: readonly OtherLogins[],
  ): OtherLogins[] {
    const id = findHost.get({ host, port });
    const before = id === undefined ? [] : othersOf(id);
    const merged = mergeSeen(before, seen, meansOf);
    const isSeen = new Set(merged.map(meansOf));
    return [...before.filter((login) => !isSeen.has(meansOf(login))), ...merged];
  }

  /** Stores a reading. */
  function keep(host: number, seen: HostLogins): void {
    if (seen.others.length > 0)
      for (const login of mergeSeen(othersOf(host), seen.others, meansOf))
        writeOther.run({ ...login, host, ...toColumns(login) });
    if (seen.logins.length + seen.windows.length === 0) return;
    const merged = mergeUse(of(host), seen);
    const touched = new Set(seen.logins.map(keyOf));
    for (const login of merged.logins) {
      if (!touched.has(keyOf(login))) continue;
      write.run({ ...login, host, isAuthority: Number(login.isAuthority), ...toColumns(login) });
    }
    if (seen.windows.length === 0) return;
    dropWindows.run(host);
    for (const window of merged.windows) addWindow.run({ ...window, host });
  }
}

const toColumns = ({ origins, days }: Counted) => ({
  origins: JSON.stringify(origins),
  days: JSON.stringify(days),
});

const toLogins = (row: LoginRow): KeyLogins =>
  KeyLogins.parse({ ...row, isAuthority: row.is_authority === 1, ...toCounted(row) });

const toOthers = (row: OtherRow): OtherLogins =>
  OtherLogins.parse({ ...row, by: row.became_by, ...toCounted(row) });

const toCounted = (row: CountedRow) => ({
  firstAt: row.first_at,
  lastAt: row.last_at,
  lastFrom: row.last_from,
  lastInJournalAt: row.last_in_journal_at,
  origins: JSON.parse(row.origins),
  days: JSON.parse(row.days),
});

/** Logins are counted for so many days before the last of them; of older ones only the first is remembered. */
const MOST_DAYS = 400;

/**
 * Merges what is known of a host's logins with one more reading of its logs. The order of readings does not matter, and
 * the same reading twice changes nothing: of each day the reading with the highest count is kept.
 */
export function mergeUse(known: HostUse, seen: HostUse): HostUse {
  const seenNow = mergeSeen(known.logins, seen.logins, keyOf);
  const isSeen = new Set(seenNow.map(keyOf));
  return {
    logins: [...known.logins.filter((login) => !isSeen.has(keyOf(login))), ...seenNow],
    windows: mergeWindows([...known.windows, ...seen.windows]),
  };
}

/** What this reading has seen, each with what was known of it. */
function mergeSeen<Login extends Counted>(
  known: readonly Login[],
  seen: readonly Login[],
  nameOf: (login: Login) => string,
): Login[] {
  const merged = new Map<string, Login>();
  const before = new Map(known.map((login) => [nameOf(login), login]));
  for (const login of seen) {
    const name = nameOf(login);
    const earlier = merged.get(name) ?? before.get(name);
    merged.set(name, earlier ? mergeLogins(earlier, login) : login);
  }
  return [...merged.values()];
}

type Counted = {
  firstAt: Instant;
  lastAt: Instant;
  lastFrom: string | null;
  lastInJournalAt: Instant | null;
  origins: LoginOrigin[];
  days: [number, number][];
};

const meansOf = ({ account, method, by }: OtherLogins): string => JSON.stringify([account, method, by]);

const keyOf = ({ account, fingerprint, isAuthority }: KeyLogins): string =>
  JSON.stringify([account, fingerprint, isAuthority]);

function mergeLogins<Login extends Counted>(one: Login, other: Login): Login {
  const [older, younger] = one.lastAt <= other.lastAt ? [one, other] : [other, one];
  const counts = new Map(one.days);
  for (const [day, count] of other.days) counts.set(day, Math.max(count, counts.get(day) ?? 0));
  const days = [...counts].sort(([first], [second]) => first - second);
  const oldest = (days.at(-1)?.[0] ?? 0) - MOST_DAYS;
  return {
    ...younger,
    firstAt: compare(one.firstAt, other.firstAt) < 0 ? one.firstAt : other.firstAt,
    lastInJournalAt: laterOf(one.lastInJournalAt, other.lastInJournalAt),
    lastFrom: younger.lastFrom ?? (older.lastAt === younger.lastAt ? older.lastFrom : null),
    origins: mergeOrigins([...one.origins, ...other.origins]),
    days: days.filter(([day]) => day > oldest),
  };
}

function mergeOrigins(all: readonly LoginOrigin[]): LoginOrigin[] {
  const merged = [...Map.groupBy(all, ({ from }) => from)].map(([from, same]) => ({
    from,
    lastAt: same.map(({ lastAt }) => lastAt).reduce((one, other) => (compare(one, other) < 0 ? other : one)),
    lastInJournalAt: same.reduce<string | null>(
      (latest, { lastInJournalAt }) => laterOf(latest, lastInJournalAt),
      null,
    ),
  }));
  return merged.sort(byStrength).slice(0, MOST_ORIGINS);
}

const byStrength = (one: LoginOrigin, other: LoginOrigin): number =>
  Number(one.lastInJournalAt === null) - Number(other.lastInJournalAt === null) ||
  compare(other.lastAt, one.lastAt);

const laterOf = (one: string | null, other: string | null): string | null =>
  one === null || (other !== null && other > one) ? other : one;

/** Windows of one log that overlap or touch are one; between others something may have been lost. */
function mergeWindows(windows: readonly LogWindow[]): LogWindow[] {
  const merged: LogWindow[] = [];
  const inOrder = [...windows].sort(
    (one, other) => compare(one.source, other.source) || compare(one.from, other.from),
  );
  for (const window of inOrder) {
    const before = merged.at(-1);
    if (before?.source === window.source && window.from <= before.to)
      merged[merged.length - 1] = {
        ...before,
        to: compare(window.to, before.to) > 0 ? window.to : before.to,
      };
    else merged.push(window);
  }
  return merged;
}

const compare = (one: string, other: string): number => (one < other ? -1 : Number(one > other));
