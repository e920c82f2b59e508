import { expect, test } from "vitest";
import type { LogSummary } from "#domain/collection/read-logs.ts";
import { makeAccount, makeCollection } from "#domain/ssh/testdata/make-collection.ts";
import { daysFrom, makeLog, makeLoggedDay } from "#domain/use/testdata/make-log.ts";
import { findLogins } from "./find-logins.ts";
import { readLoginDays } from "./login-days.ts";

/** makeCollection's host was read on 1 June 2026 at midnight UTC, and its zone is +0200. */
const AT = new Date("2026-06-01T00:00:00Z");
const KEY = `SHA256:${"k".repeat(43)}`;
const BY_KEY = `Accepted publickey for deploy from 10.1.2.3 port 0 ssh2: ED25519 ${KEY}`;
const MAY = daysFrom("2026-05-01", "2026-05-31");

const find = (more: Parameters<typeof makeCollection>[0]) => findLogins(makeCollection(more), AT);

const other = (log: LogSummary, ...texts: string[]): LogSummary => ({
  ...log,
  others: texts.map((text) => ({
    host: "web1",
    text,
    days: [makeLoggedDay({ day: 1, count: 3, first: "10:00:00", last: "11:00:00" })],
  })),
});

test("each day is listed with its key or method and address, its hours, and the lines as they stand in the log", () => {
  const journal = makeLog("journal", MAY, { logins: [[BY_KEY, ["2026-05-02"]]] });
  const file = other(
    makeLog("/var/log/auth.log", MAY, { logins: [[BY_KEY, ["2026-05-02", "2026-05-03"]]] }),
    "Accepted password for deploy from 10.0.0.7 port 0 ssh2",
    "Accepted password for nobody-here from 10.0.0.7 port 0 ssh2",
  );
  const { days } = find({ logs: [journal, file], accounts: [makeAccount("deploy")] });
  expect(days).toMatchObject([
    {
      account: "deploy",
      method: "publickey",
      by: KEY,
      from: "10.1.2.3",
      day: 20_575,
      count: 2,
      inJournal: 2,
      hours: 1 << 12,
      hoursInJournal: 1 << 12,
      firstAt: "2026-05-02T10:00:00Z",
      lastAt: "2026-05-02T10:30:00Z",
      lines: [
        `2026-05-02T12:00:00 web1 sshd[7]: Accepted publickey for deploy from 10.1.2.3 port 50022 ssh2: ED25519 ${KEY}`,
        `2026-05-02T12:30:00 web1 sshd[8]: Accepted publickey for deploy from 10.1.2.3 port 50023 ssh2: ED25519 ${KEY}`,
      ],
    },
    { day: 20_576, method: "publickey", inJournal: 0, hoursInJournal: 0 },
    { day: 20_575, method: "password", by: "", from: "10.0.0.7", count: 3, hours: (1 << 10) | (1 << 11) },
  ]);
});

test("a key that was one factor of several is no login yet", () => {
  const log = makeLog("journal", MAY, { logins: [[BY_KEY.replace("Accepted", "Partial"), ["2026-05-02"]]] });
  const { days, logins } = find({ logs: [log], accounts: [makeAccount("deploy")] });
  expect([days, logins.length]).toEqual([[], 1]);
});

test("of an account with more days than are kept it is known since when all are there, and no other account loses one", () => {
  const seen = (account: string, count: number, family = "journal") =>
    Array.from({ length: count }, (_, at) => ({
      login: { account, from: `10.0.0.${at % 7}`, fingerprint: KEY, authority: null, isPartial: false },
      host: "web1",
      family,
      day: 20_000 + at,
      count: 1,
      first: (20_000 + at) * 86_400,
      last: (20_000 + at) * 86_400,
      hours: 1,
      line: () => "",
    }));
  const read = (keys: ReturnType<typeof seen>) =>
    readLoginDays({ keys, others: [] }, { cutLogs: [], today: 20_100, most: 20 });
  const sizes = ({ days }: ReturnType<typeof read>) =>
    [...Map.groupBy(days, ({ account }) => account)].map(([account, all]) => [account, all.length]);
  const busy = read([...seen("git", 40), ...seen("ann", 5)]);
  expect(sizes(busy)).toEqual([
    ["git", 15],
    ["ann", 5],
  ]);
  expect(busy.completeSince).toEqual({
    journal: { host: null, accounts: new Map([["git", 20_025]]) },
    all: { host: null, accounts: new Map([["git", 20_025]]) },
  });
  expect(busy.leftOut).toEqual(["logs hold more days of logins than are kept, so some are not listed"]);
  const forged = read([
    ...seen("ann", 12),
    ...seen("x", 60, "/var/log/auth.log"),
    ...seen("y", 4, "/var/log/auth.log"),
  ]);
  expect(sizes(forged)).toEqual([
    ["ann", 12],
    ["x", 4],
    ["y", 4],
  ]);
  expect([...forged.completeSince.journal.accounts, ...forged.completeSince.all.accounts]).toEqual([
    ["x", 20_056],
  ]);
});

