import { expect, test } from "vitest";
import type { Collection } from "#domain/collection/collection.ts";
import type { LogSummary } from "#domain/collection/read-logs.ts";
import { makeAccount, makeCollection } from "#domain/ssh/testdata/make-collection.ts";
import { daysFrom, makeLog, makeLoggedDay } from "#domain/use/testdata/make-log.ts";
import { findLogins, withoutFuture } from "./find-logins.ts";

/** makeCollection's host was read on 1 June 2026 at midnight UTC, and its zone is +0200. */
const AT = new Date("2026-06-01T00:00:00Z");
const KEY = `SHA256:${"k".repeat(43)}`;
const byKey = (account = "deploy", from = "10.1.2.3") =>
  `Accepted publickey for ${account} from ${from} port 0 ssh2: ED25519 ${KEY}`;

const find = (more: Parameters<typeof makeCollection>[0]) => findLogins(makeCollection(more), AT);
const MAY = daysFrom("2026-05-01", "2026-05-31");

test("logins are added up by account and key, with the first, the last and where that came from", () => {
  const newer = makeLog("/var/log/auth.log", MAY, {
    logins: [
      [byKey(), ["2026-05-02", "2026-05-20"]],
      [byKey("deploy", "10.9.9.9"), ["2026-05-21"]],
    ],
  });
  const older = makeLog("/var/log/auth.log.1", daysFrom("2026-04-01", "2026-04-30"), {
    logins: [[byKey(), ["2026-04-03"]]],
  });
  const { logins, windows } = find({ logs: [newer, older] });
  expect(logins).toEqual([
    {
      account: "deploy",
      fingerprint: KEY,
      isAuthority: false,
      firstAt: "2026-04-03T10:00:00Z",
      lastAt: "2026-05-21T10:30:00Z",
      lastInJournalAt: null,
      lastFrom: "10.9.9.9",
      origins: expect.any(Array),
      days: [
        [20546, 2],
        [20575, 2],
        [20593, 2],
        [20594, 2],
      ],
    },
  ]);
  expect(windows).toEqual([
    { source: "/var/log/auth.log", from: "2026-04-01T10:00:00Z", to: "2026-05-31T10:00:00Z" },
  ]);
});

test("of each address the last login is told, what the journal tells first", () => {
  const logs = [
    makeLog("journal", MAY, { logins: [[byKey("deploy", "::1"), ["2026-05-02"]]] }),
    makeLog("/var/log/secure", MAY, {
      logins: [
        [byKey("deploy", "10.0.0.1"), ["2026-05-03", "2026-05-09"]],
        [byKey("deploy", "::1"), ["2026-05-02"]],
      ],
    }),
  ];
  expect(find({ logs }).logins.map(({ origins }) => origins)).toEqual([
    [
      {
        from: "::1",
        lastAt: expect.stringMatching(/^2026-05-02/),
        lastInJournalAt: expect.stringMatching(/^2026-05-02/),
      },
      { from: "10.0.0.1", lastAt: expect.stringMatching(/^2026-05-09/), lastInJournalAt: null },
    ],
  ]);
});

test("what two logs tell of the same day is counted once, by the one that tells of more", () => {
  const logs = [
    makeLog("/var/log/auth.log", MAY, { logins: [[byKey(), ["2026-05-02"]]] }),
    makeLog("/var/log/secure", MAY, {
      logins: [
        [byKey(), ["2026-05-02"]],
        [byKey("deploy", "::1"), ["2026-05-02"]],
      ],
    }),
  ];
  expect(find({ logs }).logins).toMatchObject([{ days: [[20575, 4]] }]);
});

test("a certificate counts for the authority that signed it, and not for its key", () => {
  const authority = `SHA256:${"c".repeat(43)}`;
  const text = `Accepted publickey for deploy from ::1 port 0 ssh2: RSA-CERT ${KEY} ID jo (serial 3) CA RSA ${authority}`;
  const { logins } = find({ logs: [makeLog("/var/log/secure", MAY, { logins: [[text, ["2026-05-02"]]] })] });
  expect(logins).toMatchObject([{ fingerprint: authority, isAuthority: true }]);
});

