import { bitsOf, type Element, readChildren, readElement, TAG, viewOf } from "#codec/der.ts";
import { fingerprintOf } from "#codec/fingerprint.ts";
import { toField } from "#codec/ssh-wire.ts";
import { readObjectId } from "./oids.ts";

/** RFC 5656: the curves that SSH has keys on, by OpenSSL's short name, with the bytes of an uncompressed point. */
const CURVES = new Map([
  ["prime256v1", { name: "nistp256", bytes: 65 }],
  ["secp384r1", { name: "nistp384", bytes: 97 }],
  ["secp521r1", { name: "nistp521", bytes: 133 }],
]);

/**
 * The fingerprint that the key of a certificate has as a key of SSH: `SHA256:...` as ssh-keygen prints it. So the same key
 * is found among grants, key files and host keys. Null for keys that SSH has none of, and for what cannot be read.
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

/** The two parts of SubjectPublicKeyInfo: the sixth field of what is signed, save for the version. */
function findKey(bytes: Buffer): Element[] | null {
  const outer = readElement(bytes, 0, bytes.length);
  const signed = outer?.tag === TAG.sequence ? readElement(bytes, outer.content, outer.end) : null;
  const fields = signed?.tag === TAG.sequence ? readChildren(bytes, signed, 12) : null;
  const spki = fields?.[fields[0]?.tag === 0xa0 ? 6 : 5];
  return spki?.tag === TAG.sequence ? readChildren(bytes, spki, 2) : null;
}

const curveOf = (bytes: Buffer, parameters: Element) =>
  parameters.tag === TAG.oid ? CURVES.get(readObjectId(bytes, parameters)?.shortName ?? "") : undefined;

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

/** A number as SSH writes it, which is as DER does: with no zero in front that need not be there. */
function readNumber(bytes: Buffer, { tag, content, end }: Element): Buffer | null {
  if (tag !== TAG.integer || content === end || (bytes[content] ?? 0) > 0x7f) return null;
  let start = content;
  while (start < end - 1 && bytes[start] === 0 && (bytes[start + 1] ?? 0) < 0x80) start++;
  return bytes.subarray(start, end);
}
