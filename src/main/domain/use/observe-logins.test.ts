import { expect, test } from "vitest";
import {
  type CompleteSince,
  type KnownLogins,
  keyOfAccount,
  type LoginDay,
  type ObservedLogin,
  type OwnBaseline,
} from "#shared/model/access/login.ts";
import { networkOf } from "./login-baseline.ts";
import type { LoginBurst } from "./login-bursts.ts";
import type { LoggedDay } from "./login-days.ts";
import { countCoveredDays, observeLogins, type Reading } from "./observe-logins.ts";

/* A host whose logs cover each day from day 20,000 to day 20,200; its baseline is made of the first 30. */
const BEGIN = 20_000;
const END = 20_200;
const KEY = `SHA256:${"k".repeat(43)}`;

const instant = (day: number, hour = 10): string =>
  new Date(day * 86_400_000 + hour * 3_600_000).toISOString().replace(".000", "");

type Made = Partial<LoggedDay> & { inFiles?: boolean };

/** A login by key from 10.1.2.3 at ten o'clock, which the journal has. */
function login(day: number, { inFiles = false, ...more }: Made = {}): LoggedDay {
  const hours = more.hours ?? 1 << 10;
  return {
    account: "deploy",
    method: "publickey",
    by: KEY,
    from: "10.1.2.3",
    day,
    count: 1,
    inJournal: inFiles ? 0 : 1,
    hours,
    hoursInJournal: inFiles ? 0 : hours,
    firstAt: instant(day),
    lastAt: instant(day),
    lines: [`line of ${day}`],
    ...more,
  };
}

const JOURNAL = { source: "journal", from: instant(BEGIN, 0), to: instant(END, 0) };
const FILE = { ...JOURNAL, source: "/var/log/auth.log" };

const NO_SPANS = {
  journal: { host: null, own: new Map<string, OwnBaseline>() },
  all: { host: null, own: new Map<string, OwnBaseline>() },
};

const NOTHING: KnownLogins = {
  spans: NO_SPANS,
  readUntil: { journal: null, all: null },
  baseline: { journal: [], all: [] },
  until: () => [],
  active: [],
  names: new Map(),
  hostSince: null,
  windows: [JOURNAL, FILE],
};

/** Each day of the first 40, as deploy is logged in to. */
const USUAL = Array.from({ length: 40 }, (_, at) => login(BEGIN + at));

type Rest = {
  known?: Partial<KnownLogins>;
  bursts?: LoginBurst[];
  scan?: Reading["own"];
};

const observe = (
  days: readonly LoggedDay[],
  { known = {}, bursts = [], scan = null }: Rest = {},
): ObservedLogin[] =>
  observeLogins(readingOf(days, { bursts, own: scan }), { ...NOTHING, ...known }).observed;

const WHOLE: CompleteSince = { host: null, accounts: new Map() };

const readingOf = (days: readonly LoggedDay[], more: Partial<Reading> = {}): Reading => ({
  days,
  bursts: [],
  own: null,
  completeSince: { journal: WHOLE, all: WHOLE },
  keyOnly: new Map(),
  ...more,
});

const rulesOf = (observed: readonly ObservedLogin[]): string[] => observed.map(({ facts }) => facts.rule);

test("what is as it was in the baseline does not stand out, however often it is", () => {
  expect(observe([...USUAL, ...Array.from({ length: 100 }, (_, at) => login(BEGIN + 40 + at))])).toEqual([]);
});

test("a login from a new network stands out with its line, and one that follows is part of it", () => {
  const first = login(BEGIN + 50, { from: "192.0.2.7", lines: ["the first"] });
  const last = login(BEGIN + 60, { from: "192.0.2.9", lines: ["the last"] });
  expect(observe([...USUAL, first, last, login(BEGIN + 61)])).toEqual([
    {
      account: "deploy",
      uid: null,
      subject: "192.0.2.0/24",
      method: "publickey",
      by: KEY,
      from: "192.0.2.7",
      firstAt: first.firstAt,
      lastAt: last.lastAt,
      evidence: "journal",
      severity: "medium",
      facts: {
        rule: "login-new-source",
        network: "192.0.2.0/24",
        isBaselinePartial: false,
        isNetworkUsual: false,
        isUsualOnHost: false,
      },
      lines: ["the first", "the last"],
    },
  ]);
});

