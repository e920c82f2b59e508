import { type Element, isListTag, readChildren, readElement, TAG, viewOf } from "#codec/der.ts";
import type { Authorities } from "#shared/model/hosts/endpoint.ts";
import { readObjectId } from "./oids.ts";

/**
 * Prints distinguished names exactly as `openssl x509 -nameopt RFC2253,utf8,-esc_msb` does (OpenSSL 3.5), quirks
 * included: the last RDN first, letters beyond ASCII as they are, unknown types and identifiers as `#` and DER. If a
 * value is not of its type, OpenSSL refuses the whole certificate; here the value is marked as malformed, and shown
 * byte by byte.
 */
type Name = { text: string; commonName: string | null; malformed: string | null };

/** RDNs of a name, and attributes of one RDN. */
const MOST_PARTS = 4_096;

/** How many bytes a character takes in a string type that OpenSSL prints as text; 0 stands for UTF-8. */
const CHARACTER_WIDTH = new Map<number, number>([
  [TAG.utf8String, 0],
  [TAG.numericString, 1],
  [TAG.printableString, 1],
  [TAG.t61String, 1],
  [TAG.ia5String, 1],
  [TAG.utcTime, 1],
  [TAG.generalizedTime, 1],
  [TAG.visibleString, 1],
  [TAG.universalString, 4],
  [TAG.bmpString, 2],
]);

/** Characters that RFC 2253 escapes wherever they stand. */
const SPECIAL = new Set(',+"\\<>;'.split("").map((character) => character.charCodeAt(0)));

/** 1 for each byte that needs no escape except at the ends. */
const PLAIN = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x20 && byte <= 0x7e && !SPECIAL.has(byte) ? 1 : 0,
);

const UNREADABLE: Name = { text: "", commonName: null, malformed: "cannot be read" };

/** Reads the name that `element` holds; each printed value is cut to `mostCharacters`. */
export function readName(bytes: Buffer, element: Element, mostCharacters: number): Name {
  const rdns = readChildren(bytes, element, MOST_PARTS);
  if (!rdns) return UNREADABLE;
  const name: Name = { text: "", commonName: null, malformed: null };
  for (const rdn of rdns) {
    const attributes = isListTag(rdn.tag, TAG.set) ? readChildren(bytes, rdn, MOST_PARTS) : null;
    if (!attributes) return UNREADABLE;
    let text = "";
    for (const attribute of attributes) {
      const part = readAttribute(bytes, attribute, mostCharacters);
      if (!part) return UNREADABLE;
      name.malformed ??= part.malformed;
      name.commonName = part.commonName ?? name.commonName;
      text = text === "" ? part.text : `${part.text}+${text}`;
    }
    if (text !== "") name.text = name.text === "" ? text : `${text},${name.text}`;
  }
  return name;
}

function readAttribute(bytes: Buffer, attribute: Element, mostCharacters: number) {
  const type = attribute.tag === TAG.sequence ? readElement(bytes, attribute.content, attribute.end) : null;
  const value = type && readElement(bytes, type.end, attribute.end);
  if (type?.tag !== TAG.oid || value?.end !== attribute.end) return null;
  const object = readObjectId(bytes, type);
  if (!object) return null;
  const isWhole = value.end - value.content <= mostCharacters;
  const shown = isWhole ? value : { ...value, end: value.content + mostCharacters };
  const printed = object.shortName === null ? null : printValue(bytes, shown);
  const text = printed ?? `#${dump(bytes.subarray(shown.content, shown.end), value.tag)}`;
  const isBroken =
    printed === null
      ? object.shortName !== null && CHARACTER_WIDTH.has(value.tag)
      : value.tag === TAG.utf8String &&
        printed.includes("\\") &&
        !isUtf8(bytes.subarray(shown.content, shown.end));
  return {
    // OpenSSL has a buffer of 80 bytes for an identifier.
    text: `${object.shortName ?? object.oid.slice(0, 79)}=${text}${isWhole ? "" : "…"}`,
    commonName:
      object.shortName === "CN" ? decodeString(bytes.subarray(shown.content, shown.end), value.tag) : null,
    malformed: !isWhole
      ? `has a value of ${value.end - value.content} bytes, of which the first ${mostCharacters} are shown`
      : isBroken
        ? "has a value that is not the text it claims to be"
        : null,
  };
}