test("a log that tells of logins and names no key says of no key that it was not used", () => {
  const text = "Accepted publickey for deploy from ::1 port 0 ssh2";
  const { windows, notRead } = find({
    logs: [makeLog("/var/log/secure", MAY, { logins: [[text, ["2026-05-02"]]] })],
  });
  expect(windows).toEqual([]);
  expect(notRead).toEqual([expect.stringContaining("not by which key")]);
});

test("years are told by when each file was written, and no file reaches past where the next one begins", () => {
  const logs = [
    makeLog("/var/log/auth.log", ["Jan  3", "Jan  4"], {
      writtenAt: Date.parse("2026-01-04T12:00:00Z") / 1000,
    }),
    // The file's time is long after its last line.
    makeLog("/var/log/auth.log.1", ["Dec 30", "Jan  2"], {
      writtenAt: Date.parse("2026-05-30T12:00:00Z") / 1000,
      logins: [[byKey(), ["Dec 30"]]],
    }),
  ];
  const { logins, windows } = find({ logs });
  expect(logins).toMatchObject([{ firstAt: "2025-12-30T10:00:00Z" }]);
  expect(windows).toEqual([
    { source: "/var/log/auth.log", from: "2025-12-30T10:00:00Z", to: "2026-01-04T10:00:00Z" },
  ]);
});

test("a silence of more than three days, a missing file and an unread one are gaps", () => {
  const windowsOf = (more: Partial<Collection>) =>
    find(more).windows.map(({ from, to }) => [from.slice(5, 10), to.slice(5, 10)]);
  const silent = makeLog("/var/log/auth.log", ["2026-05-01", "2026-05-02", "2026-05-30", "2026-05-31"]);
  expect(windowsOf({ logs: [silent] })).toEqual([
    ["05-01", "05-02"],
    ["05-29", "05-31"],
  ]);

  const newest = makeLog("/var/log/auth.log", daysFrom("2026-05-30", "2026-05-31"));
  const second = makeLog("/var/log/auth.log.2", daysFrom("2026-05-20", "2026-05-28"));
  const gap = [
    ["05-20", "05-28"],
    ["05-30", "05-31"],
  ];
  expect(windowsOf({ logs: [newest, second] })).toEqual(gap);
  const dated = { ...second, path: "/var/log/auth.log-20260529" };
  expect(windowsOf({ logs: [newest, dated] })).toEqual([["05-20", "05-31"]]);
  const why = "it may not be read without more rights";
  const unreadable = [{ kind: "log" as const, path: "/var/log/auth.log-20260530.zst", why }];
  expect(windowsOf({ logs: [newest, dated], unreadable })).toEqual(gap);
});

test("a file that was cut short does not reach on to the next, and one too full reaches nowhere", () => {
  const [newer, older] = [daysFrom("2026-05-20", "2026-05-31"), daysFrom("2026-05-01", "2026-05-19")];
  const logs = (more: object) => [
    makeLog("/var/log/auth.log", newer),
    makeLog("/var/log/auth.log.1", older, more),
  ];
  expect(find({ logs: logs({}) }).windows).toHaveLength(1);
  const cut = find({ logs: logs({ ending: "cut" }) });
  expect(cut.windows).toHaveLength(2);
  expect(cut.notRead).toEqual([
    "/var/log/auth.log.1: it was read in part only, for its time was over or it is damaged",
  ]);
  const full = find({ logs: logs({ ending: "full" }) });
  expect(full.windows).toEqual([]);
  expect(full.notRead).toEqual([
    "/var/log/auth.log: it holds more different logins than were taken, so none is known to be missing",
  ]);
});

