import { createPublicKey } from "node:crypto";
import { bitsOf, type Element, printOid, readChildren, readElement, TAG, viewOf } from "#codec/der.ts";
import type { PublicKey } from "#domain/x509/keys.ts";

/**
 * Whether a certificate is encoded as RFC 5280, section 4.1 defines it. Viewers show what is left of a broken one; no
 * client accepts it. Each check takes time in proportion to the certificate's size.
 */

/** Fields that do not match their definitions, in a few words each. */
type BrokenFields = {
  /** The first one that no client can read; null if all can be read. */
  unreadable: string | null;
  /**
   * The first one that is whole but followed by bytes that do not belong there: Go ignores those, and OpenSSL does not.
   */
  followed: string | null;
};

/** The state while a certificate is walked. */
type Walk = { bytes: Buffer; isFollowed: boolean };

/** Which part of a certificate's DER does not match its definition. */
export function findBrokenFields(der: Uint8Array): BrokenFields {
  const walk: Walk = { bytes: viewOf(der), isFollowed: false };
  const { bytes } = walk;
  const outer = readElement(bytes, 0, bytes.length);
  const [tbs] = (outer && readChildren(bytes, outer, 3)) || [];
  const fields = (tbs && readChildren(bytes, tbs, MOST_FIELDS)) || [];
  const version = fields[0]?.tag === 0xa0 ? fields.shift() : undefined;
  const [serial, algorithm, issuer, validity, subject, spki, ...optional] = fields;
  const checks: [string, () => boolean | undefined][] = [
    ["its version", () => !version || isVersion(bytes, version)],
    ["its serial number", () => serial && isInteger(bytes, serial)],
    ["its signature algorithm", () => algorithm && isAlgorithm(bytes, algorithm)],
    ["its issuer", () => issuer && isName(bytes, issuer)],
    ["its validity", () => validity && isValidity(walk, validity)],
    ["its subject", () => subject && isName(bytes, subject)],
    ["its public key", () => spki && isKeyInfo(bytes, spki)],
    ["what stands behind its public key", () => areInOrder(walk, optional)],
    ["its extensions", () => areExtensions(walk, optional)],
  ];
  let followed: string | null = null;
  for (const [what, isSound] of checks) {
    if (isSound() !== true) return { unreadable: what, followed: null };
    if (walk.isFollowed) followed ??= what;
  }
  return { unreadable: null, followed };
}

/** As many as any certificate has, and some more. */
const MOST_FIELDS = 12;

function isVersion(bytes: Buffer, element: Element): boolean {
  const [number, ...rest] = readChildren(bytes, element, 2) ?? [];
  return number !== undefined && rest.length === 0 && isInteger(bytes, number);
}

/** As short as it can be. */
const isInteger = (bytes: Buffer, { tag, content, end }: Element): boolean => {
  const [first, second = 0] = [bytes[content], bytes[content + 1]];
  if (tag !== TAG.integer || content === end || first === undefined) return false;
  const isPadded = (first === 0 && second < 0x80) || (first === 0xff && second >= 0x80);
  return end === content + 1 || !isPadded;
};

/** Arcs of seven bits in each byte, none of which begins with zeros or is cut off. */
const isOid = (bytes: Buffer, { tag, content, end }: Element): boolean => {
  if (tag !== TAG.oid || content === end || (bytes[end - 1] ?? 0x80) >= 0x80) return false;
  for (let at = content; at < end; at++)
    if (bytes[at] === 0x80 && (at === content || (bytes[at - 1] ?? 0) < 0x80)) return false;
  return true;
};

function isAlgorithm(bytes: Buffer, element: Element): boolean {
  const [id, , ...rest] = (element.tag === TAG.sequence && readChildren(bytes, element, 3)) || [];
  return id !== undefined && rest.length === 0 && isOid(bytes, id);
}

/**
 * Whether all elements inside one are sound; null if it does not consist of elements. There is no limit to their
 * number.
 */
function isEach(
  bytes: Buffer,
  { content, end }: Element,
  isSound: (element: Element) => boolean,
): boolean | null {
  let areSound = true;
  for (let at = content; at < end; ) {
    const child = readElement(bytes, at, end);
    if (!child) return null;
    areSound &&= isSound(child);
    at = child.end;
  }
  return areSound;
}

/** OpenSSL also accepts lists without the bit that says that they are constructed. */
const isList = ({ tag }: Element, list: number): boolean => (tag | 0x20) === list;

function isName(bytes: Buffer, element: Element): boolean {
  const isRdn = (rdn: Element) =>
    isList(rdn, TAG.set) && rdn.content < rdn.end && isEach(bytes, rdn, isOne) === true;
  const isOne = (attribute: Element) => isAttribute(bytes, attribute);
  return isList(element, TAG.sequence) && isEach(bytes, element, isRdn) === true;
}

