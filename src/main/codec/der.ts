/**
 * Reads DER (X.690) without copying and without recursion. Only what DER allows in a length is taken:
 * indefinite lengths, lengths beyond four bytes and tags beyond one byte are refused, so that every walk
 * ends after as many steps as there are bytes.
 *
 * Two ways lead through it: elements by their offsets, which cost no more than they must, for certificates; and nodes,
 * which carry their bytes along, for what is read once.
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
 * How many bytes the first element takes by its header; null while the header is not whole, "broken" where no element begins.
 * For what comes piece by piece, or may be cut.
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

/** OpenSSL takes lists of one kind of thing also where the bit is missing that says that they hold elements. */
export const isListTag = (tag: number, wanted: 0x30 | 0x31): boolean => (tag | 0x20) === wanted;

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

/** An element with the bytes that it stands in. What follows answers null, or nothing, where a node is not what was asked for. */
export type Node = { bytes: Buffer; element: Element };

/** Members of one list; what has more is taken for none. */
const MOST_CHILDREN = 100_000;

export function openNode(given: Uint8Array): Node | null {
  const bytes = viewOf(given);
  const element = readElement(bytes, 0, bytes.length);
  return element && { bytes, element };
}

/** The parts of a sequence, a set or a tagged element; none where it is something else. */
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

/** Dotted; null where it is no object identifier. */
export function oidOf(node: Node | null | undefined): string | null {
  const content = contentOf(node, TAG.oid);
  return content && content.length <= MOST_OID_BYTES ? printOid(content) : null;
}

/** A whole number from 0; infinite where it is beyond six bytes. Null for any other element. */
export function numberOf(node: Node | null | undefined): number | null {
  const content = contentOf(node, TAG.integer);
  if (!content || content.length === 0 || (content[0] ?? 0) > 0x7f) return null;
  return content.length > 6 ? Number.POSITIVE_INFINITY : content.readUIntBE(0, content.length);
}

export const tagOf = (node: Node | null | undefined): number | null => node?.element.tag ?? null;
