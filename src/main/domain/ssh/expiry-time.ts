/** A date as `expiry-time=` may give it. `isUtc` false: it is in the host's zone. */
export type ExpiryTime = {
  /** Seconds since the epoch, as if the date were in UTC. */ seconds: number;
  isUtc: boolean;
};

const ZONES_APART = 14 * 3_600;
/** The host's offset is that of today: a date in summer may be an hour off in winter. */
const SUMMER_TIME = 3_600;

/** YYYYMMDD, YYYYMMDDHHMM or YYYYMMDDHHMMSS, with Z or UTC at its end or not; null for what sshd does not read. */
export function readExpiryTime(text: string): ExpiryTime | null {
  const zone = /(?<=.)z$|(?<=.)utc$/i.exec(text)?.[0].length ?? 0;
  const digits = text.slice(0, text.length - zone);
  if (![8, 12, 14].includes(digits.length)) return null;
  if (!/^\d{4}(?:[ \d]\d)+$/.test(digits)) return null;
  const part = (from: number, length = 2) => Number(digits.slice(from, from + length) || "0");
  const [year, month, day] = [part(0, 4), part(4), part(6)];
  const [hour, minute, second] = [part(8), part(10), part(12)];
  if (month < 1 || month > 12 || day < 1 || day > 31) return null;
  if (hour > 23 || minute > 59 || second > 61) return null;
  const seconds = utcSeconds([year, month, day], [hour, minute, second]);
  return seconds === 0 ? null : { seconds, isUtc: zone > 0 };
}

/** Whether the date has passed at an instant of the host's clock; null where its zone would decide and is not known. */
export function hasPassed(expiry: ExpiryTime, unixTime: number, utcOffset: string | null): boolean | null {
  // sshd keeps the date unsigned: one before 1970, where it reads it at all, never comes.
  if (expiry.seconds < 0) return false;
  const offset = expiry.isUtc ? 0 : readOffset(utcOffset);
  const doubt = offset === null ? ZONES_APART : expiry.isUtc ? 0 : SUMMER_TIME;
  const left = expiry.seconds - (offset ?? 0) - unixTime;
  if (left < -doubt) return true;
  return left >= doubt ? false : null;
}

function readOffset(utcOffset: string | null): number | null {
  const parts = /^([+-])(\d\d)(\d\d)$/.exec(utcOffset ?? "");
  if (!parts) return null;
  const seconds = Number(parts[2]) * 3_600 + Number(parts[3]) * 60;
  return parts[1] === "-" ? -seconds : seconds;
}

function utcSeconds(
  [year, month, day]: [number, number, number],
  [hour, minute, second]: [number, number, number],
) {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second);
  return date.getTime() / 1_000;
}
