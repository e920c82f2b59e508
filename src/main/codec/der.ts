import { type Instant, toInstant } from "#shared/model/instant.ts";

/**
 * Reads DER (X.690) without copying and without recursion. Only what DER allows in a length is accepted: indefinite
 * lengths, lengths beyond four bytes and tags beyond one byte are refused, so that every walk ends after as many steps
 * as there are bytes.
 *
 * There are two interfaces: elements by their offsets, with the least cost, for certificates; and nodes, which hold
 * their bytes, for what is read once.
 */

/** One element: its header begins at `start`, its content is `content` to `end`. */
export type Element = { tag: number; start: number; content: number; end: number };

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  utf8String: 0x0c,
  numericString: 0x12,
  printableString: 0x13,
  t61String: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  visibleString: 0x1a,
  universalString: 0x1c,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const;

/** The element that begins at `at` and ends at `limit` at the latest; null where there is none. */
export function readElement(bytes: Uint8Array, at: number, limit: number): Element | null {
  const tag = bytes[at];
  const first = bytes[at + 1];
  if (at + 2 > limit || tag === undefined || first === undefined || (tag & 0x1f) === 0x1f) return null;
  let content = at + 2;
  let length = first;
  if (first >= 0x80) {
    const width = first & 0x7f;
    if (width === 0 || width > 4 || content + width > limit) return null;
    length = 0;
    for (const end = content + width; content < end; content++) length = length * 256 + (bytes[content] ?? 0);
  }
  const end = content + length;
  return end > limit ? null : { tag, start: at, content, end };
}

/**
 * How many bytes the first element takes according to its header; null while the header is not whole, "broken" if no
 * element begins there. For input that arrives in pieces, or may be cut.
 */
export function readSize(bytes: Uint8Array): number | null | "broken" {
  const [tag, first] = bytes;
  if (tag !== undefined && (tag & 0x1f) === 0x1f) return "broken";
  if (first === undefined) return null;
  const width = first < 0x80 ? 0 : first & 0x7f;
  if (first === 0x80 || width > 4) return "broken";
  if (bytes.length < 2 + width) return null;
  const length = bytes.subarray(2, 2 + width).reduce((size, byte) => size * 256 + byte, 0);
  return 2 + width + (width === 0 ? first : length);
}

/** The elements inside `parent`, at most `most`; null if what is there is no row of elements, or too many. */
export function readChildren(bytes: Uint8Array, parent: Element, most: number): Element[] | null {
  const children: Element[] = [];
  for (let at = parent.content; at < parent.end; ) {
    const child = readElement(bytes, at, parent.end);
    if (!child || children.length === most) return null;
    children.push(child);
    at = child.end;
  }
  return children;
}

/** OpenSSL also accepts lists of one kind of thing without the bit that says that they are constructed. */
export const isListTag = (tag: number, list: 0x30 | 0x31): boolean => (tag | 0x20) === list;

/** A view of the same bytes that knows Node's fast text conversions. */
export const viewOf = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** The bits of a BIT STRING's content without the byte that counts its unused ones; null if that is wrong. */
export function bitsOf(content: Uint8Array): Uint8Array | null {
  const unused = content[0];
  if (unused === undefined || unused > 7 || (content.length === 1 && unused > 0)) return null;
  return content.subarray(1);
}

/** A non-negative integer that fits a double exactly; null for any other. */
export function smallIntegerOf(content: Uint8Array): number | null {
  if (content.length === 0 || content.length > 6 || (content[0] ?? 0) > 0x7f) return null;
  return content.reduce((value, byte) => value * 256 + byte, 0);
}

