import { openCertificate } from "#domain/x509/path/path-certificate.ts";
import { type Instant, toInstant } from "#shared/model/instant.ts";
import { type Broken, broken, fieldsOf, openJson, textOf } from "./json.ts";

/** The window in which an authority suggests to renew a certificate (RFC 9773). */
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

/**
 * The identifier by which an authority is queried about the renewal of a certificate (RFC 9773, section 4.1): the
 * identifier of its issuer's key, and its serial number as DER has it. Null if it has no such identifier, or is no
 * certificate.
 */
export function certificateIdOf(der: Uint8Array): string | null {
  const certificate = openCertificate(der);
  const { authorityKey } = certificate?.extensions ?? {};
  if (!certificate || !authorityKey) return null;
  return [authorityKey, certificate.serial]
    .map((hex) => Buffer.from(hex, "hex").toString("base64url"))
    .join(".");
}
