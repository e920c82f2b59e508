import { decodeBase64 } from "#codec/base64.ts";
import { fingerprintOf } from "#codec/fingerprint.ts";
import { type Fields, openFields, toField } from "#codec/ssh-wire.ts";

/** A public key in SSH's wire format: the base64 of a .pub file, an authorized_keys or a known_hosts line. */
export type PublicKey = {
  /** The type that the blob names: `ssh-ed25519`, `ssh-rsa-cert-v01@openssh.com`, ... */
  keyType: string;
  /** As `ssh-keygen -l` counts them; null for a type that we do not know. */
  keyBits: number | null;
  /** `nistp256` and the like; null for keys that are not on a NIST curve. */
  curve: string | null;
  /** `SHA256:...` as ssh-keygen prints it. For a certificate: that of the key in it. */
  fingerprint: string;
  blob: Uint8Array;
};

/** `plain` is set where ssh-keygen writes the fields in other bytes before it hashes them. */
type Shape = { keyBits: number; curve: string | null; plain: Uint8Array | null };

const CERTIFICATE_SUFFIX = "-cert-v01@openssh.com";
const XMSS = "ssh-xmss@openssh.com";
const CURVE_BITS = { nistp256: 256, nistp384: 384, nistp521: 521 };

/** How many bytes of state a plain XMSS key may have at its end; they are not part of the key. */
const XMSS_STATE = 9;

/** sshd's SSHBUF_MAX_BIGNUM in bytes: sshd reads no longer number. */
const LONGEST_NUMBER = 2_048;

/** Readers of a key's fields after its type name; a certificate has the same fields after its nonce. */
const READERS: ReadonlyMap<string, (fields: Fields) => Shape | null> = new Map([
  ["ssh-ed25519", (fields) => readOctets(fields, 32)],
  ["sk-ssh-ed25519@openssh.com", (fields) => withApplication(fields, readOctets(fields, 32))],
  ["ssh-rsa", (fields) => readNumbers(fields, { count: 2, modulus: 1 })],
  ["ssh-dss", (fields) => readNumbers(fields, { count: 4, modulus: 0 })],
  ["ecdsa-sha2-nistp256", (fields) => readCurveKey(fields, "nistp256")],
  ["ecdsa-sha2-nistp384", (fields) => readCurveKey(fields, "nistp384")],
  ["ecdsa-sha2-nistp521", (fields) => readCurveKey(fields, "nistp521")],
  [
    "sk-ecdsa-sha2-nistp256@openssh.com",
    (fields) => withApplication(fields, readCurveKey(fields, "nistp256")),
  ],
  ["ssh-mldsa44-ed25519@openssh.com", (fields) => readOctets(fields, 1_344)],
  [XMSS, (fields) => readXmss(fields)],
]);

/** The types of nearly every key: compared as bytes, before a string is made of them. */
export const USUAL_TYPES = ["ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256"];

/** The names of RSA's signature algorithms, which sshd accepts in a blob as the key type. */
const SIGNATURE_NAMES = new Set(["rsa-sha2-256", "rsa-sha2-512"]);

/** The key in the blob; null when sshd could not read one there. A type that we do not know is still a key. */
export const readKeyBlob = (blob: Uint8Array): PublicKey | null => readBlob(blob)?.key ?? null;

/** The bytes that a key's fingerprint is the hash of: for a certificate, those of the key in it. */
export const plainBlobOf = ({ blob }: PublicKey): Uint8Array => readBlob(blob)?.plain ?? blob;

/** Whether some sshd reads keys of this type. */
export const isKnownType = (keyType: string): boolean => READERS.has(typeInCertificate(keyType) ?? keyType);

function readBlob(blob: Uint8Array): { key: PublicKey; plain: Uint8Array } | null {
  const fields = openFields(blob);
  const name = USUAL_TYPES.find((type) => fields.is(type)) ?? fields.text();
  if (!name) return null;
  const keyType = SIGNATURE_NAMES.has(name) ? "ssh-rsa" : name;
  const certified = typeInCertificate(keyType);
  const plainType = certified ?? keyType;
  const read = READERS.get(plainType);
  if (!read) return readStranger(keyType, blob);

  if (certified && !fields.octets()) return null;
  const start = fields.position;
  const shape = read(fields);
  if (!shape) return null;
  const fieldsEnd = fields.position;
  if (certified && !skipCertificate(fields)) return null;
  if (keyType === XMSS) fields.skip(XMSS_STATE);
  if (fields.position !== blob.length) return null;

  const isAsWritten = !certified && name === keyType && !shape.plain && fieldsEnd === blob.length;
  const plain = isAsWritten ? blob : named(plainType, shape.plain ?? blob.subarray(start, fieldsEnd));
  const { keyBits, curve } = shape;
  return { key: { keyType, keyBits, curve, fingerprint: fingerprintOf(plain), blob }, plain };
}

const readStranger = (keyType: string, blob: Uint8Array): { key: PublicKey; plain: Uint8Array } | null =>
  /^[!-~]{1,128}$/.test(keyType)
    ? { key: { keyType, keyBits: null, curve: null, fingerprint: fingerprintOf(blob), blob }, plain: blob }
    : null;

/** The key and the comment of a .pub file's line; null when it is not one. */
export function readPublicKeyLine(text: string): { key: PublicKey; comment: string } | null {
  const [type, base64, ...comment] = text.trim().split(/[ \t]+/);
  const blob = base64 ? decodeBase64(base64) : null;
  const key = blob && readKeyBlob(blob);
  return key && key.keyType === type ? { key, comment: comment.join(" ") } : null;
}