function isAttribute(bytes: Buffer, element: Element): boolean {
  const [type, value, ...rest] = (element.tag === TAG.sequence && readChildren(bytes, element, 3)) || [];
  if (!type || !value || rest.length > 0 || !isOid(bytes, type)) return false;
  const content = bytes.subarray(value.content, value.end);
  if (value.tag === TAG.utf8String) return isUtf8(content);
  return value.tag !== TAG.bmpString || content.length % 2 === 0;
}

const isUtf8 = (content: Buffer): boolean => Buffer.from(content.toString("utf8"), "utf8").equals(content);

/** Two times. */
function isValidity(walk: Walk, element: Element): boolean {
  const from = element.tag === TAG.sequence ? readElement(walk.bytes, element.content, element.end) : null;
  const to = from && readElement(walk.bytes, from.end, element.end);
  if (!to) return false;
  walk.isFollowed ||= to.end < element.end;
  return true;
}

function isKeyInfo(bytes: Buffer, element: Element): boolean {
  const [algorithm, key, ...rest] = (element.tag === TAG.sequence && readChildren(bytes, element, 3)) || [];
  return (
    algorithm !== undefined &&
    key?.tag === TAG.bitString &&
    rest.length === 0 &&
    isAlgorithm(bytes, algorithm) &&
    bitsOf(bytes.subarray(key.content, key.end)) !== null
  );
}

const EXTENSIONS = 0xa3;
/** The unique identifiers of issuer and subject, in their order. */
const IDENTIFIERS = [0x81, 0x82];

/**
 * Go does not reach extensions behind a field that is out of order, and so no names. So that is not something that it
 * ignores.
 */
function areInOrder(walk: Walk, optional: readonly Element[]): boolean {
  const at = optional.findIndex(({ tag }) => tag === EXTENSIONS);
  let least = 0;
  const isInOrder = optional.slice(0, at < 0 ? optional.length : at).every(({ tag }) => {
    const position = IDENTIFIERS.indexOf(tag);
    const isNext = position >= least;
    least = position + 1;
    return isNext;
  });
  walk.isFollowed ||= !isInOrder || (at >= 0 && at < optional.length - 1);
  return isInOrder || at < 0;
}

function areExtensions(walk: Walk, optional: readonly Element[]): boolean {
  const field = optional.find(({ tag }) => tag === EXTENSIONS);
  if (!field) return true;
  const list = readElement(walk.bytes, field.content, field.end);
  if (!list) return false;
  walk.isFollowed ||= list.end < field.end;
  // A list that does not consist of elements is reported where extensions are read.
  return isEach(walk.bytes, list, (part) => isExtension(walk, part)) !== false;
}

function isExtension(walk: Walk, { content, end }: Element): boolean {
  const { bytes } = walk;
  const id = readElement(bytes, content, end);
  const second = id && readElement(bytes, id.end, end);
  const flag = second?.tag === TAG.boolean ? second : null;
  const value = flag ? readElement(bytes, flag.end, end) : second;
  walk.isFollowed ||= value?.tag === TAG.octetString && value.end < end;
  return id !== null && isOid(bytes, id) && (!flag || flag.end === flag.content + 1);
}

/** Whether the public key of a certificate can be read; a key of an unknown type counts as readable. */
export function isReadableKey(spki: Uint8Array, { keyType, curve, malformed }: PublicKey): boolean {
  if (malformed !== null) return false;
  if (keyType === "RSA" || keyType === "RSA-PSS") return isRsaKey(viewOf(spki));
  return keyType !== "EC" || !SEC1_FORMS.has(curve ?? "") || isSec1Form(spki);
}

/** Curves that every runtime knows. */
const SEC1_FORMS = new Set(["P-256", "P-384", "P-521"]);

function isSec1Form(spki: Uint8Array): boolean {
  try {
    createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" });
    return true;
  } catch {
    return false;
  }
}

/** A modulus and an exponent. */
const isRsaKey = (bytes: Buffer): boolean =>
  readRsaNumbers(bytes)?.every(({ tag, content, end }) => tag === TAG.integer && content < end) ?? false;

/** The two numbers of an RSA key in its SubjectPublicKeyInfo; null where it has others. */
function readRsaNumbers(bytes: Buffer): Element[] | null {
  const outer = readElement(bytes, 0, bytes.length);
  const [, key] = (outer && readChildren(bytes, outer, 2)) || [];
  const numbers = key && readElement(bytes, key.content + 1, key.end);
  const parts = numbers?.end === key?.end && numbers ? readChildren(bytes, numbers, 2) : null;
  return parts?.length === 2 ? parts : null;
}

