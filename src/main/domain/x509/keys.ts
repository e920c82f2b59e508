import { hash } from "node:crypto";
import { bitsOf, type Element, readChildren, readElement, TAG, viewOf } from "#codec/der.ts";
import { fingerprintOf } from "#codec/fingerprint.ts";
import { toField } from "#codec/ssh-wire.ts";
import { longNameOf, type ObjectId, readObjectId } from "./oids.ts";

export type PublicKey = {
  keyType: string;
  keyBits: number | null;
  curve: string | null;
  spkiSha256: string;
  malformed: string | null;
};

/** The names of types and curves where they are not OpenSSL's own. */
const TYPES = new Map([
  ["rsaEncryption", "RSA"],
  ["rsassaPss", "RSA-PSS"],
  ["dsaEncryption", "DSA"],
  ["id-ecPublicKey", "EC"],
  ["ED25519", "Ed25519"],
  ["ED448", "Ed448"],
]);
const NIST_NAMES = new Map([
  ["prime256v1", "P-256"],
  ["secp384r1", "P-384"],
  ["secp521r1", "P-521"],
]);

/** What the SubjectPublicKeyInfo of a key says. */
export function readPublicKey(bytes: Buffer, spki: Element): PublicKey {
  const spkiSha256 = hash("sha256", bytes.subarray(spki.start, spki.end), "hex");
  const unreadable = { keyType: "unknown", keyBits: null, curve: null, spkiSha256 };
  const [algorithm, key] = readChildren(bytes, spki, 2) ?? [];
  const [type, parameters] = (algorithm?.tag === TAG.sequence && readChildren(bytes, algorithm, 2)) || [];
  const object = type?.tag === TAG.oid ? readObjectId(bytes, type) : null;
  if (!object || key?.tag !== TAG.bitString) return { ...unreadable, malformed: "cannot be read" };
  const keyType = TYPES.get(object.longName ?? "") ?? longNameOf(object);
  const size = readSize(bytes, keyType, parameters, key);
  return {
    keyType,
    keyBits: size?.keyBits ?? null,
    curve: size?.curve ?? null,
    spkiSha256,
    malformed: size ? null : `is no ${keyType} key`,
  };
}

/** In place of a curve's name if its parameters are written out. */
export const EXPLICIT_CURVE = "explicit parameters";

type Size = { keyBits: number | null; curve: string | null };

const NO_SIZE: Size = { keyBits: null, curve: null };

/** Null if the key or its parameters are not what its type demands. */
function readSize(
  bytes: Buffer,
  keyType: string,
  parameters: Element | undefined,
  key: Element,
): Size | null {
  if (keyType === "EC") return parameters ? readCurve(bytes, parameters) : null;
  if (keyType === "DSA") return readDsaSize(bytes, parameters);
  if (keyType !== "RSA" && keyType !== "RSA-PSS") return NO_SIZE;
  const bits = bitsOf(bytes.subarray(key.content, key.end));
  const numbers = bits && readElement(bytes, key.content + 1, key.end);
  const modulus = numbers?.tag === TAG.sequence ? readElement(bytes, numbers.content, numbers.end) : null;
  return sizeOf(bytes, modulus);
}

/** DSA may inherit its parameters from the issuer: then the size is not known here. */
function readDsaSize(bytes: Buffer, parameters: Element | undefined): Size | null {
  if (parameters?.tag !== TAG.sequence) return NO_SIZE;
  return sizeOf(bytes, readElement(bytes, parameters.content, parameters.end));
}

function sizeOf(bytes: Buffer, number: Element | null): Size | null {
  if (number?.tag !== TAG.integer || number.content === number.end) return null;
  return { keyBits: countBits(bytes, number), curve: null };
}

function countBits(bytes: Uint8Array, { content, end }: Element): number {
  let at = content;
  while (at < end - 1 && bytes[at] === 0) at++;
  return (end - at - 1) * 8 + 32 - Math.clz32(bytes[at] ?? 0);
}

function readCurve(bytes: Buffer, parameters: Element): Size | null {
  if (parameters.tag === TAG.sequence) return readExplicitCurve(bytes, parameters);
  const object = parameters.tag === TAG.oid ? readObjectId(bytes, parameters) : null;
  if (!object) return null;
  return {
    keyBits: curveBits(object),
    curve: NIST_NAMES.get(object.shortName ?? "") ?? object.shortName ?? object.oid,
  };
}

