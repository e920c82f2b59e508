import { type Element, readChildren, readElement, TAG } from "#codec/der.ts";
import { readComparableNames } from "#domain/x509/path/comparable-name.ts";
import { readTime } from "#domain/x509/path/path-certificate.ts";
import { openExtension } from "#domain/x509/path/path-extensions.ts";

/** Why a certificate is revoked, by the numbers of RFC 5280, section 5.3.1. */
export const REASONS = new Map([
  [0, "for a reason that is not told"],
  [1, "because its key was compromised"],
  [2, "because its authority was compromised"],
  [3, "because what it says has changed"],
  [4, "because it was replaced"],
  [5, "because it is no longer used"],
  [6, "for the time being"],
  [8, "no longer"],
  [9, "because what it was let do was withdrawn"],
  [10, "because its authority was compromised"],
]);

/** "Remove from CRL": a delta takes back what the complete list says. */
export const NOT_ANY_MORE = 8;

export type Revocation = {
  /** Milliseconds since 1970; null where the date cannot be read. */
  at: number | null;
  reason: number;
};

export type RevokedSerials = {
  /** Of the certificate with this serial number, by the key of its issuer's name; an issuer of null is the list's own. */
  find(serial: string, issuer: string | null): Revocation | null;
  /** Entries with critical extensions that nobody here knows: then the list tells of no certificate (section 5.3). */
  hasUnknown: boolean;
  isMalformed: boolean;
};

const REASON = "2.5.29.21";
const INVALIDITY = "2.5.29.24";
const ISSUER = "2.5.29.29";

/** Walks the entries once. An entry that names its certificate's issuer does so for those that follow as well (section 5.3.3). */
export function readRevokedSerials(bytes: Buffer, list: Element | undefined): RevokedSerials {
  const found = new Map<string, Revocation>();
  const read: RevokedSerials = {
    find: (serial, issuer) => found.get(keyOf(serial, issuer)) ?? null,
    hasUnknown: false,
    isMalformed: false,
  };
  let issuer: string | null = null;
  for (let at = list?.content ?? 0; list && at < list.end; ) {
    const entry = readElement(bytes, at, list.end);
    const serial = entry?.tag === TAG.sequence ? readElement(bytes, entry.content, entry.end) : null;
    const date = serial && entry && readElement(bytes, serial.end, entry.end);
    if (!entry || serial?.tag !== TAG.integer || !date) {
      read.isMalformed = true;
      break;
    }
    at = entry.end;
    const extensions =
      date.end < entry.end ? readEntryExtensions(bytes, readElement(bytes, date.end, entry.end)) : NONE;
    if (!extensions) read.isMalformed = true;
    if (extensions?.hasUnknown) read.hasUnknown = true;
    issuer = extensions?.issuer ?? issuer;
    const revocation = { at: readTime(bytes, date), reason: extensions?.reason ?? 0 };
    found.set(keyOf(bytes.toString("hex", serial.content, serial.end), issuer), revocation);
  }
  return read;
}

const keyOf = (serial: string, issuer: string | null): string => `${serial} ${issuer ?? ""}`;

type EntryExtensions = { reason: number | null; issuer: string | null; hasUnknown: boolean };

const NONE: EntryExtensions = { reason: null, issuer: null, hasUnknown: false };

function readEntryExtensions(bytes: Buffer, list: Element | null): EntryExtensions | null {
  const parts = list?.tag === TAG.sequence ? readChildren(bytes, list, 16) : null;
  if (!parts) return null;
  const found = { ...NONE };
  for (const part of parts) {
    const opened = openExtension(bytes, part);
    const content = opened?.content;
    if (!opened || !content || opened.isFollowed) return null;
    if (opened.oid === REASON) found.reason = bytes[content.content] ?? 0;
    else if (opened.oid === ISSUER) found.issuer = readIssuer(bytes, content);
    else if (opened.isCritical && opened.oid !== INVALIDITY) found.hasUnknown = true;
    if (opened.oid === ISSUER && found.issuer === null) return null;
  }
  return found;
}

function readIssuer(bytes: Buffer, content: Element): string | null {
  const names = readComparableNames(bytes, content, 64);
  const name = names?.find(({ form }) => form === "directory");
  return name?.form === "directory" ? name.value.key : null;
}
