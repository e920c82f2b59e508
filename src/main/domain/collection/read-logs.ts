import { type Record, readTabbed } from "./stream.ts";

/** What the collector found in one log: logins by key, and the time that the log covers. */
export type LogSummary = {
  /** "journal", or the path of the file. */
  path: string;
  /** When the file was last written, seconds since the epoch; null if not known. */
  writtenAt: number | null;
  /** Only its end was taken, for its size. */
  isTail: boolean;
  /** Each day on which anything was logged, in the log's order: "2026-11-25", or "Nov 25" in a log without years. */
  days: string[];
  /** The first and the last line with a date: the date as in `days`, and the time of day; null if there is none. */
  first: string | null;
  last: string | null;
  /** Logins by any method, keys or not. */
  acceptedCount: number;
  messages: LoginMessage[];
  /** Of logins by other means, and by su. */
  others: LoginMessage[];
  /** There were more of these than are kept. */
  hasMoreOthers: boolean;
  /** Refused passwords that a login from the same address followed. */
  bursts: LogBurst[];
  /** There may have been more of these. */
  hasMoreBursts: boolean;
  /** "cut": its end was not reached. "full": there were more messages than are kept. */
  ending: "whole" | "cut" | "full";
  journal: {
    /** First and last entry of each start of the system that it knows, seconds since the epoch. */
    boots: [from: number, to: number][];
    newest: string | null;
    /** When messages of sshd were dropped because there were too many at once. */
    drops: string[];
  } | null;
};

type LoginMessage = {
  /** The host that the line names: a log may hold those of other hosts. */
  host: string;
  /** What sshd wrote, without the client's port. */
  text: string;
  days: LoggedDay[];
};

/** `day` is an index in `days` of the log; times of day are as they are written. */
export type LoggedDay = {
  day: number;
  count: number;
  first: string;
  last: string;
  /** The hours with a login, as bits, by the clock of the line. */
  hours: number;
  /** What the first and the last line say of the program and the client's port: "sshd[8]:50022"; empty if not known. */
  tags: [first: string, last: string];
};

/** A line of a log, as it stands there, with the index of its day. */
export type LoggedLine = { day: number; text: string };

export type LogBurst = { count: number; login: LoggedLine; first: LoggedLine; last: LoggedLine };

export const readLogs = (records: readonly Record[]): LogSummary[] =>
  records.filter(({ kind }) => kind === "log").map(readLog);

/** What calls itself su in the journal; null where that was not read. */
export function readSuLog(records: readonly Record[]): LogSummary | null {
  const record = records.find(({ kind }) => kind === "su-log");
  return record ? readLog(record) : null;
}

function readLog(record: Record): LogSummary {
  const written = record.value("written") ?? "";
  const lines = readTabbed(record.bytes);
  const all = (letter: string) => lines.filter(([first]) => first === letter).map(([, ...rest]) => rest);
  const [[first = null, last = null] = []] = all("S");
  const path = record.value("path") ?? "";
  return {
    path,
    writtenAt: /^\d{1,11}$/.test(written) ? Number(written) : null,
    isTail: record.value("cut") !== null,
    days: all("D").map(([day = ""]) => day),
    first,
    last,
    acceptedCount: Number(/^\d{1,12}$/.exec(all("A")[0]?.[0] ?? "")?.[0] ?? 0),
    messages: all("M").map(readMessage),
    others: all("O").map(readMessage),
    hasMoreOthers: all("L").some(([letter]) => letter === "O"),
    bursts: all("B").flatMap(readBurst),
    hasMoreBursts: all("L").some(([letter]) => letter === "B"),
    ending: readEnding(all("E").at(-1)?.[0]),
    journal:
      path === "journal"
        ? {
            boots: all("B").flatMap(([line = ""]) => readBoot(line)),
            newest: all("N").flatMap(([line = ""]) => stampOf(line))[0] ?? null,
            drops: all("X").flatMap(([line = ""]) => stampOf(line)),
          }
        : null,
  };
}

const readMessage = ([host = "", text = "", ...days]: string[]): LoginMessage => ({
  host,
  text,
  days: days.flatMap(readDay),
});

const readEnding = (word: string | undefined): LogSummary["ending"] =>
  word === "whole" || word === "full" ? word : "cut";

