import { type Instant, toInstant } from "#shared/model/instant.ts";

/**
 * Dates in logs. Those of RFC 3339 are complete. BSD's have no year: we start at the end, with the time at which the
 * file was last written, and going back, each day is no later than the one after it.
 */

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** Lines of several programs may be out of order around midnight, or when the clock is set. */
const DISORDER_DAYS = 2;
/** The longest time from one 29 February to the next. */
const MOST_YEARS = 8;

/**
 * The days of a log as days since the epoch, by the host's calendar; null for what is no date. `newest` is the latest
 * possible last day; null if it is not known: then only days with a year are dated.
 */
export function dateDays(days: readonly string[], newest: number | null): (number | null)[] {
  const dates: (number | null)[] = [];
  let bound = newest;
  for (const text of days.toReversed()) {
    const day = readDay(text) ?? (bound === null ? null : readYearless(text, bound));
    if (day !== null) bound = bound === null ? day + DISORDER_DAYS : Math.min(bound, day + DISORDER_DAYS);
    dates.push(day);
  }
  return dates.reverse();
}

/** "2026-11-25" as days since the epoch. */
function readDay(text: string): number | null {
  const [, year, month, day] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text) ?? [];
  return year === undefined ? null : toDay(Number(year), Number(month) - 1, Number(day));
}

/** "Nov 25" as the last such day that is not after `bound`. */
function readYearless(text: string, bound: number): number | null {
  const [, name = "", number] = /^([A-Z][a-z]{2}) ([ \d]\d)$/.exec(text) ?? [];
  const month = MONTHS.indexOf(name);
  if (month < 0) return null;
  const latest = new Date(bound * DAY_SECONDS * 1000).getUTCFullYear();
  for (let year = latest; year >= latest - MOST_YEARS; year--) {
    const day = toDay(year, month, Number(number));
    if (day !== null && day <= bound) return day;
  }
  return null;
}

/** Null for a date that does not exist. */
function toDay(year: number, month: number, day: number): number | null {
  const date = new Date(Date.UTC(year, month, day));
  const isReal = date.getUTCFullYear() === year && date.getUTCMonth() === month && date.getUTCDate() === day;
  return isReal ? date.getTime() / (DAY_SECONDS * 1000) : null;
}

export const DAY_SECONDS = 86_400;

/** "+0130" in seconds; 0 where the host's zone is not known. */
export function readOffset(text: string | null): number {
  const [, sign, hours, minutes] = /^([+-])(\d\d):?(\d\d)$/.exec(text ?? "") ?? [];
  const seconds = Number(hours ?? 0) * 3_600 + Number(minutes ?? 0) * 60;
  return sign === "-" ? -seconds : seconds;
}

/**
 * A time of day in a log, on a day since the epoch, as seconds since the epoch. Without a zone of its own, it is in the
 * host's current zone: it may be an hour wrong on the other side of a change to or from summer time.
 */
export function toSeconds(day: number, time: string, hostOffset: number): number | null {
  const [, hours, minutes, seconds, zone] =
    /^(\d\d):(\d\d):(\d\d)(?:[.,]\d{1,9})?(Z|[+-]\d\d:?\d\d)?$/.exec(time) ?? [];
  if (hours === undefined) return null;
  const offset = zone === undefined ? hostOffset : readOffset(zone);
  return day * DAY_SECONDS + Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds) - offset;
}

/** The beginning of a day since the epoch, as an instant; null for null. */
export const dayToInstant = (day: number | null): Instant | null =>
  day === null ? null : instantOf(day * DAY_SECONDS);

/** Null where a Date cannot have the value. */
export function instantOf(seconds: number): Instant | null {
  return seconds >= 0 && seconds < 253_402_300_800 ? toInstant(new Date(seconds * 1000)) : null;
}