/** The type of the key inside a certificate of this type; null when it is not a certificate's. */
export function typeInCertificate(keyType: string): string | null {
  if (!keyType.endsWith(CERTIFICATE_SUFFIX)) return null;
  const stem = keyType.slice(0, -CERTIFICATE_SUFFIX.length);
  return READERS.has(`${stem}@openssh.com`) ? `${stem}@openssh.com` : stem;
}

const named = (keyType: string, fields: Uint8Array): Uint8Array =>
  Buffer.concat([toField(Buffer.from(keyType, "latin1")), fields]);

function readOctets(fields: Fields, length: number): Shape | null {
  return fields.length() === length ? OCTETS : null;
}

const OCTETS: Shape = { keyBits: 256, curve: null, plain: null };

function withApplication(fields: Fields, shape: Shape | null): Shape | null {
  const application = shape && fields.text();
  return application === null || application.includes("\0") ? null : shape;
}

/** Big-endian numbers, never negative. ssh-keygen hashes them without superfluous leading zeros. */
function readNumbers(fields: Fields, { count, modulus }: { count: number; modulus: number }): Shape | null {
  const { bytes, position: start } = fields;
  let keyBits = 0;
  let isShortest = true;
  for (let index = 0; index < count; index++) {
    const length = fields.length();
    if (length === null) return null;
    const from = fields.position - length;
    if (isOutOfRange(bytes, from, length)) return null;
    const zeros = countZeros(bytes, from, length);
    const first = zeros < length ? (bytes[from + zeros] as number) : 0;
    if (index === modulus) keyBits = Math.max(0, (length - zeros) * 8 - (Math.clz32(first) - 24));
    if (zeros > (first & 0x80 ? 1 : 0)) isShortest = false;
  }
  const plain = isShortest ? null : shorten(bytes.subarray(start, fields.position));
  return { keyBits, curve: null, plain };
}

function isOutOfRange(bytes: Uint8Array, from: number, length: number): boolean {
  const first = length === 0 ? 0 : (bytes[from] as number);
  return first >= 0x80 || length > LONGEST_NUMBER + 1 || (length > LONGEST_NUMBER && first !== 0);
}

function countZeros(bytes: Uint8Array, from: number, length: number): number {
  let zeros = 0;
  while (zeros < length && bytes[from + zeros] === 0) zeros++;
  return zeros;
}

/** The same numbers without superfluous leading zeros. */
function shorten(numbers: Uint8Array): Uint8Array {
  const fields = openFields(numbers);
  const shortened: Uint8Array[] = [];
  for (let number = fields.octets(); number; number = fields.octets()) {
    const zeros = countZeros(number, 0, number.length);
    shortened.push(toField(number.subarray((number[zeros] ?? 0) & 0x80 ? zeros - 1 : zeros)));
  }
  return Buffer.concat(shortened);
}

/** The curve's name again, then a point on it. */
function readCurveKey(fields: Fields, curve: Curve): Shape | null {
  const coordinates = fields.is(curve) && fields.octets();
  if (!coordinates || !isOnCurve(coordinates, curve)) return null;
  return { keyBits: CURVE_BITS[curve], curve, plain: null };
}

/** The parameter set's name, then the key. */
const readXmss = (fields: Fields): Shape | null =>
  fields.text() && fields.octets()?.length ? { keyBits: 256, curve: null, plain: null } : null;

/**
 * Everything of a certificate after its key: serial, kind, id, principals, validity, options, the authority's key
 * and its signature. The signature is not verified here.
 */
function skipCertificate(fields: Fields): boolean {
  return (
    fields.skip(8 + 4) &&
    fields.octets() !== null &&
    fields.octets() !== null &&
    fields.skip(8 + 8) &&
    fields.octets() !== null &&
    fields.octets() !== null &&
    fields.octets() !== null &&
    fields.octets() !== null &&
    fields.octets() !== null
  );
}

/** The curves of NIST: y² = x³ - 3x + b modulo a prime. */
const CURVES = {
  nistp256: {
    bytes: 32,
    prime: 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n,
    b: 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
  },
  nistp384: {
    bytes: 48,
    prime: 2n ** 384n - 2n ** 128n - 2n ** 96n + 2n ** 32n - 1n,
    b: 0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aefn,
  },
  nistp521: {
    bytes: 66,
    prime: 2n ** 521n - 1n,
    b: 0x51953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00n,
  },
};

type Curve = keyof typeof CURVES;

/** Whether the bytes are an uncompressed point of the curve. Takes a tenth of the time of node:crypto. */
export function isOnCurve(coordinates: Uint8Array, curve: Curve): boolean {
  const { bytes, prime, b } = CURVES[curve];
  if (coordinates.length !== 1 + 2 * bytes || coordinates[0] !== 4) return false;
  const view = new DataView(coordinates.buffer, coordinates.byteOffset + 1, 2 * bytes);
  const x = readNumber(view, 0, bytes);
  const y = readNumber(view, bytes, 2 * bytes);
  return x < prime && y < prime && (y * y - (x * x - 3n) * x - b) % prime === 0n;
}

function readNumber(view: DataView, from: number, until: number): bigint {
  let number = 0n;
  let at = from;
  for (; at + 8 <= until; at += 8) number = (number << 64n) | view.getBigUint64(at);
  for (; at < until; at++) number = (number << 8n) | BigInt(view.getUint8(at));
  return number;
}
