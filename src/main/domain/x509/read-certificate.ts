import { hash } from "node:crypto";
import { type Element, isListTag, readChildren, readDate, readElement, TAG, viewOf } from "#codec/der.ts";
import type { Certificate, Sha256 } from "#shared/model/certificates/certificate.ts";
import type { Instant } from "#shared/model/instant.ts";
import { noExtensions, readExtensions } from "./extensions.ts";
import { readPublicKey } from "./keys.ts";
import { readName } from "./names.ts";
import { longNameOf, readObjectId } from "./oids.ts";

/** Of a certificate beyond this size only the core is read: no extensions, and names cut short. */
const MOST_BYTES = 128 * 1024;
const MOST_CHARACTERS = 1_024;

/**
 * Reads a certificate from DER. Whatever is broken in it is listed in `malformed` and does not affect the rest; null
 * only if it is no X.509 certificate at all. Takes time in proportion to the size, and never throws.
 */
export function readCertificate(der: Uint8Array): Certificate | null {
  const bytes = viewOf(der);
  const parts = openCertificate(bytes);
  if (!parts) return null;
  const { outer } = parts;
  const isHuge = outer.end > MOST_BYTES;
  const mostCharacters = isHuge ? MOST_CHARACTERS : Number.POSITIVE_INFINITY;
  const subject = readName(bytes, parts.subject, mostCharacters);
  const isSelfIssued = isSame(bytes, parts.subject, parts.issuer);
  const issuer = isSelfIssued ? subject : readName(bytes, parts.issuer, mostCharacters);
  const validity = readValidity(bytes, parts.validity);
  const key = readPublicKey(bytes, parts.spki);
  const signature = readSignature(bytes, parts);
  const serial = readSerial(bytes, parts.serial, mostCharacters);
  const extensions = parts.extensions && !isHuge ? readExtensions(bytes, parts.extensions) : noExtensions();
  return {
    sha256: hash(
      "sha256",
      outer.end === bytes.length ? bytes : bytes.subarray(0, outer.end),
      "hex",
    ) as Sha256,
    subject: subject.text,
    issuer: issuer.text,
    commonName: subject.commonName,
    serial: serial.text,
    notBefore: validity.notBefore,
    notAfter: validity.notAfter,
    names: extensions.names,
    keyType: key.keyType,
    keyBits: key.keyBits,
    curve: key.curve,
    spkiSha256: key.spkiSha256,
    signature: signature.text,
    isCa: extensions.isCa,
    isSelfIssued,
    extensions: extensions.extensions,
    malformed: [
      ...add("it", isHuge ? `is ${outer.end} bytes long: its extensions were not read` : null),
      ...add("the subject", subject.malformed),
      ...add("the issuer", issuer.malformed),
      ...add("the serial number", serial.malformed),
      ...validity.malformed,
      ...add("the public key", key.malformed),
      ...add("the signature", signature.malformed),
      ...extensions.malformed,
      ...add("it", outer.end < der.length ? describeRest(der.length - outer.end) : null),
    ],
    sizeBytes: outer.end,
  };
}

const NOTHING: readonly string[] = [];

const add = (what: string, malformed: string | null): readonly string[] =>
  malformed === null ? NOTHING : [`${what} ${malformed}`];

const describeRest = (bytes: number): string => `is followed by ${bytes} bytes that do not belong to it`;

type Parts = {
  outer: Element;
  serial: Element;
  algorithm: Element;
  issuer: Element;
  validity: Element;
  subject: Element;
  spki: Element;
  extensions: Element | null;
  /** What follows the signed part: the algorithm once more, and the signature. */
  signed: Element | null;
};

type Printed = { text: string; malformed: string | null };

