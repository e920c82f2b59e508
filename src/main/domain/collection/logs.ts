import { type Record, readTabbed } from "./record.ts";

/** What the collector found in one log: which logins by key it tells of, and from when to when it reaches. */
export type LogSummary = {
  /** "journal", or the path of the file. */
  path: string;
  /** When the file was last written, seconds since the epoch; null if not told. */
  writtenAt: number | null;
  /** Only its end was taken, for its size. */
  isTail: boolean;
  /** Each day on which anything was logged, in the log's order: "2026-11-25", or "Nov 25" in a log without years. */
  days: string[];
  /** The first and the last line that bears a date, as `days` writes it and the time of day; null without any. */
  first: string | null;
  last: string | null;
  /** Logins by any method, keys or not. */
  acceptedCount: number;
  messages: LoginMessage[];
  /** "cut": its end was not reached. "full": there were more messages than are told. */
  ending: "whole" | "cut" | "full";
  journal: {
    /** First and last entry of each start of the system that it knows, seconds since the epoch. */
    boots: [from: number, to: number][];
    newest: string | null;
    /** When messages of sshd were dropped, for there were too many at once. */
    drops: string[];
  } | null;
};

export type LoginMessage = {
  /** The host that the line names: a log may hold those of others. */
  host: string;
  /** What sshd wrote, without the client's port. */
  text: string;
  /** `day` counts in `days`; times of day are as they are written. */
  days: { day: number; count: number; first: string; last: string }[];
};

export const readLogs = (records: readonly Record[]): LogSummary[] =>
  records.filter(({ kind }) => kind === "log").map(readLog);

function readLog(record: Record): LogSummary {
  const written = record.say("written") ?? "";
  const lines = readTabbed(record.bytes);
  const all = (letter: string) => lines.filter(([first]) => first === letter).map(([, ...rest]) => rest);
  const [[first = null, last = null] = []] = all("S");
  const path = record.say("path") ?? "";
  return {
    path,
    writtenAt: /^\d{1,11}$/.test(written) ? Number(written) : null,
    isTail: record.say("cut") !== null,
    days: all("D").map(([day = ""]) => day),
    first,
    last,
    acceptedCount: Number(/^\d{1,12}$/.exec(all("A")[0]?.[0] ?? "")?.[0] ?? 0),
    messages: all("M").map(([host = "", text = "", ...days]) => ({
      host,
      text,
      days: days.flatMap(readDay),
    })),
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

const readEnding = (word: string | undefined): LogSummary["ending"] =>
  word === "whole" || word === "full" ? word : "cut";

function readDay(text: string): LoginMessage["days"] {
  const [, day = "", count = "", first = "", last = ""] =
    /^(\d{1,5})\/(\d{1,9})\/([^/]{1,40})\/([^/]{1,40})$/.exec(text) ?? [];
  return day === "" ? [] : [{ day: Number(day), count: Number(count), first, last }];
}

/** The two dates of a line of `journalctl --list-boots`, however it parts them. */
function readBoot(line: string): [number, number][] {
  const dates = line.match(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/g) ?? [];
  const [from = Number.NaN, to = Number.NaN] = dates.map(
    (date) => Date.parse(date.replace(" UTC", "Z").replace(" ", "T")) / 1000,
  );
  return from <= to ? [[from, to]] : [];
}

const stampOf = (line: string): string[] => /^\d{4}-\d\d-\d\dT\S{1,40}/.exec(line)?.slice(0, 1) ?? [];
