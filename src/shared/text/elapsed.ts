const UNITS = [
  ["year", 365 * 24 * 3_600],
  ["month", 30 * 24 * 3_600],
  ["day", 24 * 3_600],
  ["hour", 3_600],
  ["minute", 60],
] as const;

/** Days are counted as days up to this many; months would hide how near a date is. */
const DAYS_AS_DAYS = 120;

/**
 * How far off an instant is: "3 days ago", "in 12 days", "just now" to the minute. Rounded down: nothing seems later
 * than it is.
 */
export function formatElapsed(instant: string, now: Date): string {
  const seconds = Math.trunc((Date.parse(instant) - now.getTime()) / 1000);
  const amount = formatAmount(Math.abs(seconds));
  if (amount === null) return "just now";
  return seconds > 0 ? `in ${amount}` : `${amount} ago`;
}

/** A date of expiry as text: "expired 3 days ago", "expires in 12 days". */
export function formatExpiry(notAfter: string, now: Date): string {
  const leftMs = Date.parse(notAfter) - now.getTime();
  if (leftMs < 0) return `expired ${formatElapsed(notAfter, now)}`;
  return leftMs < 60_000 ? "expires within a minute" : `expires ${formatElapsed(notAfter, now)}`;
}

function formatAmount(seconds: number): string | null {
  for (const [unit, length] of UNITS) {
    if (unit !== "day" && unit !== "hour" && unit !== "minute" && seconds < DAYS_AS_DAYS * 24 * 3_600)
      continue;
    const count = Math.floor(seconds / length);
    if (count > 0) return `${count} ${unit}${count === 1 ? "" : "s"}`;
  }
  return null;
}

/** A number of bytes for people: "3.2 MB". */
export function formatBytes(bytes: number): string {
  if (bytes < 1_000) return `${bytes} bytes`;
  const index = Math.min(Math.floor(Math.log10(bytes) / 3), 4);
  return `${(bytes / 1_000 ** index).toFixed(1)} ${["", "kB", "MB", "GB", "TB"][index]}`;
}

/** How long something took or takes: "140 ms", "3.2 s", "4 min". */
export function formatDuration(durationMs: number): string {
  if (durationMs < 1_000) return `${Math.round(durationMs)} ms`;
  if (durationMs < 60_000) return `${(durationMs / 1_000).toFixed(1)} s`;
  const minutes = Math.round(durationMs / 60_000);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
