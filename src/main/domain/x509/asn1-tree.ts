import { type Element, readElement, TAG } from "#codec/der.ts";
import type { Asn1Level, Asn1Node } from "#shared/model/asn1-node.ts";
import { formatPrimitive } from "./asn1-values.ts";

/**
 * ASN.1 level by level, for whoever looks at it: each question costs what it answers, so that a certificate of ten
 * thousand names is shown as quickly as any. Nothing is known of certificates here.
 */
const UNIVERSAL = new Map<number, string>([
  [TAG.boolean, "BOOLEAN"],
  [TAG.integer, "INTEGER"],
  [TAG.bitString, "BIT STRING"],
  [TAG.octetString, "OCTET STRING"],
  [TAG.null, "NULL"],
  [TAG.oid, "OBJECT IDENTIFIER"],
  [0x0a, "ENUMERATED"],
  [TAG.utf8String, "UTF8String"],
  [0x0d, "RELATIVE-OID"],
  [0x10, "SEQUENCE"],
  [0x11, "SET"],
  [TAG.numericString, "NumericString"],
  [TAG.printableString, "PrintableString"],
  [TAG.t61String, "TeletexString"],
  [TAG.ia5String, "IA5String"],
  [TAG.utcTime, "UTCTime"],
  [TAG.generalizedTime, "GeneralizedTime"],
  [TAG.visibleString, "VisibleString"],
  [TAG.universalString, "UniversalString"],
  [TAG.bmpString, "BMPString"],
]);

const CLASSES = ["UNIVERSAL ", "APPLICATION ", "", "PRIVATE "];
const CONSTRUCTED = 0x20;

type Window = { skip: number; most: number };

/**
 * The elements that stand in the one that begins at `offset`; for null the outermost. An offset at which no element
 * begins gives whatever its bytes make, or nothing.
 */
export function readAsn1Level(bytes: Buffer, offset: number | null, { skip, most }: Window): Asn1Level {
  const parent = offset === null ? { content: 0, end: bytes.length } : findInside(bytes, offset);
  const level: Asn1Level = { nodes: [], next: null, broken: null };
  if (!parent) return level;
  let met = 0;
  for (let at = parent.content; at < parent.end; met++) {
    const element = readElement(bytes, at, parent.end);
    if (!element) return { ...level, broken: { offset: at, bytes: parent.end - at } };
    if (level.nodes.length === most) return { ...level, next: met };
    if (met >= skip) level.nodes.push(toNode(bytes, element));
    at = element.end;
  }
  return level;
}

function findInside(bytes: Buffer, offset: number): { content: number; end: number } | null {
  const element = readElement(bytes, offset, bytes.length);
  if (!element) return null;
  return (element.tag & CONSTRUCTED) !== 0 ? element : findWrapped(bytes, element);
}

function toNode(bytes: Buffer, element: Element): Asn1Node {
  const { tag, start, content, end } = element;
  const isConstructed = (tag & CONSTRUCTED) !== 0;
  const isWrapping = !isConstructed && findWrapped(bytes, element) !== null;
  return {
    offset: start,
    headerBytes: content - start,
    contentBytes: end - content,
    isWrapping,
    tag: formatTag(tag),
    value: isConstructed || isWrapping ? "" : formatPrimitive(bytes, element),
    isOpenable: (isConstructed && end > content) || isWrapping,
  };
}

function formatTag(tag: number): string {
  const number = tag & 0x1f;
  const name = tag < 0x40 ? UNIVERSAL.get(number) : undefined;
  return name ?? `[${CLASSES[tag >> 6]}${number}]`;
}

/**
 * DER inside of a string: a key in its BIT STRING, an extension in its OCTET STRING. Only where it fills the string to
 * its last byte, and is one element whose own parts are DER as well.
 */
function findWrapped(bytes: Buffer, { tag, content, end }: Element): { content: number; end: number } | null {
  if (tag !== TAG.octetString && tag !== TAG.bitString) return null;
  if (tag === TAG.bitString && bytes[content] !== 0) return null;
  const from = tag === TAG.bitString ? content + 1 : content;
  const inner = readElement(bytes, from, end);
  if (!inner || inner.end !== end || inner.tag >= 0x40) return null;
  if (!UNIVERSAL.has(inner.tag & 0x1f)) return null;
  const isConstructed = (inner.tag & CONSTRUCTED) !== 0;
  const isSequence = inner.tag === TAG.sequence || inner.tag === TAG.set;
  if (isConstructed !== isSequence || (isSequence && !hasFirst(bytes, inner))) return null;
  return { content: from, end };
}

/** An empty list is as good as one that begins with an element. */
const hasFirst = (bytes: Buffer, { content, end }: Element): boolean =>
  content === end || readElement(bytes, content, end) !== null;
