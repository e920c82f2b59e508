import type { LoggedDay } from "#domain/use/login-days.ts";
import { withListed } from "#domain/use/named-accounts.ts";
import { observeLogins, type Reading } from "#domain/use/observe-logins.ts";
import type { CompleteSince, LoginDay } from "#shared/model/access/login.ts";
import { openStore, type Store } from "#store/store.ts";
import { makeAccount, visitHost } from "#store/testing/make-visit.ts";

/* A host whose logs are read by one scan after the other, through the store. */

export const BEGIN = 20_500;
export const KEY = `SHA256:${"k".repeat(43)}`;
export const instant = (day: number, hour = 10): string =>
  new Date(day * 86_400_000 + hour * 3_600_000).toISOString().replace(".000", "");

export const login = (day: number, more: Partial<LoggedDay> = {}): LoggedDay => ({
  account: "deploy",
  method: "publickey",
  by: KEY,
  from: "10.1.2.3",
  day,
  count: 1,
  inJournal: 1,
  hours: 1 << 10,
  hoursInJournal: 1 << 10,
  firstAt: instant(day),
  lastAt: instant(day),
  lines: [`of ${more.from ?? "10.1.2.3"} on ${day}`],
  ...more,
});

export const forge = (day: number, more: Partial<LoggedDay> = {}): LoggedDay =>
  login(day, { from: "6.6.6.6", inJournal: 0, hoursInJournal: 0, ...more });

const windowsUntil = (day: number, ...sources: string[]) =>
  sources.map((source) => ({ source, from: instant(BEGIN, 0), to: instant(day, 23) }));

/** `uid`: that of deploy. */
export type Scan = {
  day: number;
  days: LoggedDay[];
  sources: string[];
  accounts?: string[];
  uid?: number;
} & Partial<Pick<Reading, "completeSince" | "keyOnly" | "bursts" | "own">>;

const WHOLE: CompleteSince = { host: null, accounts: new Map() };

/** The scans of a host, one after the other, through the store. */
export function scanEach(
  scans: readonly Scan[],
  store = openStore({ path: ":memory:", access: "write" }),
): Store {
  for (const { day, days, sources, accounts = ["deploy"], uid = 1000, bursts = [], ...more } of scans) {
    const windows = windowsUntil(day, ...sources);
    const known = store.uses.recallLogins({ host: "web1", port: 22 }, windows);
    const at = instant(day, 23);
    const present = accounts.map((name) => makeAccount(name, name === "deploy" ? { uid } : {}));
    const reading = observeLogins(
      {
        days,
        bursts,
        own: null,
        completeSince: { journal: WHOLE, all: WHOLE },
        keyOnly: new Map(),
        ...more,
      },
      withListed(known, present, at),
    );
    visitHost(store, "web1", {
      at,
      collected: {
        accounts: present,
        use: { logins: [], others: [], windows },
        logins: { days: reading.days.map(({ lines: _, ...one }): LoginDay => one), reading },
      },
    });
  }
  return store;
}

export const listed = (store: Store) =>
  store.logins.observed({
    search: "",
    host: null,
    account: null,
    from: null,
    rule: null,
    accepted: false,
    sort: { by: "severity", descending: true },
    now: instant(BEGIN + 300),
    after: null,
    limit: 100,
  }).rows;

export const daily = (from: number, to: number, make = login) =>
  Array.from({ length: to - from + 1 }, (_, at) => make(from + at));
