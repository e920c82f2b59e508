import { type Broken, broken, type Fields, fieldsOf, openJson, textOf, urlAt } from "./json.ts";

/** What an authority supports, and at which addresses. */
export type AcmeDirectory = {
  /** Scheme, name and port of all its addresses. */
  origin: string;
  newNonce: string;
  newAccount: string;
  newOrder: string;
  /** Null if it does not support that. */
  revokeCert: string | null;
  renewalInfo: string | null;
  /** The terms that an account agrees to; a page for people. */
  terms: string | null;
  /** It requires a MAC key of its own for each new account. */
  needsBinding: boolean;
  /** Certificate profiles by their names, with the description that it gives of each. */
  profiles: ReadonlyMap<string, string>;
};

const MOST_PROFILES = 64;

/** `url`: of the directory. */
export function readDirectory(url: string, bytes: Uint8Array): AcmeDirectory | Broken {
  const fields = openJson(bytes);
  if (!fields) return broken("it is no ACME directory: what is there is no JSON object");
  const { origin } = new URL(url);
  const newNonce = urlAt(origin, fields.newNonce);
  const newAccount = urlAt(origin, fields.newAccount);
  const newOrder = urlAt(origin, fields.newOrder);
  if (newNonce === null) return toBroken(fields, "newNonce", origin);
  if (newAccount === null) return toBroken(fields, "newAccount", origin);
  if (newOrder === null) return toBroken(fields, "newOrder", origin);
  for (const name of ["revokeCert", "renewalInfo"])
    if (fields[name] !== undefined && urlAt(origin, fields[name]) === null)
      return toBroken(fields, name, origin);
  const meta = fieldsOf(fields.meta) ?? {};
  return {
    origin,
    newNonce,
    newAccount,
    newOrder,
    revokeCert: urlAt(origin, fields.revokeCert),
    renewalInfo: urlAt(origin, fields.renewalInfo),
    terms: textOf(meta.termsOfService, 2_048),
    needsBinding: meta.externalAccountRequired === true,
    profiles: readProfiles(fieldsOf(meta.profiles) ?? {}),
  };
}

function toBroken(fields: Fields, name: string, origin: string): Broken {
  const text = textOf(fields[name], 200);
  return broken(
    text === null
      ? `it is no ACME directory: it has no ${name}`
      : `its directory sends elsewhere for ${name} (${text}), and only ${origin} is trusted`,
  );
}

function readProfiles(fields: Fields): ReadonlyMap<string, string> {
  const read = Object.entries(fields)
    .filter(([name]) => name.length <= 64)
    .slice(0, MOST_PROFILES)
    .map(([name, said]) => [name, textOf(said, 1_000) ?? ""] as const);
  return new Map(read);
}

/** Seconds to wait by a Retry-After header, which has seconds or a date; null if there is none. */
export function readRetryAfter(value: string | undefined, now: Date): number | null {
  const text = value?.trim() ?? "";
  if (/^\d{1,9}$/.test(text)) return Math.min(Number(text), MOST_SECONDS);
  const at = /^[A-Z][a-z]{2}, /.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at)) return null;
  return Math.min(Math.max(Math.ceil((at - now.getTime()) / 1_000), 0), MOST_SECONDS);
}

/** A month: no rate limit of an authority is longer. */
const MOST_SECONDS = 31 * 24 * 60 * 60;

/** A nonce is sent back as it is, so only what RFC 8555, section 6.5.1 allows is accepted. */
export const readNonce = (value: string | undefined): string | null =>
  value !== undefined && /^[A-Za-z0-9_-]{1,512}$/.test(value) ? value : null;
