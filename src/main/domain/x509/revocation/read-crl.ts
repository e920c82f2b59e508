import { hash } from "node:crypto";
import { type Element, readChildren, readElement, TAG, viewOf } from "#codec/der.ts";
import { type CanonicalName, readCanonicalName } from "#domain/x509/path/canonical-name.ts";
import {
  bitsAt,
  type PointName,
  readKeyIdentifier,
  readPointName,
} from "#domain/x509/path/extension-values.ts";
import { readTime } from "#domain/x509/path/path-certificate.ts";
import { openExtension } from "#domain/x509/path/path-extensions.ts";
import type { Signed } from "#domain/x509/path/verify-signature.ts";
import { type RevokedSerials, readRevokedSerials } from "./revoked-serials.ts";

/** For which certificates and reasons a list speaks (RFC 5280, section 5.2.5). */
export type Scope = {
  name: PointName | null;
  onlyUsers: boolean;
  onlyAuthorities: boolean;
  onlyAttributes: boolean;
  isIndirect: boolean;
  /** Bits of ReasonFlags; null for all. */
  reasons: number | null;
  /** The extension as it is written: lists that complete each other have the same. */
  text: string;
};

/** A certificate revocation list (RFC 5280, section 5). */
export type RevocationList = {
  /** The hash of all of it: two that differ in anything are two, though they may carry the same signature. */
  id: string;
  issuer: CanonicalName;
  issuerDer: Uint8Array;
  /** Milliseconds since 1970; `nextUpdate` is null where the list does not say. */
  thisUpdate: number;
  nextUpdate: number | null;
  signed: Signed;
  number: bigint | null;
  isNumberCritical: boolean;
  /** The number of the list that this one says the changes of; null for a complete one. */
  deltaOf: bigint | null;
  scope: Scope | null;
  authorityKey: string | null;
  /** Critical extensions that nobody here knows: then it tells nothing (section 5.2). */
  criticalUnknown: readonly string[];
  malformed: string | null;
  /** Read once, when it is first asked for. */
  revoked(): RevokedSerials;
};

/** The largest lists in use have some 10 MB. */
const MOST_BYTES = 64 * 1024 * 1024;
const MOST_EXTENSIONS = 64;

/** Reads a list from DER; null for what is none. Never throws. */
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
      isSameInside: algorithmBytes.equals(bytes.subarray(inner.start, inner.end)),
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
  "number" | "isNumberCritical" | "deltaOf" | "scope" | "authorityKey" | "criticalUnknown" | "malformed"
>;

const NUMBER = "2.5.29.20";
const DELTA = "2.5.29.27";
const INVENTORY = "2.5.29.28";
const AUTHORITY_KEY = "2.5.29.35";
/** Where its deltas are found, other names of its issuer: they take nothing from what it says. */
const HARMLESS = new Set(["2.5.29.46", "2.5.29.18"]);

function readListExtensions(bytes: Buffer, wrapper: Element | undefined): ListExtensions {
  const found: ListExtensions = {
    number: null,
    isNumberCritical: false,
    deltaOf: null,
    scope: null,
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
    else if (oid === INVENTORY) found.scope = readInventory(bytes, content);
    else if (oid === AUTHORITY_KEY) found.authorityKey = readKeyIdentifier(bytes, content)?.id ?? null;
    else if (isCritical && !HARMLESS.has(oid)) unknown.push(oid);
    const isBroken = (oid === DELTA && found.deltaOf === null) || (oid === INVENTORY && found.scope === null);
    if (isBroken) return { ...found, malformed: "does not say for what it speaks" };
  }
  return { ...found, criticalUnknown: unknown };
}

/** At most 20 bytes (section 5.2.3), and what is a little longer. */
function readNumber(bytes: Buffer, { tag, content, end }: Element): bigint | null {
  if (tag !== TAG.integer || end === content || end - content > 32) return null;
  return BigInt(`0x${bytes.toString("hex", content, end)}`);
}

function readInventory(bytes: Buffer, element: Element): Scope | null {
  const parts = element.tag === TAG.sequence ? readChildren(bytes, element, 6) : null;
  if (!parts) return null;
  const part = (tag: number) => parts.find((each) => each.tag === tag);
  const flag = (tag: number) => {
    const found = part(tag);
    return found !== undefined && bytes[found.content] !== 0;
  };
  const name = part(0xa0);
  const reasons = part(0x83);
  const read = name ? readPointName(bytes, name) : null;
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