test("a new address of a usual network is worth little, and so is one from where others of the host are entered", () => {
  expect(observe([...USUAL, login(BEGIN + 50, { from: "10.1.2.200" })])).toMatchObject([
    { subject: "10.1.2.200", severity: "info", facts: { isNetworkUsual: true } },
  ]);
  const other = login(BEGIN + 3, { account: "ann", from: "10.7.7.7" });
  expect(observe([...USUAL, other, login(BEGIN + 50, { from: "10.7.7.8" })])).toMatchObject([
    { subject: "10.7.7.0/24", severity: "low", facts: { isNetworkUsual: false, isUsualOnHost: true } },
  ]);
});

test("a password for an account that was only entered by keys is severe, and for one that has used it is nothing", () => {
  const byPassword = (day: number) => login(day, { method: "password", by: "" });
  expect(observe([...USUAL, byPassword(BEGIN + 50)])).toMatchObject([
    { severity: "high", subject: "10.1.2.3", facts: { rule: "login-by-password", keyDays: 31 } },
  ]);
  expect(observe([...USUAL, byPassword(BEGIN + 5), byPassword(BEGIN + 50)])).toEqual([]);
  expect(
    observe([login(BEGIN + 50, { method: "password", by: "", account: "new" })]).map(
      ({ facts }) => facts.rule,
    ),
  ).not.toContain("login-by-password");
});

test("an hour is new when it is more than two from any hour of the baseline, also over midnight", () => {
  const at = (...hours: number[]) => hours.reduce((bits, hour) => bits | (1 << hour), 0);
  const late = USUAL.map((day) => ({ ...day, hours: at(23), hoursInJournal: at(23) }));
  const hoursOf = (hours: number, usual = USUAL) =>
    observe([...usual, login(BEGIN + 50, { hours })]).map(({ subject }) => subject);
  expect(hoursOf(at(10, 12, 8))).toEqual([]);
  expect(hoursOf(at(13, 10))).toEqual(["13"]);
  expect(hoursOf(at(1), late)).toEqual([]);
  expect(hoursOf(at(2), late)).toEqual(["02"]);
  expect(hoursOf(at(3), USUAL.slice(0, 9))).toEqual([]);
  expect(hoursOf(at(3), USUAL.slice(0, 10))).toEqual(["03"]);
});

test("the first login in more than 90 days stands out, and one after 90 days does not", () => {
  const [last] = USUAL.slice(-1);
  if (!last) throw new Error("there are days");
  expect(observe([...USUAL, login(last.day + 90)])).toEqual([]);
  expect(observe([...USUAL, login(last.day + 91), login(last.day + 92)])).toMatchObject([
    {
      severity: "medium",
      firstAt: instant(last.day + 91),
      lastAt: instant(last.day + 91),
      facts: { rule: "login-after-long", lastAt: instant(last.day, 0), ofMethod: false },
    },
  ]);
  const key = { by: `SHA256:${"o".repeat(43)}` };
  const daily = Array.from({ length: 160 }, (_, at) => login(BEGIN + at));
  expect(observe([...daily, login(BEGIN + 10, key), login(BEGIN + 150, key)])).toMatchObject([
    { severity: "low", facts: { rule: "login-after-long", ofMethod: true } },
  ]);
});

test("where the logs have a gap, or the account is young, nobody knows of 90 days without a login", () => {
  const gap = [
    { ...JOURNAL, to: instant(BEGIN + 100, 0) },
    { ...JOURNAL, from: instant(BEGIN + 110, 0) },
  ];
  const late = [...USUAL, login(BEGIN + 150)];
  expect(observe(late, { known: { windows: gap } })).toEqual([]);
  const unused = { account: "old", from: "10.1.2.3" };
  const since = (day: number) => ({
    names: new Map([["old", [{ uid: 1000, since: instant(day), lastSeenAt: instant(END), until: null }]]]),
  });
  expect(rulesOf(observe([...USUAL, login(BEGIN + 150, unused)], { known: since(BEGIN) }))).toContain(
    "login-after-long",
  );
  expect(
    rulesOf(observe([...USUAL, login(BEGIN + 150, unused)], { known: since(BEGIN + 100) })),
  ).not.toContain("login-after-long");
});

