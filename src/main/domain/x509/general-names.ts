import { type Element, readChildren, readElement, TAG } from "#codec/der.ts";
import { decodeString, readName } from "./names.ts";
import { readObjectId } from "./oids.ts";

/** More names than any certificate needs: a list that is longer is cut, and says so. */
export const MOST_NAMES = 10_000;

/** A GeneralName in words, its kind before it: `DNS:`, `IP:`, `email:`, `URI:`, `DirName:`, `othername:` and so on. */
export type GeneralName = { text: string; malformed: string | null };

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

/** These are IA5String, that is ASCII; what is not is read as UTF-8, as everybody who breaks the rule means it. */
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

/** Strings that a name of a kind of its own is written in. */
const STRINGS = new Set<number>([TAG.utf8String, TAG.ia5String, TAG.printableString, TAG.bmpString]);

/** `othername:KIND:VALUE`, the value where it is a string. */
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