/** OpenSSL's name of every curve contains its size, except SM2's. */
function curveBits({ shortName }: ObjectId): number | null {
  if (shortName === "SM2") return 256;
  const digits = /\d{3}/.exec(shortName ?? "")?.[0];
  return digits ? Number(digits) : null;
}

/** ECParameters: version, fieldID { type, prime }, ... */
function readExplicitCurve(bytes: Buffer, parameters: Element): Size | null {
  const [, field] = readChildren(bytes, parameters, 8) ?? [];
  const [, prime] = (field?.tag === TAG.sequence && readChildren(bytes, field, 2)) || [];
  if (!prime) return null;
  return {
    keyBits: prime.tag === TAG.integer ? countBits(bytes, prime) : null,
    curve: EXPLICIT_CURVE,
  };
}

/** RFC 5656: the curves that SSH has keys on, by OpenSSL's short name, with the bytes of an uncompressed point. */
const SSH_CURVES = new Map([
  ["prime256v1", { name: "nistp256", bytes: 65 }],
  ["secp384r1", { name: "nistp384", bytes: 97 }],
  ["secp521r1", { name: "nistp521", bytes: 133 }],
]);

/**
 * The fingerprint of a certificate's key as an SSH key: `SHA256:...` as ssh-keygen prints it. It finds the same key
 * among grants, key files and host keys. Null for keys of which SSH has no kind, and for what cannot be read.
 */
export function sshFingerprintOf(der: Uint8Array): string | null {
  const bytes = viewOf(der);
  const [algorithm, key] = findKey(bytes) ?? [];
  const [type, parameters] = (algorithm?.tag === TAG.sequence && readChildren(bytes, algorithm, 2)) || [];
  const name = type?.tag === TAG.oid ? readObjectId(bytes, type)?.shortName : null;
  const bits = key?.tag === TAG.bitString ? bitsOf(bytes.subarray(key.content, key.end)) : null;
  const fields = name && bits && toFields(name, viewOf(bits), parameters && curveOf(bytes, parameters));
  if (!fields) return null;
  return fingerprintOf(Buffer.concat(fields.map(toField)));
}

/** The two parts of SubjectPublicKeyInfo: the sixth field of what is signed, not counting the version. */
function findKey(bytes: Buffer): Element[] | null {
  const outer = readElement(bytes, 0, bytes.length);
  const signed = outer?.tag === TAG.sequence ? readElement(bytes, outer.content, outer.end) : null;
  const fields = signed?.tag === TAG.sequence ? readChildren(bytes, signed, 12) : null;
  const spki = fields?.[fields[0]?.tag === 0xa0 ? 6 : 5];
  return spki?.tag === TAG.sequence ? readChildren(bytes, spki, 2) : null;
}

const curveOf = (bytes: Buffer, parameters: Element) =>
  parameters.tag === TAG.oid ? SSH_CURVES.get(readObjectId(bytes, parameters)?.shortName ?? "") : undefined;

type Curve = { name: string; bytes: number } | undefined;

/** The fields of the blob of RFC 4253, 6.6, RFC 5656, 3.1 and RFC 8709, 4. */
function toFields(name: string, key: Buffer, curve: Curve): Uint8Array[] | null {
  if (name === "ED25519") return key.length === 32 ? [Buffer.from("ssh-ed25519"), key] : null;
  if (name === "rsaEncryption") return readRsa(key);
  if (name !== "id-ecPublicKey" || curve?.bytes !== key.length || key[0] !== 4) return null;
  return [Buffer.from(`ecdsa-sha2-${curve.name}`), Buffer.from(curve.name), key];
}

function readRsa(key: Buffer): Uint8Array[] | null {
  const numbers = readElement(key, 0, key.length);
  const [modulus, exponent] = (numbers?.tag === TAG.sequence && readChildren(key, numbers, 2)) || [];
  const n = modulus && readNumber(key, modulus);
  const e = exponent && readNumber(key, exponent);
  return n && e ? [Buffer.from("ssh-rsa"), e, n] : null;
}

/** A number as SSH writes it, which is as DER does: without an unnecessary zero in front. */
function readNumber(bytes: Buffer, { tag, content, end }: Element): Buffer | null {
  if (tag !== TAG.integer || content === end || (bytes[content] ?? 0) > 0x7f) return null;
  let start = content;
  while (start < end - 1 && bytes[start] === 0 && (bytes[start + 1] ?? 0) < 0x80) start++;
  return bytes.subarray(start, end);
}
