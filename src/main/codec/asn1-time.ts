import { type Instant, toInstant } from "#shared/model/instant.ts";

const UTC_TIME = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?(Z|[+-]\d{4})$/;
const GENERALIZED_TIME = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(?:(\d\d))?(?:\.\d+)?(Z|[+-]\d{4})$/;

/** OpenSSL reads none that is shorter, and none that is longer save for an endless fraction of a second. */
const LEAST_BYTES = { utc: 13, generalized: 15 };
const MOST_BYTES = 64;

/**
 * Reads a date as OpenSSL does, which takes more than RFC 5280 allows: seconds may be left out,
 * a fraction may follow them (it is dropped) and the zone may be an offset. Null if it cannot be read.
 */
export function readDate(text: string, form: "utc" | "generalized"): Instant | null {
  if (text.length < LEAST_BYTES[form] || text.length > MOST_BYTES) return null;
  const match = (form === "utc" ? UTC_TIME : GENERALIZED_TIME).exec(text);
  if (!match) return null;
  const [, years = "", month = "", day = "", hour = "", minute = "", second = "00", zone = "Z"] = match;
  const year = form === "generalized" ? years : `${Number(years) < 50 ? "20" : "19"}${years}`;
  if (Number(day) < 1 || Number(day) > daysIn(Number(year), Number(month))) return null;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return null;
  const local = `${year}-${month}-${day}T${hour}:${minute}:${second}Z`;
  return zone === "Z" ? local : toUtc(local, zone);
}

/** OpenSSL takes offsets of up to twelve hours, and years from 1900 to 9999 with them. */
function toUtc(local: Instant, zone: string): Instant | null {
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(3, 5));
  if (hours > 12 || minutes > 59) return null;
  if (hours === 0 && minutes === 0) return local;
  const east = (zone.startsWith("-") ? -1 : 1) * (hours * 60 + minutes);
  const utc = new Date(Date.parse(local) - east * 60_000);
  const isInRange = local >= "1900" && utc.getUTCFullYear() >= 1900 && utc.getUTCFullYear() <= 9999;
  return isInRange ? toInstant(utc) : null;
}

function daysIn(year: number, month: number): number {
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  if (month === 2) return isLeap ? 29 : 28;
  if (month === 4 || month === 6 || month === 9 || month === 11) return 30;
  return month >= 1 && month <= 12 ? 31 : 0;
}