test("the journal reaches back over the starts of the system, but not over messages that it dropped", () => {
  const seconds = (text: string) => Date.parse(text) / 1000;
  const journal = {
    boots: [
      [seconds("2026-03-01T00:00:00Z"), seconds("2026-03-20T00:00:00Z")],
      [seconds("2026-04-01T00:00:00Z"), seconds("2026-04-28T00:00:00Z")],
      [seconds("2026-04-29T00:00:00Z"), seconds("2026-05-30T00:00:00Z")],
    ] as [number, number][],
    newest: "2026-05-31T23:59:59+00:00",
    drops: ["2026-05-10T00:00:00+00:00"],
  };
  const { windows } = find({ logs: [makeLog("journal", [], { journal })] });
  expect(windows.map(({ from, to }) => [from, to])).toEqual([
    ["2026-03-01T00:00:00Z", "2026-03-20T00:00:00Z"],
    ["2026-04-01T00:00:00Z", "2026-05-09T23:59:00Z"],
    ["2026-05-10T00:00:00Z", "2026-05-31T23:59:59Z"],
  ]);
});

test("a log without this scan's own login, or without any, says nothing by its silence", () => {
  const login = { loginKey: KEY, loginAccount: "deploy" };
  const log = makeLog("/var/log/secure", [...MAY, "2026-06-01"], { logins: [[byKey(), ["2026-05-02"]]] });
  const without = find({ logs: [log], ...login });
  expect(without).toMatchObject({
    windows: [],
    notRead: ["/var/log/secure: this scan's own login is not in it, so others may be missing too"],
  });
  const own = makeLoggedDay({ day: 31, count: 1, first: "02:00:00", last: "02:00:00" });
  const messages = [{ host: "web1.example", text: byKey(), days: [own] }];
  expect(find({ logs: [{ ...log, messages }], ...login }).windows).toHaveLength(1);
  expect(find({ logs: [{ ...log, messages: [], acceptedCount: 0 }] }).notRead).toEqual([
    "/var/log/secure: no login of any kind is in it, so sshd may write elsewhere",
  ]);
});

test("logins on another host that a log tells of are not this one's, and are remembered as a doubt", () => {
  const logs = [makeLog("/var/log/secure", MAY, { logins: [[byKey(), ["2026-05-02"]]], host: "db7" })];
  const { logins, elsewhere } = find({ logs });
  expect(logins).toEqual([]);
  expect([...elsewhere]).toEqual([[JSON.stringify(["deploy", KEY]), "db7"]]);
});

test("what is told under another name before this host's own is not known to be of another: it may have been renamed", () => {
  const log = makeLog("/var/log/secure", MAY, { logins: [[byKey(), ["2026-05-20"]]] });
  const before = makeLog("/var/log/secure", MAY, { logins: [[byKey("jo"), ["2026-05-12"]]], host: "old1" });
  const renamed = find({ logs: [{ ...log, messages: [...log.messages, ...before.messages] }] });
  expect(renamed.windows).toMatchObject([{ from: "2026-05-12T10:30:00Z", to: "2026-05-31T10:00:00Z" }]);
  expect(renamed.notRead).toEqual([
    "/var/log/secure: until 2026-05-12 its logins are those of old1, as this host may have been called: none before is known to be missing",
  ]);
  const after = makeLog("/var/log/secure", MAY, { logins: [[byKey("jo"), ["2026-05-25"]]], host: "db7" });
  const messages = [...log.messages, ...before.messages, ...after.messages];
  expect(find({ logs: [{ ...log, messages }] }).windows).toMatchObject([{ from: "2026-05-12T10:30:00Z" }]);
  const ofMany = [...log.messages, ...after.messages];
  expect(find({ logs: [{ ...log, messages: ofMany }] }).windows).toMatchObject([
    { from: "2026-05-01T10:00:00Z" },
  ]);
});

