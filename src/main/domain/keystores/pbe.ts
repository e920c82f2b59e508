import { createDecipheriv, getCiphers, getHashes, hash } from "node:crypto";
import { contentOf, type Node, numberOf, octetsOf, oidOf, partsOf, TAG } from "#codec/der.ts";
import {
  type Derivation,
  deriveByPbkdf2,
  deriveByScrypt,
  derivePkcs12,
  type Password,
  PURPOSE,
  sayIterations,
  workOfPkcs12,
} from "./derive.ts";
import { decryptRc2 } from "./rc2.ts";

/**
 * Encryption under a password, as PKCS#8 and PKCS#12 name it: PBES2 and PBES1 (RFC 8018) and the schemes of
 * PKCS#12's own (RFC 7292, appendix C). Null stands for what is damaged.
 */
export type Encryption =
  | {
      isKnown: true;
      words: string;
      /** What one password costs to try, in iterations of PBKDF2. */
      work: number;
      /** Null where the password is wrong, as far as that shows: what comes out may still be rubbish. */
      decrypt(password: Password, secret: Buffer): Buffer | null;
    }
  | { isKnown: false; words: string };

const PBES2 = "1.2.840.113549.1.5.13";
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

type Cipher = { name: string; keyBytes: number; rc2Bits?: number };

const CIPHERS = new Map<string, Cipher>([
  ["2.16.840.1.101.3.4.1.2", { name: "aes-128-cbc", keyBytes: 16 }],
  ["2.16.840.1.101.3.4.1.22", { name: "aes-192-cbc", keyBytes: 24 }],
  ["2.16.840.1.101.3.4.1.42", { name: "aes-256-cbc", keyBytes: 32 }],
  ["1.2.840.113549.3.7", { name: "des-ede3-cbc", keyBytes: 24 }],
  ["1.3.14.3.2.7", { name: "des-cbc", keyBytes: 8 }],
  ["1.2.392.200011.61.1.1.1.2", { name: "camellia-128-cbc", keyBytes: 16 }],
  ["1.2.392.200011.61.1.1.1.3", { name: "camellia-192-cbc", keyBytes: 24 }],
  ["1.2.392.200011.61.1.1.1.4", { name: "camellia-256-cbc", keyBytes: 32 }],
  ["1.2.410.200046.1.1.2", { name: "aria-128-cbc", keyBytes: 16 }],
  ["1.2.410.200046.1.1.7", { name: "aria-192-cbc", keyBytes: 24 }],
  ["1.2.410.200046.1.1.12", { name: "aria-256-cbc", keyBytes: 32 }],
]);
const RC2_CBC = "1.2.840.113549.3.2";
/** RFC 8018, B.2.3: how RC2 writes its effective bits. */
const RC2_VERSIONS = new Map([
  [160, 40],
  [120, 64],
  [58, 128],
]);

/** Schemes of one identifier each: 1.2.840.113549.1.12.1.N, and PBES1's 1.2.840.113549.1.5.N. */
const PKCS12_SCHEMES = new Map<string, Cipher>([
  ["1.2.840.113549.1.12.1.3", { name: "des-ede3-cbc", keyBytes: 24 }],
  ["1.2.840.113549.1.12.1.4", { name: "des-ede3-cbc", keyBytes: 16 }],
  ["1.2.840.113549.1.12.1.5", { name: "rc2-cbc", keyBytes: 16, rc2Bits: 128 }],
  ["1.2.840.113549.1.12.1.6", { name: "rc2-cbc", keyBytes: 5, rc2Bits: 40 }],
]);
const PBES1_SCHEMES = new Map<string, Cipher & { digest: string }>([
  ["1.2.840.113549.1.5.3", { name: "des-cbc", keyBytes: 8, digest: "md5" }],
  ["1.2.840.113549.1.5.6", { name: "rc2-cbc", keyBytes: 8, rc2Bits: 64, digest: "md5" }],
  ["1.2.840.113549.1.5.10", { name: "des-cbc", keyBytes: 8, digest: "sha1" }],
  ["1.2.840.113549.1.5.11", { name: "rc2-cbc", keyBytes: 8, rc2Bits: 64, digest: "sha1" }],
]);

