import { type Instant, toInstant } from "#shared/model/instant.ts";

/** From when the end of a certificate needs attention: `warnFrom` is of medium severity, `urgentFrom` of high. */
export type Expiring = { warnFrom: Instant; urgentFrom: Instant };

const DAY_MS = 24 * 60 * 60 * 1000;

/** The longest life that public certificates have had since 2020; of a longer one, so much counts. */
const LONGEST_LIFE_MS = 398 * DAY_MS;

/** Of a shorter life half is left when it is due: what renews it has but a few tries. */
const SHORT_LIFE_MS = 10 * DAY_MS;

/** RFC 5280, 4.1.2.5: the date that says a certificate does not expire. */
const NEVER = "9999-12-31T23:59:59Z";

/**
 * A certificate is expiring in the last third of its life, and urgently so in the last sixth: 30 and 15 days of 90,
 * 16 and 8 of 47, 66 and 33 of 200; of a life below ten days, in its last half and its last quarter, which is when
 * what renews certificates by itself does so. Fixed days would alarm too late for a long one and always for a short one.
 * Of a life beyond 398 days, 398 count: an authority of 25 years is nobody's task eight years ahead. Null where
 * a date is not known, or it does not expire.
 */
export function expiringFrom(notBefore: Instant | null, notAfter: Instant | null): Expiring | null {
  if (notBefore === null || notAfter === null || notAfter === NEVER) return null;
  const end = Date.parse(notAfter);
  const life = Math.min(end - Date.parse(notBefore), LONGEST_LIFE_MS);
  if (life <= 0) return null;
  const left = life < SHORT_LIFE_MS ? life / 2 : life / 3;
  return { warnFrom: toInstant(new Date(end - left)), urgentFrom: toInstant(new Date(end - left / 2)) };
}
