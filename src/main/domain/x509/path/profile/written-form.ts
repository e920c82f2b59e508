import { createPublicKey } from "node:crypto";
import { bitsOf, type Element, readChildren, readElement, TAG, viewOf } from "#domain/x509/der.ts";
import type { PublicKey } from "#domain/x509/keys.ts";

/**
 * Whether a certificate is written as RFC 5280, section 4.1 defines it. Whoever shows certificates reads what is left of a broken
 * one; no client does. Each takes time in proportion to the certificate's size.
 */

/** What of the DER of a certificate is not built as its definition asks, in a few words; null where all is. */
export function findBrokenField(der: Uint8Array): string | null {
  const bytes = viewOf(der);
  const outer = readElement(bytes, 0, bytes.length);
  const [tbs] = (outer && readChildren(bytes, outer, 3)) || [];
  const fields = (tbs && readChildren(bytes, tbs, 12)) || [];
  if (fields[0]?.tag === 0xa0) {
    const version = fields.shift();
    const [number, ...rest] = (version && readChildren(bytes, version, 2)) || [];
    if (!number || rest.length > 0 || !isInteger(bytes, number)) return "its version";
  }
  const [serial, algorithm, issuer, validity, subject, spki, ...optional] = fields;
  if (!serial || !isInteger(bytes, serial)) return "its serial number";
  if (!algorithm || !isAlgorithm(bytes, algorithm)) return "its signature algorithm";
  if (!issuer || !isName(bytes, issuer)) return "its issuer";
  if (!validity || !isValidity(bytes, validity)) return "its validity";
  if (!subject || !isName(bytes, subject)) return "its subject";
  if (!spki || !isKeyInfo(bytes, spki)) return "its public key";
  return findBrokenOptional(bytes, optional);
}

/** As short as it can be. */
const isInteger = (bytes: Buffer, { tag, content, end }: Element): boolean => {
  const [first, second = 0] = [bytes[content], bytes[content + 1]];
  if (tag !== TAG.integer || content === end || first === undefined) return false;
  const isPadded = (first === 0 && second < 0x80) || (first === 0xff && second >= 0x80);
  return end === content + 1 || !isPadded;
};

/** Arcs of seven bits a byte, none of which begins with zeros or is cut off. */
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

const MOST_ATTRIBUTES = 512;

/** OpenSSL takes lists also where the bit is missing that says that they hold elements. */
const isList = ({ tag }: Element, wanted: number): boolean => (tag | 0x20) === wanted;

function isName(bytes: Buffer, element: Element): boolean {
  const rdns = isList(element, TAG.sequence) ? readChildren(bytes, element, MOST_ATTRIBUTES) : null;
  return (
    rdns?.every((rdn) => {
      const attributes = isList(rdn, TAG.set) ? readChildren(bytes, rdn, MOST_ATTRIBUTES) : null;
      return (
        attributes !== null && attributes.length > 0 && attributes.every((each) => isAttribute(bytes, each))
      );
    }) ?? false
  );
}

function isAttribute(bytes: Buffer, element: Element): boolean {
  const [type, value, ...rest] = (element.tag === TAG.sequence && readChildren(bytes, element, 3)) || [];
  if (!type || !value || rest.length > 0 || !isOid(bytes, type)) return false;
  const content = bytes.subarray(value.content, value.end);
  if (value.tag === TAG.utf8String) return isUtf8(content);
  return value.tag !== TAG.bmpString || content.length % 2 === 0;
}

const isUtf8 = (content: Buffer): boolean => Buffer.from(content.toString("utf8"), "utf8").equals(content);

function isValidity(bytes: Buffer, element: Element): boolean {
  const times = element.tag === TAG.sequence ? readChildren(bytes, element, 2) : null;
  return times?.length === 2;
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
/** The identifiers of issuer and subject, and the extensions, in their order. */
const OPTIONAL = [0x81, 0x82, EXTENSIONS];

function findBrokenOptional(bytes: Buffer, optional: readonly Element[]): string | null {
  let least = 0;
  for (const field of optional) {
    const place = OPTIONAL.indexOf(field.tag);
    if (place < least) return "what stands behind its public key";
    least = place + 1;
    if (field.tag !== EXTENSIONS) continue;
    const [list, ...rest] = readChildren(bytes, field, 2) ?? [];
    if (!list || rest.length > 0) return "its extensions";
    const parts = readChildren(bytes, list, MOST_EXTENSIONS) ?? [];
    if (!parts.every((part) => isExtension(bytes, part))) return "an extension";
  }
  return null;
}

const MOST_EXTENSIONS = 256;

function isExtension(bytes: Buffer, element: Element): boolean {
  const [id, ...rest] = readChildren(bytes, element, 3) ?? [];
  const flag = rest.length === 2 ? rest[0] : null;
  const isFlag = !flag || (flag.tag === TAG.boolean && flag.end === flag.content + 1);
  return id !== undefined && isOid(bytes, id) && isFlag;
}

/** Whether the key that a certificate is for can be read; one of a type that is not known here is left to whoever knows it. */
export function isReadableKey(spki: Uint8Array, { keyType, curve, malformed }: PublicKey): boolean {
  if (malformed !== null) return false;
  if (keyType === "RSA" || keyType === "RSA-PSS") return isRsaKey(viewOf(spki));
  return keyType !== "EC" || !POINTS.has(curve ?? "") || isPoint(spki);
}

/** Curves that every runtime knows. */
const POINTS = new Set(["P-256", "P-384", "P-521"]);

function isPoint(spki: Uint8Array): boolean {
  try {
    createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" });
    return true;
  } catch {
    return false;
  }
}

/** A modulus and an exponent, both positive. */
function isRsaKey(bytes: Buffer): boolean {
  const outer = readElement(bytes, 0, bytes.length);
  const [, key] = (outer && readChildren(bytes, outer, 2)) || [];
  const numbers = key && readElement(bytes, key.content + 1, key.end);
  const parts = numbers?.end === key?.end && numbers ? readChildren(bytes, numbers, 2) : null;
  const isPositive = (part: Element) => isInteger(bytes, part) && (bytes[part.content] ?? 0x80) < 0x80;
  return parts?.length === 2 && parts.every(isPositive);
}

/** Whether every length is as short as it can be, and every boolean is 00 or FF; the values of extensions are looked into. */
export function isWrittenAsDer(der: Uint8Array): boolean {
  const bytes = viewOf(der);
  const left: Span[] = [{ content: 0, end: bytes.length }];
  for (let span = left.pop(); span; span = left.pop()) {
    const elements = readRow(bytes, span);
    if (!elements.every((element) => isShortest(bytes, element) && isBoolean(bytes, element))) return false;
    const isNamed = elements[0]?.tag === TAG.oid;
    for (const element of elements)
      if ((element.tag & 0x20) !== 0 || (isNamed && element.tag === TAG.octetString)) left.push(element);
  }
  return true;
}

type Span = { content: number; end: number };

/** As many elements as there are in a row; what is no row of elements is judged elsewhere. */
function readRow(bytes: Buffer, { content, end }: Span): Element[] {
  const row: Element[] = [];
  for (let at = content; at < end; ) {
    const element = readElement(bytes, at, end);
    if (!element) break;
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