/** What an AlgorithmIdentifier says of how something is encrypted. */
export function readEncryption(algorithm: Node | undefined): Encryption | null {
  const [id, parameters] = partsOf(algorithm);
  const scheme = oidOf(id);
  if (scheme === null) return null;
  if (scheme === PBES2) return readPbes2(parameters);
  const ours = PKCS12_SCHEMES.get(scheme);
  const old = PBES1_SCHEMES.get(scheme);
  const cipher = ours ?? old;
  if (!cipher || !hasCipher(cipher)) return { isKnown: false, words: `the scheme ${scheme}` };
  const [salt, count] = partsOf(parameters);
  const octets = octetsOf(salt);
  const iterations = numberOf(count);
  if (!octets || !iterations) return null;
  return ours ? openPkcs12Scheme(ours, octets, iterations) : old ? openPbes1(old, octets, iterations) : null;
}

function readPbes2(parameters: Node | undefined): Encryption | null {
  const [kdf, scheme] = partsOf(parameters);
  const [cipherId, cipherParameters] = partsOf(scheme);
  const oid = oidOf(cipherId);
  const derivation = readDerivation(kdf);
  if (!derivation || oid === null) return null;
  const sealed = oid === RC2_CBC ? readRc2(cipherParameters) : readCipher(oid, cipherParameters);
  if (!sealed) return null;
  if ("unknown" in sealed || !derivation.isKnown) {
    const unknown = "unknown" in sealed ? sealed.unknown : derivation.isKnown ? "" : derivation.words;
    return { isKnown: false, words: unknown };
  }
  const { cipher, iv } = sealed;
  return {
    isKnown: true,
    words: `${sayCipher(cipher)} by ${derivation.words}`,
    work: derivation.work,
    decrypt: ({ plain }, secret) => decrypt(cipher, derivation.derive(plain, cipher.keyBytes), iv, secret),
  };
}

/** PBKDF2 or scrypt by their AlgorithmIdentifier. */
export function readDerivation(
  algorithm: Node | undefined,
): ({ isKnown: true } & Derivation) | { isKnown: false; words: string } | null {
  const [id, parameters] = partsOf(algorithm);
  const [salt, ...numbers] = partsOf(parameters);
  const oid = oidOf(id);
  if (oid !== null && oid !== PBKDF2 && oid !== SCRYPT)
    return { isKnown: false, words: `the derivation ${oid}` };
  const octets = octetsOf(salt);
  if (!octets || oid === null) return null;
  const [first, second, third] = numbers.map(numberOf);
  if (oid === SCRYPT)
    return isPowerOfTwo(first) && second && third
      ? { isKnown: true, ...deriveByScrypt(octets, { N: first, r: second, p: third }) }
      : null;
  const prf = numbers.find(({ element }) => element.tag === TAG.sequence);
  const prfOid = prf ? oidOf(partsOf(prf)[0]) : HMAC_SHA1;
  const digest = HMACS.get(prfOid ?? "");
  if (!digest || !hasDigest(digest))
    return { isKnown: false, words: `PBKDF2 by ${prfOid ?? "an unreadable function"}` };
  return first ? { isKnown: true, ...deriveByPbkdf2(octets, first, digest) } : null;
}

/** All that scrypt takes as its N. */
const isPowerOfTwo = (number: number | null | undefined): number is number =>
  typeof number === "number" && number > 1 && Number.isInteger(Math.log2(number));

/** Electron's crypto has fewer ciphers and digests than Node's: what it lacks is unknown, and no wrong password. */
const hasCipher = ({ name, rc2Bits }: Cipher): boolean =>
  rc2Bits !== undefined || getCiphers().includes(name === "des-cbc" ? "des-ede3-cbc" : name);
export const hasDigest = (name: string): boolean => getHashes().includes(name);

type Sealed = { cipher: Cipher; iv: Buffer } | { unknown: string };