/**
 * Whether the numbers of an RSA key are positive, and as short as they can be. OpenSSL reads their bytes as numbers
 * without a sign. Always true for any other key.
 */
export function hasPositiveNumbers(spki: Uint8Array, { keyType }: PublicKey): boolean {
  const bytes = viewOf(spki);
  const isPositive = (part: Element) => isInteger(bytes, part) && (bytes[part.content] ?? 0x80) < 0x80;
  return keyType !== "RSA" || (readRsaNumbers(bytes)?.every(isPositive) ?? true);
}

/** How many elements of a row are read from the first one on, and with which tags: another tag ends the row. */
type Level = { most: number; tags?: readonly number[] };

const ALL: Level = { most: Number.POSITIVE_INFINITY };
const ONE: Level = { most: 1 };
const TWO: Level = { most: 2 };

/**
 * What Go reads of the values of extensions: the levels of elements, each inside the one before. What a value holds
 * beyond that, such as the value of an otherName, and the values of extensions that are not listed, may be any bytes.
 */
const READ_BY_GO: ReadonlyMap<string, readonly Level[]> = new Map<string, readonly Level[]>([
  ["2.5.29.14", [ONE]],
  ["2.5.29.15", [ONE]],
  ["2.5.29.17", [ONE, ALL]],
  ["2.5.29.19", [ONE, TWO]],
  ["2.5.29.30", [ONE, TWO, ALL, ONE]],
  ["2.5.29.31", [ONE, ALL, { most: 1, tags: [0xa0] }, ONE, { most: ALL.most, tags: [0x86] }]],
  ["2.5.29.32", [ONE, ALL, ONE]],
  ["2.5.29.33", [ONE, ALL, TWO]],
  ["2.5.29.35", [ONE, { most: 1, tags: [0x80] }]],
  ["2.5.29.36", [ONE, TWO]],
  ["2.5.29.37", [ONE, ALL]],
  ["2.5.29.54", [ONE]],
  ["1.3.6.1.5.5.7.1.1", [ONE, ALL, { most: 2, tags: [TAG.oid, 0x86] }]],
]);

/** Bytes; the identifiers in the table are shorter. */
const LONGEST_ID = 16;

/** Elements in a row; `levels`: what is read of them and of their contents. Null: all of it. */
type Span = { content: number; end: number; levels: readonly Level[] | null };

/**
 * Whether every length is as short as it can be, and every boolean is 00 or FF, in all that Go reads of a certificate.
 * It takes time in proportion to the certificate's size.
 */
export function isWrittenAsDer(der: Uint8Array): boolean {
  const bytes = viewOf(der);
  const left: Span[] = [{ content: 0, end: bytes.length, levels: null }];
  for (let span = left.pop(); span; span = left.pop()) {
    const elements = readRow(bytes, span);
    if (!elements.every((element) => isShortest(bytes, element) && isBoolean(bytes, element))) return false;
    for (const element of elements) {
      const levels = levelsBelow(bytes, { element, first: elements[0], within: span.levels });
      if (levels !== undefined) left.push({ content: element.content, end: element.end, levels });
    }
  }
  return true;
}

type Placed = { element: Element; first: Element | undefined; within: Span["levels"] };

/** What is read of the content of an element; undefined: nothing. */
function levelsBelow(bytes: Buffer, { element, first, within }: Placed): Span["levels"] | undefined {
  if (within) return within.length > 1 ? within.slice(1) : undefined;
  if (element.tag === TAG.octetString && first?.tag === TAG.oid && first.end - first.content < LONGEST_ID)
    return READ_BY_GO.get(printOid(bytes.subarray(first.content, first.end)) ?? "");
  return (element.tag & 0x20) === 0 ? undefined : null;
}

/** The elements of a row, up to the first invalid one, which is reported elsewhere. */
function readRow(bytes: Buffer, { content, end, levels }: Span): Element[] {
  const { most, tags } = levels?.[0] ?? ALL;
  const row: Element[] = [];
  for (let at = content; at < end && row.length < most; ) {
    const element = readElement(bytes, at, end);
    if (!element || (tags && !tags.includes(element.tag))) break;
    row.push(element);
    at = element.end;
  }
  return row;
}

function isShortest(bytes: Buffer, { start, content, end }: Element): boolean {
  const width = content - start - 2;
  const length = end - content;
  if ((bytes[start + 1] ?? 0) < 0x80) return true;
  return length >= 0x80 && (width === 1 || length >= 2 ** (8 * (width - 1)));
}

const isBoolean = (bytes: Buffer, { tag, content, end }: Element): boolean =>
  tag !== TAG.boolean || end !== content + 1 || bytes[content] === 0 || bytes[content] === 0xff;