test("logins whose address was not kept are counted by account, and a log with more than were taken is no whole one", () => {
  const full = makeLog("journal", MAY, { logins: [[BY_KEY.replace("10.1.2.3", "*"), ["2026-05-02"]]] });
  const read = (more: Partial<LogSummary>) =>
    find({ logs: [{ ...full, ...more }], accounts: [makeAccount("deploy")] });
  expect(read({}).leftOut).toEqual([
    "1 account with logins from more addresses than are kept: from where the rest came is not known",
  ]);
  expect(read({}).completeSince.journal.host).toBeNull();
  const cut = { host: 20_606, accounts: new Map() };
  expect(read({ hasMoreOthers: true }).completeSince).toEqual({ journal: cut, all: cut });
  expect(read({ ending: "full" }).completeSince).toEqual({ journal: cut, all: cut });
});

const LOGIN = "2026-05-20T12:00:00 web1 sshd[9]: Accepted password for root from 10.0.0.9 port 4 ssh2";
const refusal = (time: string) =>
  `2026-05-${time} web1 sshd[9]: message repeated 9 times: [ Failed password for root from 10.0.0.9 port 4 ssh2]`;
const burst = (first: string, last: string, login = LOGIN) => ({
  count: 10,
  login: { day: 19, text: login },
  first: { day: Number(first.slice(0, 2)) - 1, text: refusal(first) },
  last: { day: Number(last.slice(0, 2)) - 1, text: refusal(last) },
});

test("refused passwords are known with the login after them, unless a day lies between, or they are another host's", () => {
  const bursts = [
    burst("19T11:00:00", "20T11:59:00"),
    burst("18T11:00:00", "19T11:59:00"),
    burst("20T11:00:00", "20T11:59:00", LOGIN.replace("web1", "db7")),
    burst("20T11:00:00", "20T11:59:00", LOGIN.replace("root", "nobody-here")),
    burst("20T11:00:00", "20T11:59:00", LOGIN.replace("Accepted", "Refused")),
    burst("20T11:00:00", "20T11:59:00", "no line of a log"),
  ];
  const log = { ...makeLog("journal", MAY), bursts, hasMoreBursts: true };
  const found = find({ logs: [log], accounts: [makeAccount("root")] });
  expect(found.bursts).toEqual([
    {
      account: "root",
      method: "password",
      by: "",
      from: "10.0.0.9",
      at: "2026-05-20T10:00:00Z",
      refused: 10,
      firstRefusedAt: "2026-05-19T09:00:00Z",
      lastRefusedAt: "2026-05-20T09:59:00Z",
      evidence: "journal",
      lines: [refusal("19T11:00:00"), refusal("20T11:59:00"), LOGIN],
    },
  ]);
  expect(found.leftOut).toEqual([
    "journal: not every line of a login after refused passwords can be read",
    "journal: so many passwords were refused that a login after them may have been missed",
  ]);
});

test("a very long line of a login after refused passwords, of which the middle was left out, is read as it was", () => {
  const signed = (id: string) =>
    LOGIN.replace("password for", "publickey for") +
    `: ED25519-CERT SHA256:${"k".repeat(43)} ID ${id} (serial 7) CA ED25519 SHA256:${"c".repeat(43)}`;
  const bursts = [burst("20T11:00:00", "20T11:59:00", signed("x [...] y"))];
  const found = find({ logs: [{ ...makeLog("journal", MAY), bursts }], accounts: [makeAccount("root")] });
  expect(found.bursts).toMatchObject([
    { account: "root", method: "certificate", by: `SHA256:${"c".repeat(43)}`, from: "10.0.0.9" },
  ]);
});