function readDay(text: string): LoggedDay[] {
  const [, day = "", count = "", first = "", last = "", hours, begin = "", end = ""] =
    /^(\d{1,5})\/(\d{1,9})\/([^/]{1,40})\/([^/]{1,40})(?:\/([0-9a-f]{1,6})\/([^/]{0,60})\/([^/]{0,60}))?$/.exec(
      text,
    ) ?? [];
  if (day === "") return [];
  return [
    {
      day: Number(day),
      count: Number(count),
      first,
      last,
      hours: hours === undefined ? hourOf(first) | hourOf(last) : Number.parseInt(hours, 16),
      tags: [begin, end],
    },
  ];
}

const hourOf = (time: string): number => {
  const hour = Number(time.slice(0, 2));
  return hour >= 0 && hour < 24 ? 1 << hour : 0;
};

function readBurst([count = "", ...rest]: string[]): LogBurst[] {
  const [login, first, last] = [0, 2, 4].map((at) => ({ day: Number(rest[at]), text: rest[at + 1] ?? "" }));
  if (!/^\d{1,9}$/.test(count) || !login || !first || !last) return [];
  const isSound = [login, first, last].every(({ day, text }) => Number.isSafeInteger(day) && text !== "");
  return isSound ? [{ count: Number(count), login, first, last }] : [];
}

/** The two dates of a line of `journalctl --list-boots`, whatever separates them. */
function readBoot(line: string): [number, number][] {
  const dates = line.match(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/g) ?? [];
  const [from = Number.NaN, to = Number.NaN] = dates.map(
    (date) => Date.parse(date.replace(" UTC", "Z").replace(" ", "T")) / 1000,
  );
  return from <= to ? [[from, to]] : [];
}

const stampOf = (line: string): string[] => /^\d{4}-\d\d-\d\dT\S{1,40}/.exec(line)?.slice(0, 1) ?? [];

/**
 * When an account was last logged in to: at a terminal, a screen or over SSH, by a key, a password or anything else.
 */
export type LastLogin = {
  account: string;
  /** Seconds since the epoch. */
  at: number;
  /** The file that records it. */
  source: string;
};

const MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec";

/** The last login of each account, from each file that records logins. */
export function readLastLogins(records: readonly Record[]): LastLogin[] {
  return records
    .filter(({ kind }) => kind === "last-logins")
    .flatMap((record) => {
      const source = record.value("path") ?? "";
      const lines = readTabbed(record.bytes);
      const read = record.value("form") === "rows" ? readRow : readTableLine;
      return lines.flatMap((line) => read(line) ?? []).map((login) => ({ ...login, source }));
    });
}

/** Seconds and account: the first columns of the query. */
function readRow([seconds = "", account = ""]: string[]): Omit<LastLogin, "source"> | null {
  return /^\d{1,11}$/.test(seconds) && account !== "" ? { account, at: Number(seconds) } : null;
}

/**
 * "deploy   pts/0   10.1.2.3   Fri Nov 20 12:30:00 +0000 2026", as lastlog and lastlog2 print it in the C locale, or
 * "deploy   pts/0   10.1.2.3   2026-11-20T12:30:00+0000  - ...", as wtmpdb does.
 */
function readTableLine([line = ""]: string[]): Omit<LastLogin, "source"> | null {
  const [, account = "", month = "", day, time, zone = "", year] =
    /^(\S+)\s.*\s[A-Z][a-z]{2} ([A-Z][a-z]{2}) +(\d{1,2}) (\d\d:\d\d:\d\d) ([+-]\d{4}) (\d{4})\s*$/.exec(
      line,
    ) ?? [];
  const index = MONTHS.indexOf(month);
  if (account !== "" && index >= 0 && index % 3 === 0)
    return toLogin(account, `${year}-${pad(index / 3 + 1)}-${pad(Number(day))}T${time}`, zone);
  const [, user = "", tty = "", at = "", offset = ""] =
    /^(\S+)\s+(.*?)\s(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)([+-]\d{4})\s+- /.exec(line) ?? [];
  return user === "" || tty.startsWith("system boot") ? null : toLogin(user, at, offset);
}

function toLogin(account: string, at: string, zone: string): Omit<LastLogin, "source"> | null {
  const seconds = Date.parse(`${at}${zone.slice(0, 3)}:${zone.slice(3)}`) / 1000;
  return Number.isFinite(seconds) ? { account, at: seconds } : null;
}

const pad = (number: number): string => String(number).padStart(2, "0");