function readCipher(oid: string, parameters: Node | undefined): Sealed | null {
  const cipher = CIPHERS.get(oid);
  if (!cipher || !hasCipher(cipher)) return { unknown: `the cipher ${cipher?.name ?? oid}` };
  const iv = octetsOf(parameters);
  return iv && { cipher, iv };
}

function readRc2(parameters: Node | undefined): Sealed | null {
  const [version, iv] = partsOf(parameters);
  const rc2Bits = RC2_VERSIONS.get(numberOf(version) ?? 0);
  const octets = octetsOf(iv);
  if (!octets || rc2Bits === undefined) return null;
  return { cipher: { name: "rc2-cbc", keyBytes: rc2Bits / 8, rc2Bits }, iv: octets };
}

function openPkcs12Scheme(cipher: Cipher, salt: Buffer, iterations: number): Encryption {
  const derive = ({ wide }: Password, purpose: 1 | 2, bytes: number) =>
    derivePkcs12({ digest: "sha1", salt, iterations, purpose }, wide, bytes);
  return {
    isKnown: true,
    words: `${sayCipher(cipher)} by PKCS#12's own derivation with SHA-1, ${sayIterations(iterations)}`,
    work: workOfPkcs12(2 * iterations),
    decrypt: (password, secret) =>
      decrypt(
        cipher,
        derive(password, PURPOSE.key, cipher.keyBytes),
        derive(password, PURPOSE.iv, 8),
        secret,
      ),
  };
}

/** RFC 8018, section 6.1: PBKDF1 gives eight bytes of key and eight of IV. */
function openPbes1(cipher: Cipher & { digest: string }, salt: Buffer, iterations: number): Encryption {
  return {
    isKnown: true,
    words: `${sayCipher(cipher)} by PBKDF1 with ${cipher.digest.toUpperCase()}, ${sayIterations(iterations)}`,
    work: workOfPkcs12(iterations),
    decrypt({ plain }, secret) {
      let round = hash(cipher.digest, Buffer.concat([Buffer.from(plain), salt]), "buffer");
      for (let count = 1; count < iterations; count++) round = hash(cipher.digest, round, "buffer");
      return decrypt(cipher, round.subarray(0, 8), round.subarray(8, 16), secret);
    },
  };
}

function decrypt({ name, rc2Bits }: Cipher, key: Buffer, iv: Buffer, secret: Buffer): Buffer | null {
  if (rc2Bits !== undefined) return unpad(decryptRc2({ key, effectiveBits: rc2Bits, iv }, secret));
  try {
    const [cipher, whole] = widen(name, key);
    const opening = createDecipheriv(cipher, whole, iv);
    return Buffer.concat([opening.update(secret), opening.final()]);
  } catch {
    // A wrong password shows as wrong padding, a damaged file as a length that does not fit.
    return null;
  }
}

/** OpenSSL has no single DES and no 3DES of two keys any more; 3DES of the same keys is both. */
function widen(name: string, key: Buffer): [string, Buffer] {
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

const sayCipher = ({ name, rc2Bits }: Cipher): string =>
  (rc2Bits === undefined ? name : `rc2-${rc2Bits}-cbc`).toUpperCase().replace("DES-EDE3-CBC", "3DES-CBC");

/** EncryptedPrivateKeyInfo, EncryptedData: an algorithm and what it has encrypted. */
export function readSealed(algorithm: Node | undefined, secret: Node | undefined) {
  const encryption = readEncryption(algorithm);
  const octets = octetsOf(secret) ?? contentOf(secret, 0x80) ?? joinPieces(secret);
  return encryption && octets ? { encryption, secret: octets } : null;
}

/** [0] IMPLICIT OCTET STRING in pieces, as BER allows it. */
function joinPieces(node: Node | undefined): Buffer | null {
  if (node?.element.tag !== 0xa0) return null;
  const pieces = partsOf(node).map(octetsOf);
  return pieces.includes(null) ? null : Buffer.concat(pieces.filter((piece) => piece !== null));
}