const burst = (more: Partial<LoginBurst> = {}): LoginBurst => ({
  account: "deploy",
  method: "password",
  by: "",
  from: "192.0.2.7",
  at: instant(BEGIN + 50),
  refused: 10,
  firstRefusedAt: instant(BEGIN + 50, 9),
  lastRefusedAt: instant(BEGIN + 50, 9),
  evidence: "journal",
  lines: ["refused", "got in"],
  ...more,
});

test("ten refused passwords before one that is accepted are severe; nine are somebody who types badly, and a key is no guess", () => {
  expect(observe([], { bursts: [burst()] })).toMatchObject([
    { severity: "high", facts: { rule: "login-after-failures", refused: 10 }, lines: ["refused", "got in"] },
  ]);
  expect(observe([], { bursts: [burst({ refused: 9 })] })).toEqual([]);
  expect(observe([], { bursts: [burst({ method: "publickey", by: KEY })] })).toMatchObject([
    { severity: "medium" },
  ]);
  expect(observe([], { bursts: [burst({ evidence: "file" })] })).toMatchObject([{ severity: "medium" }]);
});

test("before the logs cover 30 days nothing is new, and what was seen until then is the baseline once they do", () => {
  const windows = [{ ...JOURNAL, to: instant(BEGIN + 29, 12) }];
  const early = [login(BEGIN + 2), login(BEGIN + 20, { from: "192.0.2.7" })];
  expect(observeLogins(readingOf(early), { ...NOTHING, windows })).toEqual({
    spans: NO_SPANS,
    days: early,
    observed: [],
    leftOut: 0,
  });
  expect(countCoveredDays(windows)).toBe(29);
  const known = { until: (): LoginDay[] => early, windows: [{ ...JOURNAL, to: instant(BEGIN + 31, 0) }] };
  const reading = observeLogins(readingOf([login(BEGIN + 31, { from: "192.0.2.7" })]), {
    ...NOTHING,
    ...known,
  });
  const made = { host: { from: BEGIN, to: BEGIN + 30 }, own: new Map() };
  expect(reading).toMatchObject({ spans: { journal: made, all: made }, observed: [], leftOut: 0 });
});

/** Of both kinds of evidence: days that one account has of its own, before there are any of the host. */
const ownOf = (one: OwnBaseline): KnownLogins["spans"] => {
  const spans = { host: null, own: new Map([[keyOfAccount(one), one]]) };
  return { journal: spans, all: spans };
};

test("from where an account made later is entered is new for the accounts that were there before", () => {
  const ann = login(BEGIN + 10, { account: "ann", from: "192.0.2.7" });
  const spans = ownOf({ account: "ann", uid: null, from: BEGIN + 10, to: null, reason: "made-later" });
  expect(
    observe([...USUAL, ann, login(BEGIN + 50, { from: "192.0.2.8" })], { known: { spans } }),
  ).toMatchObject([
    { account: "deploy", subject: "192.0.2.0/24", severity: "medium", facts: { isUsualOnHost: false } },
  ]);
});

test("a day that an earlier reading may have seen in part is not one that it has read whole", () => {
  const since: CompleteSince = { host: null, accounts: new Map([["git", BEGIN + 60]]) };
  const spans = ownOf({ account: "git", uid: null, from: BEGIN + 50, to: null, reason: "cut" });
  const GIT = keyOfAccount({ account: "git", uid: null });
  const beginAfter = (day: number) => {
    const readUntil = { journal: instant(day, 23), all: instant(day, 23) };
    const reading = readingOf([], { completeSince: { journal: since, all: since } });
    return observeLogins(reading, { ...NOTHING, spans, readUntil }).spans.all.own.get(GIT)?.from;
  };
  expect([59, 60, 61].map((day) => beginAfter(BEGIN + day))).toEqual([BEGIN + 60, BEGIN + 60, BEGIN + 50]);
});