/** The dotted form of an identifier's content; null if it is empty, cut short or padded. */
export function printOid(content: Uint8Array): string | null {
  const arcs: (number | bigint)[] = [];
  let arc: number | bigint = 0;
  let isBegun = false;
  for (const byte of content) {
    if (!isBegun && byte === 0x80) return null;
    isBegun = true;
    if (typeof arc === "number" && arc >= 2 ** 45) arc = BigInt(arc);
    arc = typeof arc === "number" ? arc * 128 + (byte & 0x7f) : arc * 128n + BigInt(byte & 0x7f);
    if (byte >= 0x80) continue;
    arcs.push(...(arcs.length === 0 ? splitFirst(arc) : [arc]));
    arc = 0;
    isBegun = false;
  }
  return isBegun || arcs.length === 0 ? null : arcs.join(".");
}

/** The first number on the wire holds two arcs. */
function splitFirst(arc: number | bigint): (number | bigint)[] {
  if (arc >= 80) return [2, typeof arc === "number" ? arc - 80 : arc - 80n];
  return [Math.floor(Number(arc) / 40), Number(arc) % 40];
}

/**
 * An element with the bytes that it stands in. The functions below return null, or nothing, if a node is not what they
 * expect.
 */
export type Node = { bytes: Buffer; element: Element };

/** Members of one list; a list with more is not read. */
const MOST_CHILDREN = 100_000;

export function openNode(der: Uint8Array): Node | null {
  const bytes = viewOf(der);
  const element = readElement(bytes, 0, bytes.length);
  return element && { bytes, element };
}

/** The parts of a sequence, a set or a tagged element; none for anything else. */
export function partsOf(node: Node | null | undefined): Node[] {
  if (!node || (node.element.tag & 0x20) === 0) return [];
  const parts = readChildren(node.bytes, node.element, MOST_CHILDREN) ?? [];
  return parts.map((element) => ({ bytes: node.bytes, element }));
}

/** The content of an element of this tag; null for any other. */
export function contentOf(node: Node | null | undefined, tag: number): Buffer | null {
  if (node?.element.tag !== tag) return null;
  return node.bytes.subarray(node.element.content, node.element.end);
}

export const octetsOf = (node: Node | null | undefined): Buffer | null => contentOf(node, TAG.octetString);

/** Header and content: the element as it stands. */
export const wholeOf = ({ bytes, element }: Node): Buffer => bytes.subarray(element.start, element.end);

/** A longer identifier is no identifier but an attack on whoever prints it. */
export const MOST_OID_BYTES = 256;

/** Dotted; null if it is no object identifier. */
export function oidOf(node: Node | null | undefined): string | null {
  const content = contentOf(node, TAG.oid);
  return content && content.length <= MOST_OID_BYTES ? printOid(content) : null;
}

/** A whole number from 0; infinite if it has more than six bytes. Null for any other element. */
export function numberOf(node: Node | null | undefined): number | null {
  const content = contentOf(node, TAG.integer);
  if (!content || content.length === 0 || (content[0] ?? 0) > 0x7f) return null;
  return content.length > 6 ? Number.POSITIVE_INFINITY : content.readUIntBE(0, content.length);
}

export const tagOf = (node: Node | null | undefined): number | null => node?.element.tag ?? null;

const UTC_TIME = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?(Z|[+-]\d{4})$/;
const GENERALIZED_TIME = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(?:(\d\d))?(?:\.\d+)?(Z|[+-]\d{4})$/;

/** OpenSSL accepts nothing shorter, and nothing longer except for a fraction of a second of any length. */
const LEAST_BYTES = { utc: 13, generalized: 15 };
const MOST_BYTES = 64;

/**
 * Reads a date as OpenSSL does, which takes more than RFC 5280 allows: seconds may be left out,
 * a fraction may follow them (it is dropped) and the zone may be an offset. Null if it cannot be read.
 */
export function readDate(text: string, form: "utc" | "generalized"): Instant | null {
  if (text.length < LEAST_BYTES[form] || text.length > MOST_BYTES) return null;
  const match = (form === "utc" ? UTC_TIME : GENERALIZED_TIME).exec(text);
  if (!match) return null;
  const [, years = "", month = "", day = "", hour = "", minute = "", second = "00", zone = "Z"] = match;
  const year = form === "generalized" ? years : `${Number(years) < 50 ? "20" : "19"}${years}`;
  if (Number(day) < 1 || Number(day) > daysIn(Number(year), Number(month))) return null;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return null;
  const local = `${year}-${month}-${day}T${hour}:${minute}:${second}Z`;
  return zone === "Z" ? local : toUtc(local, zone);
}

