import { bitsOf, type Element, readDate, readElement, TAG } from "#codec/der.ts";
import type { Asn1Level, Asn1Node } from "#shared/model/certificates/certificate.ts";
import { readObjectId } from "./oids.ts";

/**
 * ASN.1 level by level, for a viewer: each call costs as much as it returns, so that a certificate of ten thousand
 * names is shown as quickly as any. This knows nothing of certificates.
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
 * The elements inside the one that begins at `offset`; for null the outermost. An offset at which no element begins
 * gives whatever its bytes happen to be, or nothing.
 */
export function readAsn1Level(bytes: Buffer, offset: number | null, { skip, most }: Window): Asn1Level {
  const parent = offset === null ? { content: 0, end: bytes.length } : findWithin(bytes, offset);
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

function findWithin(bytes: Buffer, offset: number): { content: number; end: number } | null {
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
 * DER inside a string: a key in its BIT STRING, an extension in its OCTET STRING. Only if it fills the string to its
 * last byte, and is one element whose own parts are DER as well.
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

/** Longer values are not described: the bytes are shown beside them. */
const MOST_BYTES = 96;

/** An element that holds no others, in words. */
function formatPrimitive(bytes: Buffer, element: Element): string {
  const { tag, content, end } = element;
  const octets = bytes.subarray(content, end);
  switch (tag) {
    case TAG.boolean:
      return octets.length === 1 ? (octets[0] === 0 ? "FALSE" : "TRUE") : formatHex(octets);
    case TAG.null:
      return octets.length === 0 ? "" : formatHex(octets);
    case TAG.integer:
    case 0x0a:
      return formatInteger(octets);
    case TAG.oid:
      return formatOid(bytes, element);
    case TAG.bitString:
      return formatBits(octets);
    case TAG.utcTime:
    case TAG.generalizedTime:
      return formatTime(octets, tag === TAG.utcTime ? "utc" : "generalized");
    case TAG.bmpString:
      return cut(
        octets.length % 2 === 0
          ? Buffer.from(shorten(octets)).swap16().toString("utf16le")
          : formatHex(octets),
        octets,
      );
    default:
      return isText(tag) || isPrintable(octets)
        ? cut(shorten(octets).toString("utf8"), octets)
        : formatHex(octets);
  }
}

const TEXTS = new Set<number>([
  TAG.utf8String,
  TAG.numericString,
  TAG.printableString,
  TAG.t61String,
  TAG.ia5String,
  TAG.visibleString,
]);
const isText = (tag: number): boolean => TEXTS.has(tag);

/** An element with a context tag is shown as text if all of it looks so: names and addresses of the web. */
const isPrintable = (octets: Buffer): boolean =>
  octets.length > 0 && shorten(octets).every((byte) => byte >= 0x20 && byte < 0x7f);

const shorten = (octets: Buffer): Buffer => octets.subarray(0, MOST_BYTES);

const cut = (text: string, { length }: Buffer): string => (length > MOST_BYTES ? `${text}…` : text);

function formatHex(octets: Buffer): string {
  const pieces = shorten(octets).toString("hex").toUpperCase().match(/../g) ?? [];
  return cut(pieces.join(" "), octets);
}

/** Decimal for short numbers; serial numbers and moduli are hex. */
function formatInteger(octets: Buffer): string {
  if (octets.length === 0 || octets.length > 8) return formatHex(octets);
  return BigInt.asIntN(8 * octets.length, BigInt(`0x${octets.toString("hex")}`)).toString();
}

function formatOid(bytes: Buffer, element: Element): string {
  const object = readObjectId(bytes, element);
  if (!object) return formatHex(bytes.subarray(element.content, element.end));
  return object.longName === null ? object.oid : `${object.oid} ${object.longName}`;
}

function formatBits(octets: Buffer): string {
  const bits = bitsOf(octets);
  if (!bits) return formatHex(octets);
  const count = 8 * bits.length - (octets[0] ?? 0);
  const few =
    count <= 32
      ? `: ${Array.from(bits, (byte) => byte.toString(2).padStart(8, "0"))
          .join("")
          .slice(0, count)}`
      : "";
  return `${count} bits${few}`;
}

function formatTime(octets: Buffer, form: "utc" | "generalized"): string {
  const text = shorten(octets).toString("latin1");
  const instant = readDate(text, form);
  return instant ? `${text}, that is ${instant}` : cut(text, octets);
}