/** The structure that distinguishes a certificate from other ASN.1. */
function openCertificate(bytes: Buffer): Parts | null {
  const outer = readElement(bytes, 0, bytes.length);
  if (outer?.tag !== TAG.sequence) return null;
  const tbs = readElement(bytes, outer.content, outer.end);
  if (tbs?.tag !== TAG.sequence) return null;
  const fields = readChildren(bytes, tbs, 12);
  if (fields?.[0]?.tag === 0xa0) fields.shift();
  const [serial, algorithm, issuer, validity, subject, spki] = fields ?? [];
  if (serial?.tag !== TAG.integer || !spki || !fields) return null;
  if (!algorithm || !issuer || !validity || !subject) return null;
  if ([algorithm, validity, spki].some(({ tag }) => tag !== TAG.sequence)) return null;
  if ([issuer, subject].some(({ tag }) => !isListTag(tag, TAG.sequence))) return null;
  const extensions = fields.slice(6).find(({ tag }) => tag === 0xa3) ?? null;
  const signed = readElement(bytes, tbs.end, outer.end);
  return { outer, serial, algorithm, issuer, validity, subject, spki, extensions, signed };
}

function isSame(bytes: Buffer, one: Element, other: Element): boolean {
  return bytes.compare(bytes, other.start, other.end, one.start, one.end) === 0;
}

/** As `openssl x509 -serial`: a negative number is its absolute value after "-". */
function readSerial(bytes: Buffer, element: Element, mostBytes: number): Printed {
  const { content } = element;
  const size = element.end - content;
  const end = Math.min(element.end, content + mostBytes);
  const malformed = size > mostBytes ? `has ${size} bytes, of which the first ${mostBytes} are shown` : null;
  const first = bytes[content] ?? 0;
  if (size === 0) return { text: "00", malformed: "is empty" };
  if (first >= 0x80) {
    const number = (1n << BigInt(8 * (end - content))) - BigInt(`0x${bytes.toString("hex", content, end)}`);
    return { text: `-${toBytes(number.toString(16))}`, malformed };
  }
  const start = first === 0 && size > 1 ? content + 1 : content;
  return { text: bytes.toString("hex", start, end).toUpperCase(), malformed };
}

const toBytes = (hex: string): string => hex.padStart(hex.length + (hex.length % 2), "0").toUpperCase();

type Validity = { notBefore: Instant | null; notAfter: Instant | null; malformed: string[] };

function readValidity(bytes: Buffer, element: Element): Validity {
  const [from, to] = readChildren(bytes, element, 2) ?? [];
  const notBefore = from ? readTime(bytes, from) : null;
  const notAfter = to ? readTime(bytes, to) : null;
  const malformed: string[] = [];
  if (notBefore === null) malformed.push("the date it is valid from cannot be read");
  if (notAfter === null) malformed.push("the date it expires cannot be read");
  return { notBefore, notAfter, malformed };
}

function readTime(bytes: Buffer, { tag, content, end }: Element): Instant | null {
  if (tag !== TAG.utcTime && tag !== TAG.generalizedTime) return null;
  return readDate(bytes.toString("latin1", content, end), tag === TAG.utcTime ? "utc" : "generalized");
}

function readSignature(bytes: Buffer, { algorithm, signed, outer }: Parts): Printed {
  const stated = readAlgorithm(bytes, algorithm);
  const used = signed?.tag === TAG.sequence ? readAlgorithm(bytes, signed) : null;
  const bits = signed && readElement(bytes, signed.end, outer.end);
  const text = stated ?? used ?? "unknown";
  if (stated === null || used === null) return { text, malformed: "names no algorithm" };
  if (stated !== used) return { text, malformed: `is of ${used}, where the certificate states ${stated}` };
  return { text, malformed: bits?.tag === TAG.bitString && bits.end === outer.end ? null : "is missing" };
}

function readAlgorithm(bytes: Buffer, algorithm: Element): string | null {
  const id = readElement(bytes, algorithm.content, algorithm.end);
  const object = id?.tag === TAG.oid ? readObjectId(bytes, id) : null;
  return object && longNameOf(object);
}

/**
 * Reads each certificate once: a fleet serves few certificates at many endpoints, and a hash is a seventh of the cost
 * of reading. Keeps the newest `most`.
 */
export function createCertificateCache(most = 4_096) {
  const known = new Map<string, Certificate | null>();

  return (der: Uint8Array): Certificate | null => {
    const key = hash("sha256", der, "base64");
    const found = known.get(key);
    if (found !== undefined) return found;
    const certificate = readCertificate(der);
    if (known.size >= most) known.delete(known.keys().next().value ?? "");
    known.set(key, certificate);
    return certificate;
  };
}
