/** One element of BER: its identifier, what it holds, and its size with both. `content` is a view. */
export type Element = { tag: number; content: Buffer; size: number };

/**
 * The element that the bytes begin with (X.690 section 8.1, in the part that LDAP allows: RFC 4511 section 5.1). Null
 * while it is not whole; "broken" where none begins, or one that would be larger than `mostBytes`.
 */
export function readElement(bytes: Buffer, mostBytes = bytes.length): Element | null | "broken" {
  const [tag, first] = bytes;
  if (tag === undefined) return null;
  if ((tag & 0x1f) === 0x1f) return "broken";
  if (first === undefined) return null;
  const width = first < 0x80 ? 0 : first - 0x80;
  if (first === 0x80 || width > 4) return "broken";
  if (bytes.length < 2 + width) return null;
  const length = width === 0 ? first : bytes.readUIntBE(2, width);
  const size = 2 + width + length;
  if (size > mostBytes) return "broken";
  return bytes.length < size ? null : { tag, content: bytes.subarray(2 + width, size), size };
}

/** The elements that stand one behind the other; up to the first that is broken. */
export function listElements(bytes: Buffer): Element[] {
  const elements: Element[] = [];
  for (let rest = bytes; rest.length > 0; ) {
    const element = readElement(rest);
    if (element === null || element === "broken") break;
    elements.push(element);
    rest = rest.subarray(element.size);
  }
  return elements;
}
