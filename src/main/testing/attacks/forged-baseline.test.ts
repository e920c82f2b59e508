import { expect, test } from "vitest";
import type { LoggedDay } from "#domain/use/login-days.ts";
import { observeLogins } from "#domain/use/observe-logins.ts";
import type { KnownLogins, LoginDay, ObservedLogin } from "#shared/model/access/login.ts";
import { openStore, type Store } from "#store/store.ts";
import { makeAccount, visitHost } from "#store/testing/make-visit.ts";

/*
 * A user of the host wants a login from 6.6.6.6, which they will steal, to look usual. They can have any line written into
 * auth.log (forge-login.py), also of days that are over, as many as they like; and they can log in themselves.
 */
const BEGIN = 20_500;
const KEY = `SHA256:${"k".repeat(43)}`;
const instant = (day: number, hour = 10): string =>
  new Date(day * 86_400_000 + hour * 3_600_000).toISOString().replace(".000", "");

const login = (day: number, more: Partial<LoggedDay> = {}): LoggedDay => ({
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

const forge = (day: number, more: Partial<LoggedDay> = {}): LoggedDay =>
  login(day, { from: "6.6.6.6", inJournal: 0, hoursInJournal: 0, ...more });

const windowsUntil = (day: number, ...sources: string[]) =>
  sources.map((source) => ({ source, from: instant(BEGIN, 0), to: instant(day, 23) }));

/** The scans of a host, one after the other, through the store. */
function scanEach(scans: readonly { day: number; days: LoggedDay[]; sources: string[] }[]): Store {
  const store = openStore({ path: ":memory:", access: "write" });
  for (const { day, days, sources } of scans) {
    const windows = windowsUntil(day, ...sources);
    const known: KnownLogins = store.uses.recallLogins({ host: "web1", port: 22 }, windows);
    const reading = observeLogins({ days, bursts: [], own: null }, known);
    visitHost(store, "web1", {
      at: instant(day, 23),
      collected: {
        accounts: [makeAccount("deploy")],
        use: { logins: [], others: [], windows },
        logins: { days: days.map(({ lines: _, ...one }): LoginDay => one), reading },
      },
    });
  }
  return store;
}

const listed = (store: Store) =>
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

const daily = (from: number, to: number, make = login) =>
  Array.from({ length: to - from + 1 }, (_, at) => make(from + at));

test("lines of a plain file from the first day on make no login that the journal has look usual", () => {
  const days = [...daily(BEGIN, BEGIN + 60), ...daily(BEGIN, BEGIN + 60, forge)];
  const real = login(BEGIN + 70, { from: "6.6.6.6" });
  const store = scanEach([
    { day: BEGIN + 60, days, sources: ["journal", "/var/log/auth.log"] },
    { day: BEGIN + 70, days: [...days, real], sources: ["journal", "/var/log/auth.log"] },
  ]);
  expect(listed(store)).toMatchObject([
    {
      subject: "6.6.6.0/24",
      from: "6.6.6.6",
      evidence: "journal",
      severity: "medium",
      firstAt: real.firstAt,
    },
  ]);
});

test("what was new stays new, however many logins follow, with a journal and without one", () => {
  for (const [sources, make] of [
    [["journal"], (day: number) => login(day, { from: "6.6.6.6" })],
    [["/var/log/auth.log"], forge],
  ] as const) {
    const usual = daily(BEGIN, BEGIN + 40, (day) =>
      sources[0] === "journal" ? login(day) : forge(day, { from: "10.1.2.3" }),
    );
    const flood = daily(BEGIN + 41, BEGIN + 140, make);
    const scans = [60, 90, 120, 140].map((day) => ({
      day: BEGIN + day,
      days: [...usual, ...flood].filter((one) => one.day <= BEGIN + day),
      sources: [...sources],
    }));
    expect(listed(scanEach(scans))).toMatchObject([
      { subject: "6.6.6.0/24", firstAt: instant(BEGIN + 41), lastAt: instant(BEGIN + 140) },
    ]);
  }
});

test("lines of days that are over come too late for the baseline", () => {
  const usual = daily(BEGIN, BEGIN + 40, (day) => forge(day, { from: "10.1.2.3" }));
  const forged = daily(BEGIN, BEGIN + 29, forge);
  const store = scanEach([
    { day: BEGIN + 40, days: usual, sources: ["/var/log/auth.log"] },
    { day: BEGIN + 50, days: [...usual, ...forged], sources: ["/var/log/auth.log"] },
    { day: BEGIN + 60, days: [...usual, ...forged, forge(BEGIN + 60)], sources: ["/var/log/auth.log"] },
  ]);
  expect(listed(store)).toMatchObject([{ subject: "6.6.6.0/24", evidence: "file", severity: "medium" }]);
});

test("whoever accepts what a plain file shows has not accepted what the journal shows later", () => {
  const usual = daily(BEGIN, BEGIN + 40);
  const forged = forge(BEGIN + 45);
  const sources = ["journal", "/var/log/auth.log"];
  const first = { day: BEGIN + 50, days: [...usual, forged], sources };
  const real = login(BEGIN + 55, { from: "6.6.6.6" });
  const observedAfter = (scans: Parameters<typeof scanEach>[0]) => {
    const store = scanEach([first]);
    const [observed] = listed(store);
    if (!observed) throw new Error("the forged login stands out");
    store.atomically(() =>
      store.logins.accept(observed.id, { reason: "x", until: "2099-01-01", acceptedAt: instant(BEGIN + 51) }),
    );
    expect(listed(store)).toEqual([]);
    for (const { day, days } of scans) {
      const windows = windowsUntil(day, ...sources);
      const known = store.uses.recallLogins({ host: "web1", port: 22 }, windows);
      const reading = observeLogins({ days, bursts: [], own: null }, known);
      visitHost(store, "web1", {
        at: instant(day, 23),
        collected: {
          accounts: [makeAccount("deploy")],
          use: { logins: [], others: [], windows },
          logins: { days: days.map(({ lines: _, ...one }): LoginDay => one), reading },
        },
      });
    }
    return listed(store);
  };
  expect(observedAfter([{ day: BEGIN + 55, days: [...usual, forged, forge(BEGIN + 55)], sources }])).toEqual(
    [],
  );
  expect(observedAfter([{ day: BEGIN + 55, days: [...usual, forged, real], sources }])).toMatchObject([
    { subject: "6.6.6.0/24", evidence: "journal", acceptance: null },
  ]);
});

test("lines that say an account was in use do not hide that the journal has none in 90 days", () => {
  const usual = daily(BEGIN, BEGIN + 31);
  const forged = daily(BEGIN + 32, BEGIN + 150, (day) => forge(day, { from: "10.1.2.3" }));
  const store = scanEach([
    {
      day: BEGIN + 160,
      days: [...usual, ...forged, login(BEGIN + 155)],
      sources: ["journal", "/var/log/auth.log"],
    },
  ]);
  const long = listed(store).filter(({ facts }) => facts.rule === "login-after-long");
  expect(long).toMatchObject([{ evidence: "journal", firstAt: instant(BEGIN + 155) }]);
});

test("a forged hour of a day that the journal knows is the plain file's word", () => {
  const night = login(BEGIN + 50, { hours: (1 << 10) | (1 << 3), hoursInJournal: 1 << 10 });
  const store = scanEach([
    {
      day: BEGIN + 50,
      days: [...daily(BEGIN, BEGIN + 40), night],
      sources: ["journal", "/var/log/auth.log"],
    },
  ]);
  const observed: Partial<ObservedLogin>[] = listed(store);
  expect(observed).toMatchObject([{ subject: "03", evidence: "file" }]);
});
