import type { Collection, SshdSettings } from "#domain/collection/collection.ts";
import type { LogSummary } from "#domain/collection/read-logs.ts";
import { DAY_SECONDS, dateDays, toSeconds } from "./log-dates.ts";

/**
 * From when to when logs have every login. A time in which no program wrote anything is no evidence that nobody logged
 * in: the logging daemon may have been down. Between the files of one log, none may be missing.
 */

/** A log without a line for longer than this has a gap. Most hosts write more often: cron, timers, failed logins. */
export const LONGEST_SILENCE_DAYS = 3;
const LONGEST_SILENCE = LONGEST_SILENCE_DAYS * DAY_SECONDS;

/** For how many seconds before a notice of dropped messages some may be missing: twice the journal's interval. */
const DROP_SECONDS = 60;

/** Seconds since the epoch. */
export type Span = { from: number; to: number };

/** A log with its days dated. */
export type DatedLog = LogSummary & { dates: (number | null)[] };

/** The log of a rotated file: "/var/log/auth.log" for "/var/log/auth.log.2.gz". */
export const familyOf = (path: string): string =>
  /^(\/var\/log\/(?:auth\.log|secure))/.exec(path)?.[1] ?? path;

/** How many files of the log are newer than this one; where its name has a date, a number that grows with its age. */
function ageOf(path: string): number {
  const [, number, date] = /^(?:\.(\d{1,6})|-(\d{8}))/.exec(path.slice(familyOf(path).length)) ?? [];
  if (number !== undefined) return Number(number);
  return date === undefined ? 0 : 100_000_000 - Number(date);
}
const NUMBERED = 1_000_000;

/** Dates the days of one log's files, newest first: no file reaches beyond the beginning of the next newer one. */
export function dateLogs(
  logs: readonly LogSummary[],
  { now, offset }: { now: number; offset: number },
): DatedLog[] {
  let bound = Math.floor((now + offset) / DAY_SECONDS) + 1;
  return [...logs]
    .sort((one, other) => ageOf(one.path) - ageOf(other.path))
    .map((log) => {
      const written = log.writtenAt ?? (ageOf(log.path) === 0 ? now : null);
      const newest =
        written === null ? null : Math.min(bound, Math.floor((written + offset) / DAY_SECONDS) + 1);
      const dates = dateDays(log.days, newest);
      bound = Math.min(bound, ...dates.flatMap((day) => (day === null ? [] : day + 1)));
      return { ...log, dates };
    });
}

/** The spans of one log, from all its files; `unreadable` are the paths of those that could not be read. */
export function findSpans(logs: readonly DatedLog[], unreadable: readonly string[], offset: number): Span[] {
  const pieces = logs.flatMap((log) => (log.ending === "full" ? [] : findPieces(log, offset)));
  const holes = unreadable.map(ageOf);
  const spans: Piece[] = [];
  for (const piece of pieces.sort((one, other) => one.from - other.from)) {
    const before = spans.at(-1);
    if (before && mayJoin(before, piece, holes)) spans[spans.length - 1] = join(before, piece);
    else spans.push(piece);
  }
  return spans.map(({ from, to }) => ({ from, to }));
}

/** `age` is that of its newest file. */
type Piece = Span & { age: number; isOpenBefore: boolean; isOpenAfter: boolean };

function mayJoin(before: Piece, after: Piece, holes: readonly number[]): boolean {
  if (after.from <= before.to) return true;
  if (!before.isOpenAfter || !after.isOpenBefore || after.from - before.to > LONGEST_SILENCE) return false;
  if (before.age < NUMBERED && before.age - after.age > 1) return false;
  return !holes.some((gap) => gap < before.age && gap > after.age);
}

const join = (before: Piece, after: Piece): Piece =>
  after.to > before.to ? { ...after, from: before.from } : before;

function findPieces(log: DatedLog, offset: number): Piece[] {
  const spans = log.journal ? spansOfJournal(log, offset) : spansOfFile(log, offset);
  const isCut = log.ending === "cut";
  return spans.map((span, index) => ({
    ...span,
    age: ageOf(log.path),
    // The gaps between the journal's own spans are known: no other log may close them.
    isOpenBefore: !log.journal && (index > 0 || !log.isTail),
    isOpenAfter: !log.journal && (index < spans.length - 1 || !isCut),
  }));
}

