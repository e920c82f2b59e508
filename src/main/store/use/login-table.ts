import type { Database } from "better-sqlite3";
import { type HostUse, KeyLogins, type LogWindow } from "#shared/model/host-use.ts";
import { keyOf, mergeUse } from "./merge-use.ts";

type LoginRow = {
  account: string;
  fingerprint: string;
  is_authority: number;
  first_at: string;
  last_at: string;
  last_from: string | null;
  last_in_journal_at: string | null;
  origins: string;
  days: string;
};

/** What logs told of the hosts: logins by key, and from when to when the logs reach. */
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
  const dropWindows = db.prepare("DELETE FROM log_window WHERE host = ?");
  const addWindow = db.prepare(
    "INSERT INTO log_window (host, source, from_at, to_at) VALUES (@host, @source, @from, @to)",
  );

  return { of, known, recall, keep };

  function of(host: number): HostUse {
    return { logins: logins.all(host).map(toLogins), windows: windows.all(host) };
  }

  /** Nothing, where the host is not known. */
  function known({ host, port }: { host: string; port: number }): HostUse {
    const id = findHost.get({ host, port });
    return id === undefined ? { logins: [], windows: [] } : of(id);
  }

  /** What would be known of a host with one more reading of its logs. */
  function recall(host: { host: string; port: number }, seen: HostUse): HostUse {
    return mergeUse(known(host), seen);
  }

  /** Remembers a reading. */
  function keep(host: number, seen: HostUse): void {
    if (seen.logins.length + seen.windows.length === 0) return;
    const merged = mergeUse(of(host), seen);
    const touched = new Set(seen.logins.map(keyOf));
    for (const login of merged.logins) {
      if (!touched.has(keyOf(login))) continue;
      write.run({
        ...login,
        host,
        isAuthority: Number(login.isAuthority),
        origins: JSON.stringify(login.origins),
        days: JSON.stringify(login.days),
      });
    }
    if (seen.windows.length === 0) return;
    dropWindows.run(host);
    for (const window of merged.windows) addWindow.run({ ...window, host });
  }
}

const toLogins = (row: LoginRow): KeyLogins =>
  KeyLogins.parse({
    ...row,
    isAuthority: row.is_authority === 1,
    firstAt: row.first_at,
    lastAt: row.last_at,
    lastFrom: row.last_from,
    lastInJournalAt: row.last_in_journal_at,
    origins: JSON.parse(row.origins),
    days: JSON.parse(row.days),
  });