/** The value as DER, its length written as DER writes it. */
function dump(content: Buffer, tag: number): string {
  const size = content.length;
  const width = Math.ceil(Math.log2(size + 1) / 8);
  const length = size < 0x80 ? [size] : [0x80 | width, ...bigEndian(size, width)];
  return `${Buffer.from([tag, ...length]).toString("hex")}${content.toString("hex")}`.toUpperCase();
}

const bigEndian = (value: number, width: number): number[] =>
  Array.from({ length: width }, (_, index) => Math.floor(value / 256 ** (width - 1 - index)) % 256);

/** Null for a type that is dumped, and for content that is not of its type. */
function printValue(bytes: Buffer, value: Element): string | null {
  const width = CHARACTER_WIDTH.get(value.tag);
  if (width === undefined) return null;
  if (width < 2 && isPlain(bytes, value)) return bytes.toString("latin1", value.content, value.end);
  const content = bytes.subarray(value.content, value.end);
  if (width === 0 && !isUtf8(content)) return escapeBytes(content);
  const characters = width === 0 ? toCodePoints(content.toString("utf8")) : readCharacters(content, width);
  return characters && escapeText(characters);
}

const isUtf8 = (content: Buffer): boolean => content.equals(Buffer.from(content.toString("utf8")));

/** ASCII in which nothing needs an escape: nearly every value there is. */
function isPlain(bytes: Buffer, { content, end }: Element): boolean {
  for (let at = content; at < end; at++) if (PLAIN[bytes[at] ?? 0] === 0) return false;
  return content === end || (bytes[content] !== 0x20 && bytes[content] !== 0x23 && bytes[end - 1] !== 0x20);
}

/** Code points of a fixed width; null where OpenSSL cannot write one of them as UTF-8. */
function readCharacters(content: Buffer, width: number): number[] | null {
  if (content.length % width !== 0) return null;
  const characters: number[] = [];
  for (let at = 0; at < content.length; at += width) {
    const character = content.readUIntBE(at, width);
    if ((character >= 0xd800 && character <= 0xdfff) || character > 0x10ffff) return null;
    characters.push(character);
  }
  return characters;
}

const toCodePoints = (text: string): number[] =>
  Array.from(text, (character) => character.codePointAt(0) ?? 0);

/**
 * Escapes as OpenSSL does: a single character counts as the last one and not as the first one, so a lone "#" is not
 * escaped. Letters beyond ASCII are kept: each output encodes them.
 */
const escapeText = (characters: readonly number[]): string =>
  characters
    .map((character, index) =>
      character > 0x7f
        ? String.fromCodePoint(character)
        : escapeAscii(character, index, characters.length - 1),
    )
    .join("");

/** For bytes that are not UTF-8: each byte beyond ASCII by its number. */
const escapeBytes = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte, index) => escapeAscii(byte, index, bytes.length - 1)).join("");

function escapeAscii(byte: number, index: number, last: number): string {
  if (byte > 0x7e || byte < 0x20) return escapeByte(byte);
  const isEscaped =
    SPECIAL.has(byte) ||
    (byte === 0x20 && (index === 0 || index === last)) ||
    (byte === 0x23 && index === 0 && index !== last);
  return `${isEscaped ? "\\" : ""}${String.fromCharCode(byte)}`;
}

const escapeByte = (byte: number): string => `\\${byte.toString(16).toUpperCase().padStart(2, "0")}`;

/** A string as people read it; what cannot be decoded is replaced. */
function decodeString(content: Buffer, tag: number): string {
  const width = CHARACTER_WIDTH.get(tag);
  if (width === 0) return content.toString("utf8");
  if (width === 2 && content.length % 2 === 0) return Buffer.from(content).swap16().toString("utf16le");
  if (width === 4) return (readCharacters(content, 4) ?? []).map((c) => String.fromCodePoint(c)).join("");
  return content.toString("latin1");
}

/** More names than any certificate needs: a longer list is cut, and the result says so. */
export const MOST_NAMES = 10_000;

/** A GeneralName in words, its kind before it: `DNS:`, `IP:`, `email:`, `URI:`, `DirName:`, `othername:` and so on. */
type GeneralName = { text: string; malformed: string | null };