function spansOfFile(log: DatedLog, offset: number): Span[] {
  const first = readStamp(log, log.first, "first", offset);
  const last = readStamp(log, log.last, "last", offset);
  if (first === null || last === null || first > last) return [];
  const days = [...new Set(log.dates.filter((day) => day !== null))].sort((one, other) => one - other);
  const spans: Span[] = [];
  let from = first;
  for (const [index, day] of days.entries()) {
    const next = days[index + 1];
    if (next === undefined || next - day <= LONGEST_SILENCE_DAYS) continue;
    spans.push({ from, to: (day + 1) * DAY_SECONDS - offset });
    from = next * DAY_SECONDS - offset;
  }
  return [...spans, { from, to: last }].filter((span) => span.from <= span.to);
}

/** The journal has no gap within a boot; it is read from its end, so a cut lacks the oldest entries. */
function spansOfJournal(log: DatedLog, offset: number): Span[] {
  const { boots = [], newest = null, drops = [] } = log.journal ?? {};
  const end = readStamp(log, newest, "last", offset);
  const read = [log.first, log.last].map(
    (stamp) => readStamp(log, stamp, "last", offset) ?? Number.POSITIVE_INFINITY,
  );
  const begin = log.ending === "cut" ? Math.min(...read) : 0;
  const spans: Span[] = [];
  for (const [from, to] of [...boots].sort(([one], [other]) => one - other)) {
    const before = spans.at(-1);
    if (before && from - before.to <= LONGEST_SILENCE) before.to = Math.max(before.to, to);
    else spans.push({ from, to });
  }
  const youngest = spans.at(-1);
  if (youngest && end !== null) youngest.to = Math.max(youngest.to, end);
  return drops
    .flatMap((drop) => readStamp(log, drop, "last", offset) ?? [])
    .reduce((whole, drop) => whole.flatMap((span) => without(span, drop)), spans)
    .map((span) => ({ ...span, from: Math.max(span.from, begin) }))
    .filter((span) => span.from <= span.to);
}

function without(span: Span, drop: number): Span[] {
  if (drop < span.from || drop - DROP_SECONDS > span.to) return [span];
  return [
    { from: span.from, to: drop - DROP_SECONDS },
    { from: drop, to: span.to },
  ].filter(({ from, to }) => from < to);
}

/** "2026-11-25T18:53:02+00:00", or "Nov 25 18:53:02" as the first or last such day of the log. */
function readStamp(
  { days, dates }: DatedLog,
  stamp: string | null,
  which: "first" | "last",
  offset: number,
): number | null {
  if (stamp === null) return null;
  const isRfc = /^\d{4}-/.test(stamp);
  const text = stamp.slice(0, isRfc ? 10 : 6);
  const index = which === "first" ? days.indexOf(text) : days.lastIndexOf(text);
  const day = isRfc ? (dateDays([text], null)[0] ?? null) : (dates[index] ?? null);
  return day === null ? null : toSeconds(day, stamp.slice(isRfc ? 11 : 7), offset);
}

/** At these levels sshd does not log logins; `sshd -T` prints SILENT for QUIET. */
const HIDING = /^(silent|quiet|fatal|error)$/i;
const HIDING_LINE = /^\s*"?loglevel"?\s*[\s=]\s*"?(quiet|fatal|error)\b/i;

/**
 * Why sshd with its current settings does not log logins; null where it does. A LogLevel for some accounts or
 * addresses, or for one of several sshd, is enough, since all share one log.
 */
export function findHidingLevel({ sshd, otherDaemons, unreadable }: Collection): string | null {
  for (const daemon of [sshd, ...otherDaemons]) {
    const hidden = findHidden(daemon);
    if (hidden !== null) return hidden;
  }
  const option = unreadable.find(({ claimedOption = "" }) =>
    /loglevel[= ]+(quiet|fatal|error)/i.test(claimedOption),
  );
  return option ? option.why : null;
}

function findHidden({ effective, files }: SshdSettings): string | null {
  for (const answer of new Set(effective?.values() ?? [])) {
    const level = answer.get("loglevel")?.find((value) => HIDING.test(value));
    if (level !== undefined) return formatHidden(level);
  }
  for (const [path, bytes] of files) {
    const lines = Buffer.from(bytes).toString("latin1").split("\n");
    const firstMatch = lines.findIndex((line) => /^\s*"?match\b/i.test(line));
    // With an answer of `sshd -T`, the files matter only for Match blocks of other connections.
    const open = effective === null ? lines : firstMatch < 0 ? [] : lines.slice(firstMatch);
    const [, level] = open.map((line) => HIDING_LINE.exec(line)).find((found) => found !== null) ?? [];
    if (level !== undefined) return `${formatHidden(level)} (${path})`;
  }
  return null;
}

const formatHidden = (level: string): string =>
  `sshd is set to LogLevel ${level.toUpperCase().replace("SILENT", "QUIET")}, so it does not write of logins`;