test("a LogLevel that hides logins leaves no window, wherever it is set", () => {
  const logs = [makeLog("/var/log/secure", MAY)];
  const why = "sshd is set to LogLevel QUIET, so it does not write of logins";
  const inFile = find({ logs, config: "# LogLevel INFO\nloglevel = quiet\n" });
  expect(inFile).toMatchObject({ windows: [], hiddenBy: `${why} (/etc/ssh/sshd_config)` });
  expect(find({ logs, config: "LogLevel VERBOSE\n#LogLevel QUIET\n" })).toMatchObject({ hiddenBy: null });

  const { sshd } = makeCollection({
    config: "LogLevel INFO\nLogLevel QUIET\nMatch Address 10.0.0.0/8\nLogLevel QUIET\n",
  });
  const answer = (level: string) => new Map([["root", new Map([["loglevel", [level]]])]]);
  expect(find({ logs, sshd: { ...sshd, effective: answer("INFO") } }).hiddenBy).toContain("QUIET");
  expect(find({ logs, sshd: { ...sshd, files: new Map(), effective: answer("INFO") } }).hiddenBy).toBeNull();
  const silent = { ...sshd, files: new Map(), effective: answer("SILENT") };
  expect(find({ logs, sshd: silent }).hiddenBy).toBe(why);
  expect(find({ logs, otherDaemons: [silent] }).hiddenBy).toBe(why);
});

test("before sshd's configuration was last changed, silence tells nothing where no login tells that sshd wrote then", () => {
  const { sshd } = makeCollection({});
  const changed = (day: string) => ({
    sshd: { ...sshd, changedAt: new Map([["/etc/ssh/sshd_config", Date.parse(day) / 1000]]) },
  });
  const logs = [makeLog("/var/log/secure", MAY, { logins: [[byKey(), ["2026-05-20"]]] })];
  expect(find({ logs, ...changed("2026-05-10T00:00:00Z") })).toMatchObject({
    windows: [{ from: "2026-05-10T00:00:00Z", to: "2026-05-31T10:00:00Z" }],
    notRead: [
      "/var/log/secure: no login by key before 2026-05-10 is in it, when sshd's configuration was changed: until then it may have been silent",
    ],
  });
  for (const day of ["2026-05-25T00:00:00Z", "2026-01-01T00:00:00Z"])
    expect(find({ logs, ...changed(day) })).toMatchObject({
      windows: [{ from: "2026-05-01T10:00:00Z" }],
      notRead: [],
    });
});

const NOW = Date.parse("2026-06-01T00:00:00Z") / 1_000;
const TODAY = NOW / 86_400;
const evidence = {
  logins: [
    {
      account: "deploy",
      fingerprint: "SHA256:k",
      isAuthority: false,
      lastFrom: null,
      origins: [],
      lastInJournalAt: "2100-01-01T00:00:00Z",
      firstAt: "2026-05-30T00:00:00Z",
      lastAt: "2100-01-01T00:00:00Z",
      days: [
        [TODAY - 2, 1],
        [TODAY + 9, 2],
        [TODAY + 27_000, 3],
      ] as [number, number][],
    },
  ],
  others: [],
  windows: [{ source: "journal", from: "2026-05-30T00:00:00Z", to: "2100-01-01T00:00:00Z" }],
  hiddenBy: null,
  notRead: [],
  elsewhere: new Map<string, string>(),
  days: [],
  completeSince: {
    journal: { host: null, accounts: new Map<string, number>() },
    all: { host: null, accounts: new Map<string, number>() },
  },
  bursts: [],
  leftOut: [],
};

