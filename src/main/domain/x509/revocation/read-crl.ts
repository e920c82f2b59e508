import { hash } from "node:crypto";
import { type Element, readChildren, readElement, TAG, viewOf } from "#codec/der.ts";
import { decodePem, findPemBlocks } from "#codec/pem.ts";
import {
  type CanonicalName,
  readCanonicalName,
  readComparableNames,
} from "#domain/x509/path/comparable-name.ts";
import {
  bitsAt,
  type DistributionPointName,
  readDistributionPointName,
  readKeyIdentifier,
} from "#domain/x509/path/extension-values.ts";
import { readTime } from "#domain/x509/path/path-certificate.ts";
import { openExtension } from "#domain/x509/path/path-extensions.ts";
import type { Signed } from "#domain/x509/path/verify-signature.ts";

/** The certificates and reasons that a list covers (RFC 5280, section 5.2.5). */
export type CrlCoverage = {
  name: DistributionPointName | null;
  onlyUsers: boolean;
  onlyAuthorities: boolean;
  onlyAttributes: boolean;
  isIndirect: boolean;
  /** Bits of ReasonFlags; null for all. */
  reasons: number | null;
  /** The extension as it is written: a list and its delta have the same. */
  text: string;
};

/** A certificate revocation list (RFC 5280, section 5). */
export type RevocationList = {
  /** The hash of all of it: two lists that differ in anything are two, even with the same signature. */
  id: string;
  issuer: CanonicalName;
  issuerDer: Uint8Array;
  /** Milliseconds since 1970; `nextUpdate` is null if the list has none. */
  thisUpdate: number;
  nextUpdate: number | null;
  signed: Signed;
  number: bigint | null;
  isNumberCritical: boolean;
  /** The number of the list whose changes this one lists; null for a complete one. */
  deltaOf: bigint | null;
  coverage: CrlCoverage | null;
  authorityKey: string | null;
  /** Critical extensions that are not known here: then the list decides nothing (section 5.2). */
  criticalUnknown: readonly string[];
  malformed: string | null;
  /** Parsed once, on the first call. */
  revoked(): RevokedSerials;
};

/** The largest lists in use have some 10 MB. */
const MOST_BYTES = 64 * 1024 * 1024;
const MOST_EXTENSIONS = 64;

/** Reads a list from DER; null if it is none. Never throws. */
export function readCrl(der: Uint8Array): RevocationList | null {
  const bytes = viewOf(der);
  const outer = bytes.length <= MOST_BYTES ? readElement(bytes, 0, bytes.length) : null;
  const [tbs, algorithm, signature, ...rest] =
    (outer?.tag === TAG.sequence && readChildren(bytes, outer, 3)) || [];
  if (!tbs || !algorithm || signature?.tag !== TAG.bitString || rest.length > 0) return null;
  const fields = tbs.tag === TAG.sequence ? readChildren(bytes, tbs, 8) : null;
  if (!fields) return null;
  if (fields[0]?.tag === TAG.integer) fields.shift();
  const [inner, issuer, from, ...optional] = fields;
  const name = issuer && readCanonicalName(bytes, issuer);
  const thisUpdate = from ? readTime(bytes, from) : null;
  if (!inner || inner.tag !== TAG.sequence || !name || thisUpdate === null) return null;
  const to = optional[0] && isTime(optional[0]) ? optional.shift() : undefined;
  const entries = optional[0]?.tag === TAG.sequence ? optional.shift() : undefined;
  const wrapper = optional.find(({ tag }) => tag === 0xa0);
  const algorithmBytes = bytes.subarray(algorithm.start, algorithm.end);
  let revoked: RevokedSerials | null = null;
  return {
    id: hash("sha256", bytes.subarray(0, outer?.end), "hex"),
    issuer: name,
    issuerDer: bytes.subarray(issuer.start, issuer.end),
    thisUpdate,
    nextUpdate: to ? readTime(bytes, to) : null,
    signed: {
      content: bytes.subarray(tbs.start, tbs.end),
      algorithm: algorithmBytes,
      isSameAlgorithm: algorithmBytes.equals(bytes.subarray(inner.start, inner.end)),
      signature: bytes.subarray(signature.content, signature.end),
    },
    ...readListExtensions(bytes, wrapper),
    revoked() {
      revoked ??= readRevokedSerials(bytes, entries);
      return revoked;
    },
  };
}

const isTime = ({ tag }: Element): boolean => tag === TAG.utcTime || tag === TAG.generalizedTime;

type ListExtensions = Pick<
  RevocationList,
  "number" | "isNumberCritical" | "deltaOf" | "coverage" | "authorityKey" | "criticalUnknown" | "malformed"
>;

