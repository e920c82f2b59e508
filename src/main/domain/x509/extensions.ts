import { type Element, readChildren, readElement, smallIntegerOf, TAG } from "#codec/der.ts";
import type { Extension } from "#shared/model/certificates/certificate.ts";
import { MOST_NAMES, printAddress, readGeneralName, readGeneralNames } from "./names.ts";
import { longNameOf, type ObjectId, readObjectId } from "./oids.ts";

export type Extensions = {
  extensions: Extension[];
  names: string[];
  isCa: boolean;
  malformed: string[];
};

const MOST_EXTENSIONS = 256;

export const noExtensions = (): Extensions => ({ extensions: [], names: [], isCa: false, malformed: [] });

/** Reads the extensions in `wrapper` ([3] of the certificate), each on its own. */
export function readExtensions(bytes: Buffer, wrapper: Element): Extensions {
  const found = noExtensions();
  const list = readElement(bytes, wrapper.content, wrapper.end);
  const { parts, isWhole } =
    list?.tag === TAG.sequence
      ? readUntilBroken(bytes, list, MOST_EXTENSIONS)
      : { parts: [], isWhole: false };
  if (!isWhole) {
    found.malformed.push(`the list of extensions cannot be read beyond the first ${parts.length}`);
  }
  const met = new Set<string>();
  for (const part of parts) readExtension(bytes, part, found, met);
  return found;
}

/** The parts of a list up to the first broken one, at most `most`. */
function readUntilBroken(bytes: Buffer, list: Element, most: number): { parts: Element[]; isWhole: boolean } {
  const parts: Element[] = [];
  for (let at = list.content; at < list.end; ) {
    const part = readElement(bytes, at, list.end);
    if (!part || parts.length === most) return { parts, isWhole: false };
    parts.push(part);
    at = part.end;
  }
  return { parts, isWhole: true };
}

function readExtension(bytes: Buffer, part: Element, found: Extensions, met: Set<string>): void {
  const opened = openExtension(bytes, part);
  if (!opened) {
    found.malformed.push(`extension ${found.extensions.length + 1} is not an extension`);
    found.extensions.push({
      oid: "",
      name: "unreadable",
      isCritical: false,
      value: null,
      malformed: "is not an extension",
    });
    return;
  }
  const { object, isCritical, value } = opened;
  const name = longNameOf(object);
  const content = readElement(bytes, value.content, value.end);
  const read = readValue(bytes, object, { value, content });
  found.extensions.push({ oid: object.oid, name, isCritical, value: read.value, malformed: read.malformed });
  if (read.malformed !== null) found.malformed.push(`extension ${name} ${read.malformed}`);
  if (met.has(object.oid)) {
    found.malformed.push(`extension ${name} stands in it more than once; the first one counts`);
    return;
  }
  met.add(object.oid);
  if (!content) return;
  if (object.shortName === "basicConstraints")
    found.isCa = readBasicConstraints(bytes, content)?.isCa ?? false;
  if (object.shortName === "subjectAltName") takeNames(bytes, content, found);
}

/** Extension: identifier, whether it is critical (false when left out), an octet string around its content. */
function openExtension(
  bytes: Buffer,
  part: Element,
): { object: ObjectId; isCritical: boolean; value: Element } | null {
  const id = part.tag === TAG.sequence ? readElement(bytes, part.content, part.end) : null;
  const second = id && readElement(bytes, id.end, part.end);
  const flag = second?.tag === TAG.boolean ? second : null;
  const value = flag ? readElement(bytes, flag.end, part.end) : second;
  const object = id?.tag === TAG.oid ? readObjectId(bytes, id) : null;
  if (!object || value?.tag !== TAG.octetString || value.end !== part.end) return null;
  return { object, isCritical: flag !== null && bytes[flag.content] !== 0, value };
}

const UNKNOWN: Pick<Extension, "value" | "malformed"> = { value: null, malformed: null };

function readValue(
  bytes: Buffer,
  object: ObjectId,
  { value, content }: { value: Element; content: Element | null },
): Pick<Extension, "value" | "malformed"> {
  const read = EXTENSION_READERS.get(object.shortName ?? "");
  if (!read) return UNKNOWN;
  const words = content && read(bytes, content);
  if (!content || words === null) return { value: null, malformed: "cannot be read" };
  const extra = value.end - content.end;
  return {
    value: words,
    malformed: extra === 0 ? null : `is followed by ${extra} bytes that do not belong to it`,
  };
}

