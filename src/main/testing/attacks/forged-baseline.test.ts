import { expect, test } from "vitest";
import type { LoggedDay } from "#domain/use/login-days.ts";
import type { ObservedLogin } from "#shared/model/access/login.ts";
import {
  BEGIN,
  daily,
  forge,
  instant,
  KEY,
  listed,
  login,
  type Scan,
  scanEach,
} from "../../features/scans/testing/login-scans.ts";

/*
 * A user of the host wants a login from 6.6.6.6, which they will steal, to look usual. They can have any line written into
 * auth.log (forge-login.py), also of days that are over, as many as they like; and they can log in themselves.
 */
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
    scanEach(scans, store);
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

/** A day of an account with many users, each from a network of their own. */
const crowd = (day: number, count: number, more: Partial<LoggedDay> = {}): LoggedDay[] =>
  Array.from({ length: count }, (_, at) =>
    login(day, {
      account: "git",
      by: `SHA256:${String(at).padStart(43, "k")}`,
      from: `10.0.${at}.1`,
      ...more,
    }),
  );
const crowds = (from: number, to: number): LoggedDay[] =>
  Array.from({ length: to - from + 1 }, (_, at) => crowd(from + at, 5)).flat();

test("of what a reading had to leave out nothing is new: the baseline begins where all of it was read", () => {
  const cut = (account: string, day: number) => ({
    journal: { host: null, accounts: new Map([[account, day]]) },
    all: { host: null, accounts: new Map([[account, day]]) },
  });
  const accounts = ["deploy", "git"];
  const sources = ["journal"];
  const first = {
    day: BEGIN + 90,
    days: [...daily(BEGIN, BEGIN + 90), ...crowds(BEGIN + 70, BEGIN + 90)],
    sources,
    accounts,
    completeSince: cut("git", BEGIN + 70),
  };
  const later = (day: number, days: LoggedDay[] = []) => ({
    day: BEGIN + day,
    days: [...crowds(BEGIN + day - 20, BEGIN + day), ...days],
    sources,
    accounts,
    completeSince: cut("git", BEGIN + day - 20),
  });
  expect(listed(scanEach([first]))).toEqual([]);
  const store = scanEach([first, later(105), later(120)]);
  expect(listed(store)).toEqual([]);
  const thief = login(BEGIN + 125, { account: "git", from: "6.6.6.6" });
  expect(listed(scanEach([later(130, [thief])], store))).toMatchObject([
    { account: "git", subject: "6.6.6.0/24", severity: "medium" },
  ]);
  // Between these two readings some were in none.
  const apart = scanEach([
    first,
    later(115),
    later(120, [login(BEGIN + 118, { account: "git", from: "6.6.6.6" })]),
  ]);
  expect(listed(apart)).toEqual([]);
  expect(apart.logins.learning(null)).toMatchObject({
    hosts: [],
    accounts: [{ account: "git", reason: "cut" }],
  });
});

test("where a log holds more logins than were taken, its host has no baseline of it", () => {
  const tomorrow = (day: number) => ({ host: BEGIN + day + 1, accounts: new Map<string, number>() });
  const scan = (day: number, days: LoggedDay[]) => ({
    day: BEGIN + day,
    days,
    sources: ["journal"],
    completeSince: { journal: tomorrow(day), all: tomorrow(day) },
  });
  const store = scanEach([
    scan(60, daily(BEGIN + 50, BEGIN + 60)),
    scan(61, [login(BEGIN + 61, { from: "6.6.6.6" })]),
  ]);
  expect(listed(store)).toEqual([]);
  expect(store.logins.learning(null).hosts).toMatchObject([{ host: "web1", isCut: true }]);
});

test("two hundred lines of a plain file hide no new address: that it is not known is said", () => {
  const sources = ["/var/log/auth.log"];
  const usual = daily(BEGIN, BEGIN + 40, (day) => forge(day, { from: "10.1.2.3" }));
  const hidden = forge(BEGIN + 50, { from: "", lines: ["from *"] });
  const days = [...usual, hidden];
  expect(listed(scanEach([{ day: BEGIN + 50, days, sources }]))).toMatchObject([
    { from: "", severity: "medium", facts: { rule: "login-new-source", network: "" } },
  ]);
});

test("where addresses of the baseline were not kept, a new one is not said to be one that nobody came from", () => {
  const bare = daily(BEGIN, BEGIN + 30, (day) => login(day, { from: "" }));
  const later = login(BEGIN + 50, { from: "192.0.2.7" });
  expect(listed(scanEach([{ day: BEGIN + 50, days: [...bare, later], sources: ["journal"] }]))).toMatchObject(
    [{ subject: "192.0.2.0/24", facts: { isBaselinePartial: true } }],
  );
});

test("a login whose address an earlier reading kept is not told again without it", () => {
  const sources = ["journal"];
  const usual = daily(BEGIN, BEGIN + 50);
  const store = scanEach([{ day: BEGIN + 50, days: usual, sources }]);
  const bare = daily(BEGIN + 41, BEGIN + 50, (day) => login(day, { from: "" }));
  scanEach([{ day: BEGIN + 51, days: [...daily(BEGIN, BEGIN + 40), ...bare], sources }], store);
  expect(listed(store)).toEqual([]);
  const twice = bare.map((day) => ({ ...day, count: 2, inJournal: 2 }));
  scanEach([{ day: BEGIN + 52, days: twice, sources }], store);
  expect(new Set(listed(store).map(({ from }) => from))).toEqual(new Set([""]));
});

