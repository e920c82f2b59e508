/** Seconds to wait by a Retry-After header, which has seconds or a date; null where there is none. */
export function readRetryAfter(value: string | undefined, now: Date): number | null {
  const text = value?.trim() ?? "";
  if (/^\d{1,9}$/.test(text)) return Math.min(Number(text), MOST_SECONDS);
  const at = /^[A-Z][a-z]{2}, /.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at)) return null;
  return Math.min(Math.max(Math.ceil((at - now.getTime()) / 1_000), 0), MOST_SECONDS);
}

/** A month: no limit of an authority is longer. */
const MOST_SECONDS = 31 * 24 * 60 * 60;

/** A nonce is taken over as it is, so that it may only be what RFC 8555, section 6.5.1 has it be. */
export const readNonce = (value: string | undefined): string | null =>
  value !== undefined && /^[A-Za-z0-9_-]{1,512}$/.test(value) ? value : null;