/** Names before the first broken one are kept. */
function takeNames(bytes: Buffer, content: Element, found: Extensions): void {
  const { parts, isWhole } =
    content.tag === TAG.sequence
      ? readUntilBroken(bytes, content, MOST_NAMES)
      : { parts: [], isWhole: false };
  if (!isWhole) found.malformed.push(`its names cannot be read beyond the first ${parts.length}`);
  for (const part of parts) {
    const { text, malformed } = readGeneralName(bytes, part);
    found.names.push(text);
    if (malformed !== null) found.malformed.push(malformed);
  }
}

/**
 * Describes extensions in words, close to OpenSSL's. A reader gets the one element that the extension holds, and
 * returns null if that is not what the extension's definition demands.
 */
type Reader = (bytes: Buffer, element: Element) => string | null;

const MOST_PARTS = 1_000;

const USAGES = [
  "Digital Signature",
  "Non Repudiation",
  "Key Encipherment",
  "Data Encipherment",
  "Key Agreement",
  "Certificate Sign",
  "CRL Sign",
  "Encipher Only",
  "Decipher Only",
];

const FEATURES = new Map([
  [5, "status_request"],
  [17, "status_request_v2"],
]);

/** By OpenSSL's short name. */
const EXTENSION_READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ["basicConstraints", formatBasicConstraints],
  ["keyUsage", formatKeyUsage],
  ["extendedKeyUsage", (bytes, element) => eachOf(bytes, element, formatObject)],
  ["subjectAltName", formatNames],
  ["issuerAltName", formatNames],
  [
    "subjectKeyIdentifier",
    (bytes, element) => (element.tag === TAG.octetString ? formatHex(bytes, element) : null),
  ],
  ["authorityKeyIdentifier", formatAuthorityKey],
  ["crlDistributionPoints", formatDistributionPoints],
  ["freshestCRL", formatDistributionPoints],
  ["authorityInfoAccess", describeAccess],
  ["subjectInfoAccess", describeAccess],
  ["certificatePolicies", (bytes, element) => eachOf(bytes, element, formatPolicy)],
  ["nameConstraints", formatNameConstraints],
  [
    "policyConstraints",
    (_, element) => (element.tag === TAG.sequence ? "limits the policies below it" : null),
  ],
  ["inhibitAnyPolicy", (bytes, element) => integerOf(bytes, element)?.toString() ?? null],
  ["tlsfeature", (bytes, element) => eachOf(bytes, element, formatFeature)],
  ["ct_precert_scts", formatSctList],
  [
    "ct_precert_poison",
    (_, element) => (element.tag === TAG.null ? "a precertificate, not to be served" : null),
  ],
  ["noCheck", (_, element) => (element.tag === TAG.null ? "its own revocation is not checked" : null)],
  ["nsComment", (bytes, element) => textOf(bytes, element)],
]);

/** `CA:TRUE`, and the path length if there is one; also what `isCa` is read from. */
export function readBasicConstraints(
  bytes: Buffer,
  element: Element,
): { isCa: boolean; pathLength: number | null } | null {
  const parts = element.tag === TAG.sequence ? readChildren(bytes, element, 2) : null;
  if (!parts) return null;
  const [first] = parts;
  const hasFlag = first?.tag === TAG.boolean;
  const length = hasFlag ? parts[1] : first;
  if (!hasFlag && parts.length > 1) return null;
  if (hasFlag && first.end - first.content !== 1) return null;
  const pathLength = length ? integerOf(bytes, length) : null;
  if (length && pathLength === null) return null;
  return { isCa: hasFlag && bytes[first.content] !== 0, pathLength };
}

function formatBasicConstraints(bytes: Buffer, element: Element): string | null {
  const constraints = readBasicConstraints(bytes, element);
  if (!constraints) return null;
  const { isCa, pathLength } = constraints;
  return `CA:${isCa ? "TRUE" : "FALSE"}${pathLength === null ? "" : `, pathlen:${pathLength}`}`;
}

