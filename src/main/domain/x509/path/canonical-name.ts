import { type Element, isListTag, readChildren, readElement, TAG, viewOf } from "#codec/der.ts";

/**
 * Names made comparable (RFC 5280, section 7.1): letters without their case, runs of blanks as one, and the same text
 * in whatever string type it is written. The order of RDNs counts, the order within one does not.
 */
export type CanonicalName = {
  /** One entry an RDN. */
  rdns: readonly string[];
  /** All of them: equal for equal names. */
  key: string;
  /** The values of emailAddress attributes, as they are written. */
  emails: readonly string[];
};

/** There may be any number of them: whoever reads names has bounded the bytes. */
const MOST_PARTS = Number.POSITIVE_INFINITY;
const EMAIL_ADDRESS = "2a864886f70d010901";

/** How each string type writes a character; a type that is not here is compared by its bytes. */
const DECODERS = new Map<number, (content: Buffer) => string>([
  [TAG.utf8String, (content) => content.toString("utf8")],
  [TAG.numericString, (content) => content.toString("latin1")],
  [TAG.printableString, (content) => content.toString("latin1")],
  [TAG.t61String, (content) => content.toString("latin1")],
  [TAG.ia5String, (content) => content.toString("latin1")],
  [TAG.visibleString, (content) => content.toString("latin1")],
  [TAG.bmpString, decodeWide],
  [TAG.universalString, decodeWide],
]);

/** Null for what is no name. */
export function readCanonicalName(bytes: Uint8Array, element: Element): CanonicalName | null {
  const view = viewOf(bytes);
  const parts = isListTag(element.tag, TAG.sequence) ? readChildren(view, element, MOST_PARTS) : null;
  if (!parts) return null;
  const rdns: string[] = [];
  const emails: string[] = [];
  for (const part of parts) {
    const rdn = readRdn(view, part, emails);
    if (rdn === null) return null;
    rdns.push(rdn);
  }
  return { rdns, key: rdns.join("\n"), emails };
}

/** One RDN on its own, as a name relative to a CRL's issuer is written: the content of a SET. */
export function readRdn(bytes: Uint8Array, set: Element, emails: string[] = []): string | null {
  const view = viewOf(bytes);
  const attributes = readChildren(view, set, MOST_PARTS);
  if (!attributes || attributes.length === 0) return null;
  const words: string[] = [];
  for (const attribute of attributes) {
    const type = readElement(view, attribute.content, attribute.end);
    const value = type && readElement(view, type.end, attribute.end);
    if (type?.tag !== TAG.oid || value?.end !== attribute.end) return null;
    const oid = view.toString("hex", type.content, type.end);
    if (oid === EMAIL_ADDRESS) emails.push(view.toString("latin1", value.content, value.end));
    words.push(`${oid}=${canonicalValue(view, value)}`);
  }
  return words.sort().join("+");
}

/** Text is quoted, so that no value can be mistaken for two. */
function canonicalValue(view: Buffer, { tag, content, end }: Element): string {
  const decode = DECODERS.get(tag);
  if (!decode) return `#${tag.toString(16)}${view.toString("hex", content, end)}`;
  const text = decode(view.subarray(content, end)).normalize("NFKC").toLowerCase();
  return JSON.stringify(text.replace(/\s+/gu, " ").trim());
}

/** UTF-16 and UTF-32, the high byte first. What is no character stays apart by its number. */
function decodeWide(content: Buffer): string {
  if (content.length % 4 === 0 && content.length > 0 && content.readUInt16BE(0) === 0)
    return Array.from({ length: content.length / 4 }, (_, at) =>
      toCharacter(content.readUInt32BE(at * 4)),
    ).join("");
  if (content.length % 2 !== 0) return `#${content.toString("hex")}`;
  return Buffer.from(content).swap16().toString("utf16le");
}

const toCharacter = (code: number): string => (code > 0x10ffff ? `#${code}` : String.fromCodePoint(code));
