import { type Element, isListTag, printOid, readChildren, readElement, TAG, viewOf } from "#codec/der.ts";

/** A GeneralName (RFC 5280, section 4.2.1.6) as a value to compare; ../names.ts has it as text to show. */
export type ComparableName =
  | { form: "email" | "dns" | "uri"; value: string }
  | { form: "ip"; value: Uint8Array }
  | { form: "directory"; value: CanonicalName }
  /** Not compared: otherName, x400Address, ediPartyName, registeredID. The first and the last have an identifier. */
  | { form: "other"; tag: number; type: string | null };

const FORMS = new Map([
  [0x81, "email"],
  [0x82, "dns"],
  [0x86, "uri"],
] as const);

const IP = 0x87;
const DIRECTORY = 0xa4;

/** Null if it is not of the form that its tag claims. */
export function readComparableName(bytes: Uint8Array, element: Element): ComparableName | null {
  const view = viewOf(bytes);
  const { tag, content, end } = element;
  const form = FORMS.get(tag as 0x81 | 0x82 | 0x86);
  if (form) return { form, value: view.toString("latin1", content, end) };
  if (tag === IP) return { form: "ip", value: view.subarray(content, end) };
  if (tag !== DIRECTORY) return readOther(view, element);
  const inner = readElement(view, content, end);
  const value = inner?.end === end ? readCanonicalName(view, inner) : null;
  return value && { form: "directory", value };
}

const OTHER_NAME = 0xa0;
const X400_ADDRESS = 0xa3;
const EDI_PARTY_NAME = 0xa5;
const REGISTERED_ID = 0x88;

/** The kinds that have an identifier must have one. */
function readOther(view: Buffer, element: Element): ComparableName | null {
  const { tag } = element;
  const type = readType(view, element);
  const isNamed = tag === OTHER_NAME || tag === REGISTERED_ID;
  if (isNamed ? type === null : tag !== X400_ADDRESS && tag !== EDI_PARTY_NAME) return null;
  return { form: "other", tag, type };
}

function readType(view: Buffer, { tag, content, end }: Element): string | null {
  if (tag === REGISTERED_ID) return printOid(view.subarray(content, end));
  const id = tag === OTHER_NAME ? readElement(view, content, end) : null;
  return id?.tag === TAG.oid ? printOid(view.subarray(id.content, id.end)) : null;
}

const KINDS = new Map([
  [OTHER_NAME, "otherName"],
  [X400_ADDRESS, "x400Address"],
  [EDI_PARTY_NAME, "ediPartyName"],
  [REGISTERED_ID, "registeredID"],
]);

/** A kind that is not compared, as RFC 5280 names it: "otherName 1.3.6.1.4.1.311.20.2.3". */
export const formatKind = ({ tag, type }: { tag: number; type: string | null }): string =>
  `${KINDS.get(tag) ?? `number ${tag & 0x1f}`}${type === null ? "" : ` ${type}`}`;

/** All names inside an element; null where one of them cannot be read, or there are more than `most`. */
export function readComparableNames(bytes: Uint8Array, list: Element, most: number): ComparableName[] | null {
  const parts = readChildren(viewOf(bytes), list, most);
  if (!parts) return null;
  const names: ComparableName[] = [];
  for (const part of parts) {
    const name = readComparableName(bytes, part);
    if (!name) return null;
    names.push(name);
  }
  return names;
}

/** Equal for equal names; null for a form that is not compared. */
export function keyOfName(name: ComparableName): string | null {
  switch (name.form) {
    case "directory":
      return `directory:${name.value.key}`;
    case "ip":
      return `ip:${viewOf(name.value).toString("hex")}`;
    case "other":
      return null;
    default:
      return `${name.form}:${name.value.toLowerCase()}`;
  }
}

/** A name of text as people read it: ASCII by the rules, UTF-8 where they are broken. */
export const formatText = (value: string): string => Buffer.from(value, "latin1").toString("utf8");

/**
 * Names made comparable (RFC 5280, section 7.1): letters without their case, runs of blanks as one, and the same text
 * in whatever string type it is written. The order of RDNs matters, the order within one does not.
 */
export type CanonicalName = {
  /** One entry for each RDN. */
  rdns: readonly string[];
  /** Joined: equal for equal names. */
  key: string;
  /** The values of emailAddress attributes, as they are written. */
  emails: readonly string[];
};

/** No limit: callers have already limited the bytes. */
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

/** One RDN alone, as a name relative to a CRL's issuer is written: the content of a SET. */
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

/** UTF-16 and UTF-32, the high byte first. An invalid code is kept by its number, so that it differs from others. */
function decodeWide(content: Buffer): string {
  if (content.length % 4 === 0 && content.length > 0 && content.readUInt16BE(0) === 0)
    return Array.from({ length: content.length / 4 }, (_, at) =>
      toCharacter(content.readUInt32BE(at * 4)),
    ).join("");
  if (content.length % 2 !== 0) return `#${content.toString("hex")}`;
  return Buffer.from(content).swap16().toString("utf16le");
}

const toCharacter = (code: number): string => (code > 0x10ffff ? `#${code}` : String.fromCodePoint(code));