test("an account that is made later is compared with its own first days, and until then with its host's networks", () => {
  const sources = ["journal"];
  const accounts = ["deploy", "ann"];
  const ann = (day: number, more: Partial<LoggedDay> = {}) =>
    login(day, { account: "ann", from: "10.9.9.9", ...more });
  const first = { day: BEGIN + 40, days: daily(BEGIN, BEGIN + 40), sources };
  const second = {
    day: BEGIN + 60,
    days: [...daily(BEGIN + 50, BEGIN + 60, ann), ann(BEGIN + 55, { from: "10.1.2.9" })],
    sources,
    accounts,
  };
  const store = scanEach([first, second]);
  expect(listed(store)).toMatchObject([{ account: "ann", subject: "10.9.9.0/24", severity: "medium" }]);
  expect(store.logins.learning(null).accounts).toMatchObject([{ account: "ann", reason: "made-later" }]);
  const third = {
    day: BEGIN + 90,
    days: [
      ...daily(BEGIN + 61, BEGIN + 85, ann),
      ann(BEGIN + 86, { method: "password", by: "" }),
      ann(BEGIN + 87, { from: "10.1.2.9" }),
      ann(BEGIN + 88, { hours: 1 << 3, hoursInJournal: 1 << 3 }),
      ann(BEGIN + 89, { from: "6.6.6.6" }),
    ],
    sources,
    accounts,
  };
  expect(
    listed(scanEach([third], store))
      .map(({ facts, subject }) => [facts.rule, subject])
      .sort(),
  ).toEqual([
    ["login-by-password", "10.9.9.9"],
    ["login-new-hour", "03"],
    ["login-new-source", "10.9.9.0/24"],
    ["login-new-source", "6.6.6.0/24"],
  ]);
  expect(store.logins.learning(null).accounts).toEqual([]);
});

test("a password that opens an account whose password is locked stands out before there is a baseline", () => {
  const sources = ["journal"];
  const guess = (day: number) => login(day, { method: "password", by: "", from: "6.6.6.6" });
  const now = scanEach([
    { day: BEGIN + 5, days: [guess(BEGIN + 4)], sources, keyOnly: new Map([["deploy", "now"]]) },
  ]);
  expect(listed(now)).toMatchObject([
    { severity: "low", facts: { rule: "login-by-password", locked: "now" } },
  ]);
  const before = scanEach([
    { day: BEGIN + 5, days: [], sources },
    { day: BEGIN + 9, days: [guess(BEGIN + 8)], sources, keyOnly: new Map([["deploy", "before"]]) },
  ]);
  expect(listed(before)).toMatchObject([{ severity: "high", facts: { locked: "before" } }]);
  scanEach(
    [{ day: BEGIN + 12, days: [guess(BEGIN + 11)], sources, keyOnly: new Map([["deploy", "before"]]) }],
    before,
  );
  expect(listed(before)).toHaveLength(1);
});

test("a new account stands out on days whose logs were cut", () => {
  const [sources, accounts] = [["journal"], ["deploy", "ann"]];
  const tomorrow = (day: number) => ({ host: BEGIN + day + 1, accounts: new Map<string, number>() });
  const cut = (day: number, more: Partial<LoggedDay>): Scan => ({
    day: BEGIN + day,
    days: [login(BEGIN + day, { account: "ann", ...more })],
    sources,
    accounts,
    completeSince: { journal: tomorrow(day), all: tomorrow(day) },
    keyOnly: new Map([["ann", "now"]]),
  });
  const store = scanEach([
    { day: BEGIN + 40, days: daily(BEGIN, BEGIN + 40), sources },
    cut(60, { method: "password", by: "", from: "6.6.6.6" }),
    cut(61, { from: "7.7.7.7" }),
    cut(160, {}),
  ]);
  expect(
    listed(store)
      .map(({ facts, subject }) => [facts.rule, subject])
      .sort(),
  ).toEqual([
    ["login-after-long", instant(BEGIN + 160).slice(0, 10)],
    ["login-by-password", "6.6.6.6"],
    ["login-new-source", "6.6.6.0/24"],
    ["login-new-source", "7.7.7.0/24"],
  ]);
});

test("a more severe login of a row that is there gives it all its words, and a forged one none", () => {
  const sources = ["journal", "/var/log/auth.log"];
  const usual = daily(BEGIN, BEGIN + 40);
  const mine = login(BEGIN + 50, { from: "6.6.6.1" });
  const own = { account: "deploy", fingerprint: KEY, since: instant(BEGIN + 50, 9) };
  const other = { by: `SHA256:${"o".repeat(43)}`, from: "6.6.6.6" };
  const first: Scan = { day: BEGIN + 50, days: [...usual, mine], sources, own };
  const wordsAfter = (day: LoggedDay) =>
    listed(scanEach([first, { day: BEGIN + 55, days: [day], sources }])).map(({ by, from }) => ({
      by,
      from,
    }));
  expect(wordsAfter(login(BEGIN + 55, other))).toEqual([other]);
  expect(wordsAfter(forge(BEGIN + 55, other))).toEqual([{ by: KEY, from: mine.from }]);
});