/** OpenSSL takes offsets of up to twelve hours, and years from 1900 to 9999 with them. */
function toUtc(local: Instant, zone: string): Instant | null {
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(3, 5));
  if (hours > 12 || minutes > 59) return null;
  if (hours === 0 && minutes === 0) return local;
  const east = (zone.startsWith("-") ? -1 : 1) * (hours * 60 + minutes);
  const utc = new Date(Date.parse(local) - east * 60_000);
  const isInRange = local >= "1900" && utc.getUTCFullYear() >= 1900 && utc.getUTCFullYear() <= 9999;
  return isInRange ? toInstant(utc) : null;
}

function daysIn(year: number, month: number): number {
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  if (month === 2) return isLeap ? 29 : 28;
  if (month === 4 || month === 6 || month === 9 || month === 11) return 30;
  return month >= 1 && month <= 12 ? 31 : 0;
}

/** One DER element around its parts, its length in the shortest form. */
export const encodeDer = (tag: number, ...parts: readonly Uint8Array[]): Buffer => joinDer(tag, parts);

/** The same for parts whose number a file decides: a call takes only so many arguments. */
export function joinDer(tag: number, parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const size = content.length;
  const width = size < 0x80 ? 0 : Math.ceil(Math.log2(size + 1) / 8);
  const length = Array.from({ length: width }, (_, at) => Math.floor(size / 256 ** (width - 1 - at)) % 256);
  return Buffer.concat([Buffer.from([tag, ...(width === 0 ? [size] : [0x80 | width, ...length])]), content]);
}

export const encodeSequence = (...parts: readonly Uint8Array[]): Buffer => encodeDer(TAG.sequence, ...parts);

export function encodeOid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  return encodeDer(TAG.oid, Buffer.from([first * 40 + second, ...rest].flatMap(base128)));
}

function base128(arc: number): number[] {
  const bytes = [arc % 128];
  for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128))
    bytes.unshift((left % 128) | 0x80);
  return bytes;
}

/** A number that is not negative, by its bytes. */
export function encodeInteger(bytes: Uint8Array): Buffer {
  const start = bytes.findIndex((byte) => byte !== 0);
  const digits = start < 0 ? Buffer.from([0]) : Buffer.from(bytes.subarray(start));
  return encodeDer(
    TAG.integer,
    (digits[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), digits]) : digits,
  );
}

export const encodeNumber = (value: number | bigint): Buffer => {
  const hex = value.toString(16);
  return encodeInteger(Buffer.from(hex.padStart(hex.length + (hex.length % 2), "0"), "hex"));
};

const TRUE = encodeDer(TAG.boolean, Buffer.from([0xff]));
const encodeOctets = (...parts: readonly Uint8Array[]): Buffer => encodeDer(TAG.octetString, ...parts);
export const encodeBits = (bytes: Uint8Array): Buffer => encodeDer(TAG.bitString, Buffer.from([0]), bytes);

/** A date as RFC 5280 has it: two digits of the year until 2049. `at`: milliseconds since 1970. */
export function encodeTime(at: number): Buffer {
  const digits = new Date(at).toISOString().replace(/[-:T]|\.\d+/g, "");
  return digits < "2050"
    ? encodeDer(TAG.utcTime, Buffer.from(digits.slice(2), "latin1"))
    : encodeDer(TAG.generalizedTime, Buffer.from(digits, "latin1"));
}

export const encodeExtension = (oid: string, content: Uint8Array, isCritical = false): Buffer =>
  encodeSequence(encodeOid(oid), ...(isCritical ? [TRUE] : []), encodeOctets(content));
