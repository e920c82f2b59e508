/**
 * Encryption under a password by PBES2 (RFC 8018), as PKCS#8 and PKCS#12 use it: what a header says, as plain data, and
 * how to decrypt what follows it. Null stands for damaged input.
 */
import { createDecipheriv, getCiphers, getHashes, pbkdf2Sync, scryptSync } from "node:crypto";
import { type Node, numberOf, octetsOf, oidOf, openNode, partsOf, TAG, viewOf } from "./der.ts";

/**
 * From a password to a key. The file chooses how much work that is, and may demand years: callers check it before they
 * derive.
 */
export type Kdf =
  | { name: "pbkdf2"; salt: Uint8Array; iterations: number; digest: string }
  | { name: "scrypt"; salt: Uint8Array; N: number; r: number; p: number };

/** As node:crypto calls it. `rc2Bits`: how many bits of its key RC2 uses. */
export type Cipher = { name: string; keyBytes: number; rc2Bits?: number };

type Pbes2 = { kdf: Kdf; cipher: Cipher; iv: Uint8Array };

/** A derivation or a cipher that is not known here, in words. */
type Unknown = { unknown: string };

export const PBES2 = "1.2.840.113549.1.5.13";
const PBKDF2 = "1.2.840.113549.1.5.12";
const SCRYPT = "1.3.6.1.4.1.11591.4.11";
const HMAC_SHA1 = "1.2.840.113549.2.7";

/** HMACs, as node:crypto calls their digests. */
export const HMACS = new Map([
  [HMAC_SHA1, "sha1"],
  ["1.2.840.113549.2.6", "md5"],
  ["1.2.840.113549.2.8", "sha224"],
  ["1.2.840.113549.2.9", "sha256"],
  ["1.2.840.113549.2.10", "sha384"],
  ["1.2.840.113549.2.11", "sha512"],
  ["1.2.840.113549.2.12", "sha512-224"],
  ["1.2.840.113549.2.13", "sha512-256"],
  ["2.16.840.1.101.3.4.2.13", "sha3-224"],
  ["2.16.840.1.101.3.4.2.14", "sha3-256"],
  ["2.16.840.1.101.3.4.2.15", "sha3-384"],
  ["2.16.840.1.101.3.4.2.16", "sha3-512"],
]);

const CIPHERS = new Map<string, Cipher & { ivBytes: number }>([
  ["2.16.840.1.101.3.4.1.2", { name: "aes-128-cbc", keyBytes: 16, ivBytes: 16 }],
  ["2.16.840.1.101.3.4.1.22", { name: "aes-192-cbc", keyBytes: 24, ivBytes: 16 }],
  ["2.16.840.1.101.3.4.1.42", { name: "aes-256-cbc", keyBytes: 32, ivBytes: 16 }],
  ["1.2.840.113549.3.7", { name: "des-ede3-cbc", keyBytes: 24, ivBytes: 8 }],
  ["1.3.14.3.2.7", { name: "des-cbc", keyBytes: 8, ivBytes: 8 }],
  ["1.2.392.200011.61.1.1.1.2", { name: "camellia-128-cbc", keyBytes: 16, ivBytes: 16 }],
  ["1.2.392.200011.61.1.1.1.3", { name: "camellia-192-cbc", keyBytes: 24, ivBytes: 16 }],
  ["1.2.392.200011.61.1.1.1.4", { name: "camellia-256-cbc", keyBytes: 32, ivBytes: 16 }],
  ["1.2.410.200046.1.1.2", { name: "aria-128-cbc", keyBytes: 16, ivBytes: 16 }],
  ["1.2.410.200046.1.1.7", { name: "aria-192-cbc", keyBytes: 24, ivBytes: 16 }],
  ["1.2.410.200046.1.1.12", { name: "aria-256-cbc", keyBytes: 32, ivBytes: 16 }],
]);
const RC2_CBC = "1.2.840.113549.3.2";
/** RFC 8018, B.2.3: how RC2 writes its effective bits. */
const RC2_VERSIONS = new Map([
  [160, 40],
  [120, 64],
  [58, 128],
]);

/** EncryptedPrivateKeyInfo (RFC 5958, section 3), with nothing before or behind it. */
export function readEncryptedKey(der: Buffer): { algorithm: Node; secret: Buffer } | null {
  const outer = openNode(der);
  const [algorithm, sealed, ...more] = partsOf(outer);
  const secret = octetsOf(sealed);
  const isWhole = outer?.element.end === der.length && more.length === 0;
  return isWhole && algorithm && secret ? { algorithm, secret } : null;
}

/** What the parameters of PBES2 say. */
export function readPbes2(parameters: Node | undefined): Pbes2 | Unknown | null {
  const [derivation, scheme] = partsOf(parameters);
  const [id, cipherParameters] = partsOf(scheme);
  const oid = oidOf(id);
  const kdf = readKdf(derivation);
  if (!kdf || oid === null) return null;
  const sealed = oid === RC2_CBC ? readRc2(cipherParameters) : readCipher(oid, cipherParameters);
  if (!sealed || "unknown" in sealed) return sealed;
  return "unknown" in kdf ? kdf : { kdf, cipher: sealed.cipher, iv: sealed.iv };
}