test("days without logs count for nothing: the baseline takes 30 that they cover", () => {
  const windows = [
    { ...JOURNAL, to: instant(BEGIN + 20, 0) },
    { ...JOURNAL, from: instant(BEGIN + 60, 0), to: instant(BEGIN + 80, 0) },
  ];
  expect(observeLogins(readingOf([]), { ...NOTHING, windows }).spans.journal.host).toEqual({
    from: BEGIN,
    to: BEGIN + 70,
  });
});

test("Latchkey's own scan does not stand out, and its key from elsewhere does", () => {
  const scan = { account: "deploy", fingerprint: KEY, since: instant(END, 9) };
  const own = login(END, { from: "198.51.100.1" });
  const before = login(END - 1, { from: "198.51.100.1" });
  expect(observe([...USUAL, before, own], { scan })).toMatchObject([
    { subject: "198.51.100.0/24", severity: "info" },
    { facts: { rule: "login-after-long" }, severity: "info" },
  ]);
  const thief = login(END - 2, { from: "203.0.113.9" });
  expect(observe([...USUAL, thief, own], { scan })).toContainEqual(
    expect.objectContaining({ subject: "203.0.113.0/24", severity: "medium" }),
  );
  const both = [own, login(END, { from: "203.0.113.9" })];
  expect(
    observe([...USUAL, ...both], { scan })
      .filter(({ facts }) => facts.rule === "login-new-source")
      .map(({ severity }) => severity),
  ).toEqual(["medium", "medium"]);
});

test("a row tells of its most severe login, also where a harmless one came first", () => {
  const scan = { account: "deploy", fingerprint: KEY, since: instant(END - 2, 9) };
  const own = login(END - 2, { from: "198.51.100.1" });
  const other = { by: `SHA256:${"o".repeat(43)}`, from: "198.51.100.9" };
  const thief = login(END - 1, other);
  const [source] = observe([...USUAL, own, thief], { scan });
  expect(source).toMatchObject({
    ...other,
    severity: "medium",
    firstAt: own.firstAt,
    lastAt: thief.lastAt,
    lines: thief.lines,
  });
});

test("a login whose address was not kept is of its day, so that one that is accepted hides none of later days", () => {
  const bare = (day: number) => login(day, { from: "" });
  expect(observe([...USUAL, bare(BEGIN + 50), bare(BEGIN + 52)])).toMatchObject(
    [BEGIN + 52, BEGIN + 50].map((day) => ({ subject: instant(day).slice(0, 10), firstAt: instant(day) })),
  );
});

test("whoever logs in from a thousand networks pushes out nobody else's", () => {
  const flood = Array.from({ length: 1_000 }, (_, at) =>
    login(BEGIN + 50, { account: "mallory", from: `10.${at >> 8}.${at & 255}.1` }),
  );
  const { observed, leftOut } = observeLogins(
    readingOf([...USUAL, ...flood, login(BEGIN + 45, { from: "192.0.2.7" })]),
    NOTHING,
  );
  expect(observed).toContainEqual(expect.objectContaining({ account: "deploy", subject: "192.0.2.0/24" }));
  expect(observed).toHaveLength(101);
  expect(leftOut).toBe(900);
});

test("su is anybody's word, and nothing is made of it", () => {
  expect(
    observe([...USUAL, login(BEGIN + 50, { method: "su", by: "mallory", from: "", inFiles: true })]),
  ).toEqual([]);
});

test("a network is the /24 or the /64 of an address, and what is no address stands for itself", () => {
  expect(["10.1.2.3", "::ffff:10.1.2.3", "2001:db8:1:2:3::4", "UNKNOWN", ""].map(networkOf)).toEqual([
    "10.1.2.0/24",
    "10.1.2.0/24",
    "2001:db8:1:2::/64",
    "UNKNOWN",
    "",
  ]);
});