const NUMBER = "2.5.29.20";
const DELTA = "2.5.29.27";
const ISSUING_DISTRIBUTION_POINT = "2.5.29.28";
const AUTHORITY_KEY = "2.5.29.35";
/** Where its deltas are found, and other names of its issuer: they do not change what it says. */
const HARMLESS = new Set(["2.5.29.46", "2.5.29.18"]);

function readListExtensions(bytes: Buffer, wrapper: Element | undefined): ListExtensions {
  const found: ListExtensions = {
    number: null,
    isNumberCritical: false,
    deltaOf: null,
    coverage: null,
    authorityKey: null,
    criticalUnknown: [],
    malformed: null,
  };
  if (!wrapper) return found;
  const list = readElement(bytes, wrapper.content, wrapper.end);
  const parts = list?.tag === TAG.sequence ? readChildren(bytes, list, MOST_EXTENSIONS) : null;
  if (!parts) return { ...found, malformed: "has extensions that cannot be read" };
  const unknown: string[] = [];
  for (const part of parts) {
    const opened = openExtension(bytes, part);
    const { oid, content, isCritical } = opened ?? {};
    if (!oid || !content || opened?.isFollowed)
      return { ...found, malformed: "has an extension that cannot be read" };
    if (oid === NUMBER) found.isNumberCritical = isCritical ?? false;
    if (oid === NUMBER) found.number = readNumber(bytes, content);
    else if (oid === DELTA) found.deltaOf = readNumber(bytes, content);
    else if (oid === ISSUING_DISTRIBUTION_POINT) found.coverage = readCoverage(bytes, content);
    else if (oid === AUTHORITY_KEY) found.authorityKey = readKeyIdentifier(bytes, content)?.id ?? null;
    else if (isCritical && !HARMLESS.has(oid)) unknown.push(oid);
    const isBroken =
      (oid === DELTA && found.deltaOf === null) ||
      (oid === ISSUING_DISTRIBUTION_POINT && found.coverage === null);
    if (isBroken) return { ...found, malformed: "does not say for what it speaks" };
  }
  return { ...found, criticalUnknown: unknown };
}

/** At most 20 bytes (section 5.2.3), and slightly more. */
function readNumber(bytes: Buffer, { tag, content, end }: Element): bigint | null {
  if (tag !== TAG.integer || end === content || end - content > 32) return null;
  return BigInt(`0x${bytes.toString("hex", content, end)}`);
}

function readCoverage(bytes: Buffer, element: Element): CrlCoverage | null {
  const parts = element.tag === TAG.sequence ? readChildren(bytes, element, 6) : null;
  if (!parts) return null;
  const part = (tag: number) => parts.find((each) => each.tag === tag);
  const flag = (tag: number) => {
    const found = part(tag);
    return found !== undefined && bytes[found.content] !== 0;
  };
  const name = part(0xa0);
  const reasons = part(0x83);
  const read = name ? readDistributionPointName(bytes, name) : null;
  if (name && !read) return null;
  return {
    name: read,
    onlyUsers: flag(0x81),
    onlyAuthorities: flag(0x82),
    reasons: reasons ? bitsAt(bytes, reasons) : null,
    isIndirect: flag(0x84),
    onlyAttributes: flag(0x85),
    text: bytes.toString("hex", element.start, element.end),
  };
}

/** Why a certificate is revoked, by the numbers of RFC 5280, section 5.3.1. */
export const REASONS = new Map([
  [0, "for a reason that is not given"],
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

/** "removeFromCRL": a delta withdraws an entry of the complete list. */
export const NOT_ANY_MORE = 8;

export type Revocation = {
  /** Milliseconds since 1970; null if the date cannot be read. */
  at: number | null;
  reason: number;
};

type RevokedSerials = {
  /**
   * The entry of the certificate with this serial number and this issuer, by the key of its name; a null issuer is the
   * list's own.
   */
  find(serial: string, issuer: string | null): Revocation | null;
  /**
   * Entries with critical extensions that are not known here: then the list decides about no certificate (section 5.3).
   */
  hasUnknown: boolean;
  isMalformed: boolean;
};

const REASON = "2.5.29.21";
const INVALIDITY = "2.5.29.24";
const ISSUER = "2.5.29.29";

/**
 * Walks the entries once. The certificate issuer that an entry names applies to the entries that follow as well
 * (section 5.3.3).
 */
function readRevokedSerials(bytes: Buffer, list: Element | undefined): RevokedSerials {
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

const LABELS = new Set(["X509 CRL", "CRL"]);

/** The revocation lists of a file, each as DER: PEM blocks with anything between them, or one list as DER. */
export function readCrlFile(bytes: Uint8Array): Uint8Array[] {
  const view = viewOf(bytes);
  if (!view.includes("-----BEGIN ")) return view[0] === TAG.sequence ? [view] : [];
  return findPemBlocks(view.toString("latin1")).flatMap(({ label, lines, problem }) => {
    const der = LABELS.has(label) && problem === null ? decodePem(lines) : null;
    return der ?? [];
  });
}