/** Context tags of RFC 5280's GeneralName. */
const EMAIL = 0x81;
const DNS = 0x82;
const X400 = 0xa3;
const DIRECTORY = 0xa4;
const EDI_PARTY = 0xa5;
const URI = 0x86;
const ADDRESS = 0x87;
const REGISTERED_ID = 0x88;
const OTHER = 0xa0;

/** The names of a GeneralNames sequence; null if it is none. */
export function readGeneralNames(bytes: Buffer, sequence: Element): GeneralName[] | null {
  const elements = readChildren(bytes, sequence, MOST_NAMES);
  return elements ? elements.map((element) => readGeneralName(bytes, element)) : null;
}

export function readGeneralName(bytes: Buffer, element: Element): GeneralName {
  const content = bytes.subarray(element.content, element.end);
  switch (element.tag) {
    case EMAIL:
      return readText("email", content);
    case DNS:
      return readText("DNS", content);
    case URI:
      return readText("URI", content);
    case ADDRESS:
      return readAddress(content);
    case DIRECTORY:
      return readDirectoryName(bytes, element);
    case REGISTERED_ID:
      return sound(`Registered ID:${readObjectId(bytes, element)?.oid ?? "<unreadable>"}`);
    case OTHER:
      return readOtherName(bytes, element);
    case X400:
      return sound("X400Name:<not read>");
    case EDI_PARTY:
      return sound("EdiPartyName:<not read>");
    default:
      return sound(`name of another kind (tag ${element.tag & 0x1f}):<not read>`);
  }
}

const sound = (text: string): GeneralName => ({ text, malformed: null });

/**
 * These are IA5String, that is ASCII. Anything else is read as UTF-8, which is what everybody who breaks the rule
 * means.
 */
function readText(kind: string, content: Buffer): GeneralName {
  const value = content.toString("utf8");
  const isClean = content.every((byte) => byte >= 0x20 && byte < 0x7f);
  return {
    text: `${kind}:${value}`,
    malformed: isClean ? null : `the name ${kind}:${JSON.stringify(value)} is not plain ASCII text`,
  };
}

/** As OpenSSL prints it: IPv6 in full, upper case, without leading zeros. */
function readAddress(content: Buffer): GeneralName {
  const text = printAddress(content);
  return {
    text: `IP:${text ?? "<invalid>"}`,
    malformed: text === null ? `an IP address of ${content.length} bytes` : null,
  };
}

/** Null for what is no address of 4 or 16 bytes. */
export function printAddress(content: Buffer): string | null {
  if (content.length === 4) return content.join(".");
  if (content.length !== 16) return null;
  const groups = Array.from({ length: 8 }, (_, index) => content.readUInt16BE(index * 2).toString(16));
  return groups.join(":").toUpperCase();
}

function readDirectoryName(bytes: Buffer, element: Element): GeneralName {
  const [name] = readChildren(bytes, element, 1) ?? [];
  if (!name) return { text: "DirName:<unreadable>", malformed: "a directory name cannot be read" };
  return sound(`DirName:${readName(bytes, name, 4_096).text}`);
}

/** The string types that the value of an otherName may have. */
const STRINGS = new Set<number>([TAG.utf8String, TAG.ia5String, TAG.printableString, TAG.bmpString]);

/** `othername:KIND:VALUE`, with the value if it is a string. */
function readOtherName(bytes: Buffer, element: Element): GeneralName {
  const [type, wrapper] = readChildren(bytes, element, 2) ?? [];
  const object = type && readObjectId(bytes, type);
  const value = wrapper && readElement(bytes, wrapper.content, wrapper.end);
  const text =
    value && STRINGS.has(value.tag)
      ? decodeString(bytes.subarray(value.content, value.end), value.tag)
      : "<not read>";
  return sound(`othername:${object?.longName ?? object?.oid ?? "<unreadable>"}:${text}`);
}

/** At most this many are named, and the others counted: some servers name everything that their system trusts. */
const MOST_NAMED = 100;
const MOST_CHARACTERS = 1_024;

/** The names of authorities, each as DER. One that cannot be read is named so. */
export const readAuthorities = (names: readonly Uint8Array[]): Authorities => ({
  names: names.slice(0, MOST_NAMED).map(readOne),
  total: names.length,
});

function readOne(der: Uint8Array): string {
  const bytes = viewOf(der);
  const element = readElement(bytes, 0, bytes.length);
  return (element && readName(bytes, element, MOST_CHARACTERS).text) || "unreadable";
}
