import { type Instant, toInstant } from "#shared/model/instant.ts";

export const DAY_SECONDS = 86_400;

/** "+0130" in seconds; 0 where the host did not tell its zone. */
export function readOffset(text: string | null): number {
  const [, sign, hours, minutes] = /^([+-])(\d\d):?(\d\d)$/.exec(text ?? "") ?? [];
  const seconds = Number(hours ?? 0) * 3_600 + Number(minutes ?? 0) * 60;
  return sign === "-" ? -seconds : seconds;
}

/**
 * A time of day as a log writes it, on a day since the epoch, as seconds since the epoch. Without a zone of its own it
 * is in the host's, as that is now: an hour may be wrong on the other side of a change of the clocks.
 */
export function toSeconds(day: number, time: string, hostOffset: number): number | null {
  const [, hours, minutes, seconds, zone] =
    /^(\d\d):(\d\d):(\d\d)(?:[.,]\d{1,9})?(Z|[+-]\d\d:?\d\d)?$/.exec(time) ?? [];
  if (hours === undefined) return null;
  const offset = zone === undefined ? hostOffset : readOffset(zone);
  return day * DAY_SECONDS + Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds) - offset;
}

/** The beginning of a day since the epoch; null for none. */
export const dayToInstant = (day: number | null): Instant | null =>
  day === null ? null : instantOf(day * DAY_SECONDS);

/** Null for what no date can hold. */
export function instantOf(seconds: number): Instant | null {
  return seconds >= 0 && seconds < 253_402_300_800 ? toInstant(new Date(seconds * 1000)) : null;
}
