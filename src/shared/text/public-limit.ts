import type { Instant } from "../model/instant.ts";

/**
 * How many days a publicly trusted certificate of an end entity may live, by when it is valid from (BR 6.3.2, ballot
 * SC-081v3), the newest limit first.
 */
export const PUBLIC_LIMITS: readonly { from: Instant; days: number }[] = [
  { from: "2029-03-15T00:00:00Z", days: 47 },
  { from: "2027-03-15T00:00:00Z", days: 100 },
  { from: "2026-03-15T00:00:00Z", days: 200 },
  { from: "2020-09-01T00:00:00Z", days: 398 },
];

/** The limit in days for one that is valid from this instant; null before all of them. */
export const limitFor = (notBefore: Instant): number | null =>
  PUBLIC_LIMITS.find(({ from }) => notBefore >= from)?.days ?? null;

const DAY_SECONDS = 86_400;

/**
 * The life of a certificate in days: both ends belong to it (RFC 5280, 4.1.2.5), so there is a second more than between
 * them, and any second beyond whole days counts as another day (BR 6.3.2). Null when it ends before it begins.
 */
export function countLife(notBefore: Instant, notAfter: Instant): number | null {
  const seconds = (Date.parse(notAfter) - Date.parse(notBefore)) / 1_000 + 1;
  return seconds > 0 ? Math.ceil(seconds / DAY_SECONDS) : null;
}
