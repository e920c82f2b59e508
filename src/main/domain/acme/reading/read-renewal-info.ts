import { type Instant, toInstant } from "#shared/model/instant.ts";
import { type Broken, broken, fieldsOf, openJson, textOf } from "./open-json.ts";

/** When an authority wants a certificate to be renewed: at any time from one to the other (RFC 9773). */
export type RenewalWindow = {
  from: Instant;
  to: Instant;
  /** A page that says why; null where there is none. */
  explanation: string | null;
};

export function readRenewalInfo(bytes: Uint8Array): RenewalWindow | Broken {
  const fields = openJson(bytes);
  const window = fieldsOf(fields?.suggestedWindow);
  const [from, to] = [readTime(window?.start), readTime(window?.end)];
  if (!from || !to || to < from) return broken("what it says of renewal has no window");
  const page = textOf(fields?.explanationURL, 2_048);
  return { from, to, explanation: page && URL.parse(page)?.protocol === "https:" ? page : null };
}

function readTime(value: unknown): Instant | null {
  const text = textOf(value, 64);
  const at = text !== null && /^\d{4}-\d\d-\d\dT/.test(text) ? Date.parse(text) : Number.NaN;
  const year = Number.isNaN(at) ? 0 : new Date(at).getUTCFullYear();
  return year >= 1_970 && year <= 9_999 ? toInstant(new Date(at)) : null;
}