test("what a clock in the future has dated covers no time, and its logins were no later than now", () => {
  expect(withoutFuture(evidence, { ahead: 301, now: NOW })).toMatchObject({
    windows: [],
    logins: [
      {
        firstAt: "2026-05-30T00:00:00Z",
        lastAt: "2026-06-01T00:00:00Z",
        days: [
          [TODAY - 2, 1],
          [TODAY, 5],
        ],
      },
    ],
    notRead: [expect.stringMatching(/^its clock is 301 seconds ahead of this computer's/)],
  });
  expect(withoutFuture(evidence, { ahead: 300, now: NOW })).toBe(evidence);
});

const other = (log: LogSummary, ...texts: string[]): LogSummary => ({
  ...log,
  others: texts.map((text) => ({
    host: "web1",
    text,
    days: [makeLoggedDay({ day: 1, count: 3, first: "10:00:00", last: "11:00:00" })],
  })),
});

test("logins without a key are told by account and means, and who became an account by su", () => {
  const log = other(
    makeLog("journal", MAY, { logins: [[byKey(), ["2026-05-02"]]] }),
    "Accepted password for ann from 10.0.0.7 port 0 ssh2",
    "Accepted password for ann from 10.0.0.8 port 0 ssh2",
    "Accepted keyboard-interactive/pam for ann from * port 0 ssh2",
    "Accepted password for root from 6.6.6.6 port 1 ssh2 from 10.0.0.9 port 0 ssh2",
    "su: (to postgres) ann",
    "Accepted gssapi-with-mic for kim from 10.0.0.7 port 0 ssh2: kim@EXAMPLE.COM",
    'Accepted hostbased for kim from 10.0.0.7 port 0 ssh2: ED25519 SHA256:x, client user "kim", client host "web2"',
    "Accepted telepathy for ann from 10.0.0.7 port 0 ssh2",
    "su: (to ) ann",
    "Accepted password for nobody-of-this-name from 10.0.0.7 port 0 ssh2",
  );
  const accounts = ["ann", "postgres", "kim", "root from 6.6.6.6 port 1 ssh2"].map((name) =>
    makeAccount(name),
  );
  const { others, logins } = find({ logs: [log], accounts });
  expect(logins).toHaveLength(1);
  expect(
    others.map(({ account, method, by, lastFrom, days }) => [account, method, by, lastFrom, days[0]?.[1]]),
  ).toEqual([
    ["ann", "password", "", "10.0.0.7", 6],
    ["ann", "keyboard-interactive", "", null, 3],
    ["root from 6.6.6.6 port 1 ssh2", "password", "", "10.0.0.9", 3],
    ["postgres", "su", "ann", null, 3],
    ["kim", "gssapi-with-mic", "", "10.0.0.7", 3],
    ["kim", "hostbased", "", "10.0.0.7", 3],
  ]);
  expect(others.every(({ lastInJournalAt }) => lastInJournalAt === "2026-05-02T09:00:00Z")).toBe(true);
});

test("what calls itself su in the journal shows nothing but that: no login, no window, and never as the journal's word", () => {
  const suLog = other(
    makeLog("journal", MAY, { logins: [[byKey("root"), ["2026-05-02"]]] }),
    "su: (to root) mallory",
    "Accepted password for root from 10.0.0.9 port 0 ssh2",
  );
  const found = find({ suLog, accounts: [makeAccount("root")] });
  expect(found).toMatchObject({ logins: [], windows: [] });
  expect(found.others).toMatchObject([
    { account: "root", method: "su", by: "mallory", lastInJournalAt: null },
  ]);
});

test("more logins without a key than are taken are named as such, and a million lines are no exception", () => {
  const log = { ...makeLog("journal", MAY), hasMoreOthers: true };
  expect(find({ logs: [log] }).notRead).toContain(
    "journal: it holds more logins without a key than were taken",
  );
  const many = other(makeLog("journal", MAY), "Accepted password for ann from 10.0.0.7 port 0 ssh2");
  const one = makeLoggedDay({ day: 1, count: 1, first: "10:00:00", last: "10:00:00" });
  const days = Array.from({ length: 200_000 }, () => one);
  many.others = many.others.map((message) => ({ ...message, days }));
  expect(find({ logs: [many], accounts: [makeAccount("ann")] }).others).toHaveLength(1);
});