/** PBKDF2 or scrypt by their AlgorithmIdentifier. Numbers are not limited: infinite beyond six bytes. */
export function readKdf(algorithm: Node | undefined): Kdf | Unknown | null {
  const [id, parameters] = partsOf(algorithm);
  const [salt, ...numbers] = partsOf(parameters);
  const oid = oidOf(id);
  if (oid !== null && oid !== PBKDF2 && oid !== SCRYPT) return { unknown: `the derivation ${oid}` };
  const octets = octetsOf(salt);
  if (!octets || oid === null) return null;
  const [first, second, third] = numbers.map(numberOf);
  if (oid === SCRYPT)
    return isPowerOfTwo(first) && second && third
      ? { name: "scrypt", salt: octets, N: first, r: second, p: third }
      : null;
  const prf = numbers.find(({ element }) => element.tag === TAG.sequence);
  const prfOid = prf ? oidOf(partsOf(prf)[0]) : HMAC_SHA1;
  const digest = HMACS.get(prfOid ?? "");
  if (!digest || !hasDigest(digest)) return { unknown: `PBKDF2 by ${prfOid ?? "an unreadable function"}` };
  return first ? { name: "pbkdf2", salt: octets, iterations: first, digest } : null;
}

/** The only values that scrypt allows for N. */
const isPowerOfTwo = (number: number | null | undefined): number is number =>
  typeof number === "number" && number > 1 && Number.isInteger(Math.log2(number));

/** Electron's crypto has fewer ciphers and digests than Node's: one that it lacks is unknown, not a wrong password. */
export const hasCipher = ({ name, rc2Bits }: Cipher): boolean =>
  rc2Bits !== undefined || getCiphers().includes(name === "des-cbc" ? "des-ede3-cbc" : name);
export const hasDigest = (name: string): boolean => getHashes().includes(name);

type Sealed = { cipher: Cipher; iv: Buffer } | Unknown;

function readCipher(oid: string, parameters: Node | undefined): Sealed | null {
  const cipher = CIPHERS.get(oid);
  if (!cipher || !hasCipher(cipher)) return { unknown: `the cipher ${cipher?.name ?? oid}` };
  const iv = octetsOf(parameters);
  const { name, keyBytes, ivBytes } = cipher;
  return iv?.length === ivBytes ? { cipher: { name, keyBytes }, iv } : null;
}

function readRc2(parameters: Node | undefined): Sealed | null {
  const [version, iv] = partsOf(parameters);
  const rc2Bits = RC2_VERSIONS.get(numberOf(version) ?? 0);
  const octets = octetsOf(iv);
  if (!octets || rc2Bits === undefined) return null;
  return { cipher: { name: "rc2-cbc", keyBytes: rc2Bits / 8, rc2Bits }, iv: octets };
}

/** The memory limit of scrypt. */
export const MOST_SCRYPT_BYTES = 256 * 1024 * 1024;

/** Takes as long as the derivation demands. Throws if scrypt cannot run with its parameters. */
export function deriveKey(kdf: Kdf, password: string | Uint8Array, bytes: number): Buffer {
  if (kdf.name === "pbkdf2") return pbkdf2Sync(password, kdf.salt, kdf.iterations, bytes, kdf.digest);
  const { N, r, p } = kdf;
  // Twice, because OpenSSL counts a little more than the blocks.
  return scryptSync(password, kdf.salt, bytes, { N, r, p, maxmem: 2 * MOST_SCRYPT_BYTES });
}

type Opening = { cipher: Cipher; key: Uint8Array; iv: Uint8Array };

/** Null if the key is certainly wrong. Otherwise the result may still be garbage. */
export function decrypt({ cipher: { name, rc2Bits }, key, iv }: Opening, secret: Uint8Array): Buffer | null {
  if (rc2Bits !== undefined)
    return unpad(decryptRc2({ key: viewOf(key), effectiveBits: rc2Bits, iv: viewOf(iv) }, viewOf(secret)));
  try {
    const [cipher, whole] = widen(name, key);
    const opening = createDecipheriv(cipher, whole, iv);
    return Buffer.concat([opening.update(secret), opening.final()]);
  } catch {
    // A wrong password shows as wrong padding, a damaged file as a length that does not fit.
    return null;
  }
}

/** OpenSSL no longer has single DES and two-key 3DES; 3DES with repeated keys equals both. */
function widen(name: string, key: Uint8Array): [string, Uint8Array] {
  if (name === "des-cbc") return ["des-ede3-cbc", Buffer.concat([key, key, key])];
  return [
    name,
    name === "des-ede3-cbc" && key.length === 16 ? Buffer.concat([key, key.subarray(0, 8)]) : key,
  ];
}

