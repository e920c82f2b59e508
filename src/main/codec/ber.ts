import { joinDer, readElement } from "./der.ts";

/**
 * Converts BER (X.690) for a reader of DER: some tools write keystores and PKCS#7 with indefinite lengths and with
 * strings in pieces. Elements that are DER already keep their exact bytes, so that a certificate inside keeps its
 * identity.
 */

/** Deeper than any keystore; each level costs a call. */
const MOST_DEPTH = 48;
/** Elements of one file, each of which costs an object. */
const MOST_ELEMENTS = 200_000;

const OCTET_STRING = 0x04;
const CONSTRUCTED = 0x20;
/** Octet strings in pieces, and implicitly tagged ones with a tag of their own. */
const IN_PIECES = OCTET_STRING | CONSTRUCTED;

type Walk = { bytes: Buffer; elementsLeft: number };
type Copied = { bytes: Buffer; next: number; isSame: boolean };

/** The first element of `bytes` with definite lengths and whole strings; null if it is none, or too large. */
export function toDefinite(bytes: Buffer): Buffer | null {
  const walk = { bytes, elementsLeft: MOST_ELEMENTS };
  return copyElement(walk, 0, bytes.length, 0)?.bytes ?? null;
}

function copyElement(walk: Walk, at: number, limit: number, depth: number): Copied | null {
  const { bytes } = walk;
  const isConstructed = ((bytes[at] ?? 0) & CONSTRUCTED) !== 0;
  if (depth > MOST_DEPTH || at + 2 > limit || walk.elementsLeft-- <= 0) return null;
  if (bytes[at + 1] === 0x80) return isConstructed ? copyIndefinite(walk, at, limit, depth) : null;
  const element = readElement(bytes, at, limit);
  if (!element) return null;
  const same = { bytes: bytes.subarray(at, element.end), next: element.end, isSame: true };
  if (!isConstructed) return same;
  const parts: Copied[] = [];
  for (let from = element.content; from < element.end; ) {
    const part = copyElement(walk, from, element.end, depth + 1);
    // An element that is constructed by its tag alone, as odd parts of a certificate may be, is left as it is.
    if (!part) return depth === 0 ? null : same;
    parts.push(part);
    from = part.next;
  }
  if (element.tag !== IN_PIECES && parts.every(({ isSame }) => isSame)) return same;
  return { bytes: join(element.tag, parts), next: element.end, isSame: false };
}

/** Its end is marked by two zero bytes. */
function copyIndefinite(walk: Walk, start: number, limit: number, depth: number): Copied | null {
  const { bytes } = walk;
  const parts: Copied[] = [];
  for (let at = start + 2; at + 2 <= limit; ) {
    if (bytes[at] === 0 && bytes[at + 1] === 0)
      return { bytes: join(bytes[start] ?? 0, parts), next: at + 2, isSame: false };
    const part = copyElement(walk, at, limit, depth + 1);
    if (!part) return null;
    parts.push(part);
    at = part.next;
  }
  return null;
}

function join(tag: number, parts: readonly Copied[]): Buffer {
  return tag === IN_PIECES
    ? joinDer(
        OCTET_STRING,
        parts.map(({ bytes }) => contentOf(bytes)),
      )
    : joinDer(
        tag,
        parts.map(({ bytes }) => bytes),
      );
}

function contentOf(bytes: Buffer): Buffer {
  const element = readElement(bytes, 0, bytes.length);
  return element ? bytes.subarray(element.content, element.end) : bytes.subarray(0, 0);
}
