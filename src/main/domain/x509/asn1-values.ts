import { bitsOf, type Element, readDate, TAG } from "#codec/der.ts";
import { readObjectId } from "./oids.ts";

/** More of a value than this is not said: the bytes are shown beside it. */
const MOST_BYTES = 96;

/** An element that holds no others, in words. */
export function formatPrimitive(bytes: Buffer, element: Element): string {
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

/** What has a tag by its place alone is text where all of it looks so: names and addresses of the web. */
const isPrintable = (octets: Buffer): boolean =>
  octets.length > 0 && shorten(octets).every((byte) => byte >= 0x20 && byte < 0x7f);

const shorten = (octets: Buffer): Buffer => octets.subarray(0, MOST_BYTES);

const cut = (text: string, { length }: Buffer): string => (length > MOST_BYTES ? `${text}…` : text);

function formatHex(octets: Buffer): string {
  const pairs = shorten(octets).toString("hex").toUpperCase().match(/../g) ?? [];
  return cut(pairs.join(" "), octets);
}

/** Decimal as long as people read it so: serial numbers and moduli are hex. */
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