function unpad(plain: Buffer | null): Buffer | null {
  const count = plain?.at(-1) ?? 0;
  if (!plain || count === 0 || count > 8 || count > plain.length) return null;
  const end = plain.length - count;
  return plain.subarray(end).every((byte) => byte === count) ? plain.subarray(0, end) : null;
}

/**
 * RC2 (RFC 2268), to open old PKCS#12 files whose certificates are encrypted with 40 bits of it. No available library
 * has it any more, and rightly so: nothing is ever encrypted with it here, and it is not made for speed.
 */

/** Section 2: a permutation of the bytes that is derived from the digits of pi. */
const PI_TABLE = Buffer.from(
  [
    "d978f9c419ddb5ed28e9fd794aa0d89dc67e37832b76538e624c6488448bfba2",
    "179a59f587b34f1361456d8d09817d32bd8f40eb86b77b0bf09521225c6b4e82",
    "54d66593ce60b21c7356c014a78cf1dc1275ca1f3bbee4d1423dd430a33cb626",
    "6fbf0eda4669075727f21d9bbc944303f811c7f690ef3ee706c3d52fc8661ed7",
    "08e8eade8052eef784aa72ac354d6a2a961ad2715a1549744b9fd05e0418a4ec",
    "c2e0416e0f51cbcc2491af50a1f47039997c3a8523b8b47afc02365b25559731",
    "2d5dfa98e38a92ae05df2910676cbac9d300e6cfe19ea82c6316013f58e289a9",
    "0d38341bab33ffb0bb480c5fb9b1cd2ec5f3db47e5a59c770aa62068fe7fc1ad",
  ].join(""),
  "hex",
);

const BLOCK_BYTES = 8;
const ROTATIONS = [1, 2, 3, 5] as const;

const pi = (index: number): number => PI_TABLE[index & 0xff] ?? 0;

/** Section 2: 64 words of 16 bits, of which no more than `effectiveBits` bits are independent. */
function expandKey(key: Uint8Array, effectiveBits: number): Uint16Array {
  const bytes = new Uint8Array(128);
  bytes.set(key.subarray(0, 128));
  const at = (index: number) => bytes[index] ?? 0;
  for (let index = key.length; index < 128; index++)
    bytes[index] = pi(at(index - 1) + at(index - key.length));
  const effectiveBytes = Math.ceil(effectiveBits / 8);
  const mask = 0xff >> (8 * effectiveBytes - effectiveBits);
  bytes[128 - effectiveBytes] = pi(at(128 - effectiveBytes) & mask);
  for (let index = 127 - effectiveBytes; index >= 0; index--)
    bytes[index] = pi(at(index + 1) ^ at(index + effectiveBytes));
  return Uint16Array.from({ length: 64 }, (_, word) => at(2 * word) | (at(2 * word + 1) << 8));
}

/** Section 4: five rounds of unmixing, one of unmashing, six, one, five; each from the last word of the key down. */
function decryptBlock(words: Uint16Array, block: Buffer): Buffer {
  const r = [0, 2, 4, 6].map((offset) => block.readUInt16LE(offset));
  const at = (index: number) => r[(index + 4) & 3] ?? 0;
  let next = 63;
  const unmix = () => {
    for (let index = 3; index >= 0; index--) {
      const turn = ROTATIONS[index] ?? 0;
      const turned = ((at(index) >>> turn) | (at(index) << (16 - turn))) & 0xffff;
      const mixed = (at(index - 1) & at(index - 2)) + (~at(index - 1) & 0xffff & at(index - 3));
      r[index] = (turned - (words[next--] ?? 0) - mixed) & 0xffff;
    }
  };
  const unmash = () => {
    for (let index = 3; index >= 0; index--)
      r[index] = (at(index) - (words[at(index - 1) & 63] ?? 0)) & 0xffff;
  };
  for (const rounds of [5, 6, 5]) {
    for (let round = 0; round < rounds; round++) unmix();
    if (next >= 0) unmash();
  }
  const plain = Buffer.alloc(BLOCK_BYTES);
  for (const [index, word] of r.entries()) plain.writeUInt16LE(word, 2 * index);
  return plain;
}

type Rc2Parameters = { key: Uint8Array; effectiveBits: number; iv: Uint8Array };

/** Decrypts in CBC mode and leaves the padding; null if the bytes are no whole blocks. */
export function decryptRc2({ key, effectiveBits, iv }: Rc2Parameters, secret: Buffer): Buffer | null {
  if (secret.length === 0 || secret.length % BLOCK_BYTES !== 0) return null;
  const words = expandKey(key, effectiveBits);
  const plain = Buffer.alloc(secret.length);
  let before: Uint8Array = iv;
  for (let at = 0; at < secret.length; at += BLOCK_BYTES) {
    const block = secret.subarray(at, at + BLOCK_BYTES);
    for (const [index, byte] of decryptBlock(words, block).entries())
      plain[at + index] = byte ^ (before[index] ?? 0);
    before = block;
  }
  return plain;
}