function formatKeyUsage(bytes: Buffer, element: Element): string | null {
  const content = bytes.subarray(element.content + 1, element.end);
  if (element.tag !== TAG.bitString || content.length === 0 || content.length > 2) return null;
  const isSet = (bit: number) => ((content[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0;
  return USAGES.filter((_, bit) => isSet(bit)).join(", ");
}

function formatNames(bytes: Buffer, element: Element): string | null {
  const names = element.tag === TAG.sequence ? readGeneralNames(bytes, element) : null;
  return names ? names.map(({ text }) => text).join(", ") : null;
}

function formatAuthorityKey(bytes: Buffer, element: Element): string | null {
  const parts = element.tag === TAG.sequence ? readChildren(bytes, element, 3) : null;
  if (!parts) return null;
  const words = parts.map((part) => {
    if (part.tag === 0x80) return `${parts.length > 1 ? "keyid:" : ""}${formatHex(bytes, part)}`;
    if (part.tag === 0x82) return `serial:${formatHex(bytes, part)}`;
    return part.tag === 0xa1 ? (readGeneralNames(bytes, part) ?? []).map(({ text }) => text).join(", ") : "";
  });
  return words.filter((word) => word !== "").join(", ");
}

/** The names of the distribution points; reasons and issuers are left out. */
function formatDistributionPoints(bytes: Buffer, element: Element): string | null {
  return eachOf(bytes, element, (distributionPoint) => {
    const name = readChildren(bytes, distributionPoint, 3)?.find(({ tag }) => tag === 0xa0);
    const full = name && readChildren(bytes, name, 1)?.[0];
    if (full?.tag !== 0xa0) return "a point without a full name";
    return (
      readGeneralNames(bytes, full)
        ?.map(({ text }) => text)
        .join(", ") ?? null
    );
  });
}

function describeAccess(bytes: Buffer, element: Element): string | null {
  return eachOf(bytes, element, (description) => {
    const [method, location] = readChildren(bytes, description, 2) ?? [];
    const name = method && formatObject(method, bytes);
    return name && location ? `${name} - ${readGeneralName(bytes, location).text}` : null;
  });
}

function formatPolicy(policy: Element, bytes: Buffer): string | null {
  const [object] = readChildren(bytes, policy, 2) ?? [];
  const name = object && formatObject(object, bytes);
  return name ? `Policy: ${name}` : null;
}

function formatNameConstraints(bytes: Buffer, element: Element): string | null {
  const parts = element.tag === TAG.sequence ? readChildren(bytes, element, 2) : null;
  if (!parts) return null;
  const words = parts.map((part) => {
    const subtrees = eachOf(bytes, { ...part, tag: TAG.sequence }, (subtree) =>
      formatSubtree(bytes, subtree),
    );
    return subtrees === null ? null : `${part.tag === 0xa0 ? "Permitted" : "Excluded"}: ${subtrees}`;
  });
  return words.includes(null) ? null : words.join("; ");
}

/** An address in a subtree is followed by its mask. */
function formatSubtree(bytes: Buffer, subtree: Element): string | null {
  const [base] = readChildren(bytes, subtree, 3) ?? [];
  if (!base) return null;
  if (base.tag !== 0x87) return readGeneralName(bytes, base).text;
  const content = bytes.subarray(base.content, base.end);
  const address = printAddress(content.subarray(0, content.length / 2));
  const mask = printAddress(content.subarray(content.length / 2));
  return address && mask ? `IP:${address}/${mask}` : null;
}

/** RFC 6962: a list of byte strings inside an octet string, each of two bytes of length and its content. */
function formatSctList(bytes: Buffer, element: Element): string | null {
  if (element.tag !== TAG.octetString || element.end - element.content < 2) return null;
  if (bytes.readUInt16BE(element.content) !== element.end - element.content - 2) return null;
  let count = 0;
  for (let at = element.content + 2; at < element.end; count++) {
    if (at + 2 > element.end) return null;
    at += 2 + bytes.readUInt16BE(at);
    if (at > element.end) return null;
  }
  return `${count} signed certificate timestamp${count === 1 ? "" : "s"}`;
}

function formatFeature(feature: Element, bytes: Buffer): string | null {
  const number = integerOf(bytes, feature);
  return number === null ? null : (FEATURES.get(number) ?? String(number));
}

function formatObject(element: Element, bytes: Buffer): string | null {
  const object = element.tag === TAG.oid ? readObjectId(bytes, element) : null;
  return object && longNameOf(object);
}

/** Every part of a sequence in words; null if it is none, or if one part of it cannot be described. */
function eachOf(
  bytes: Buffer,
  element: Element,
  format: (part: Element, bytes: Buffer) => string | null,
): string | null {
  const parts = element.tag === TAG.sequence ? readChildren(bytes, element, MOST_PARTS) : null;
  if (!parts) return null;
  const words: string[] = [];
  for (const part of parts) {
    const word = format(part, bytes);
    if (word === null) return null;
    words.push(word);
  }
  return words.join(", ");
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).toUpperCase().padStart(2, "0"));

/** Bytes as OpenSSL prints those of identifiers: 9C:5F:D0. */
function formatHex(bytes: Buffer, { content, end }: Element): string {
  let text = "";
  for (let at = content; at < end; at++) text += `${at === content ? "" : ":"}${HEX[bytes[at] ?? 0]}`;
  return text;
}

const integerOf = (bytes: Buffer, { tag, content, end }: Element): number | null =>
  tag === TAG.integer ? smallIntegerOf(bytes.subarray(content, end)) : null;

/** IA5String or UTF8String. */
const textOf = (bytes: Buffer, { tag, content, end }: Element): string | null =>
  tag === TAG.ia5String || tag === TAG.utf8String ? bytes.toString("utf8", content, end) : null;
