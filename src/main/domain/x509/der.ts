/**
 * Walks DER (X.690) without copying and without recursion. Only what DER allows in a length is taken:
 * indefinite lengths, lengths beyond four bytes and tags beyond one byte are refused, so that every walk
 * ends after as many steps as there are bytes.
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
