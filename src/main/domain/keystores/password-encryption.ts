import { hash } from "node:crypto";
import { contentOf, type Node, numberOf, octetsOf, oidOf, partsOf } from "#codec/der.ts";
import {
  type Cipher,
  decrypt,
  deriveKey,
  hasCipher,
  type Kdf,
  MOST_SCRYPT_BYTES,
  PBES2,
  readKdf,
  readPbes2,
} from "#codec/pbes2.ts";

/**
 * Encryption under a password, as PKCS#8 and PKCS#12 name it: PBES2 and PBES1 (RFC 8018) and PKCS#12's own schemes (RFC
 * 7292, appendix C). Null stands for damaged input.
 */
export type Encryption =
  | {
      isKnown: true;
      words: string;
      /** What one password costs to try, in iterations of PBKDF2. */
      work: number;
      /** Null if the password is certainly wrong. Otherwise the result may still be garbage. */
      decrypt(password: Password, secret: Buffer): Buffer | null;
    }
  | { isKnown: false; words: string };

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

/** How something is encrypted, as an AlgorithmIdentifier says. */
export function readEncryption(algorithm: Node | undefined): Encryption | null {
  const [id, parameters] = partsOf(algorithm);
  const scheme = oidOf(id);
  if (scheme === null) return null;
  if (scheme === PBES2) return openPbes2(parameters);
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

function openPbes2(parameters: Node | undefined): Encryption | null {
  const read = readPbes2(parameters);
  if (!read) return null;
  if ("unknown" in read) return { isKnown: false, words: read.unknown };
  const { kdf, cipher, iv } = read;
  const { words, work, derive } = toDerivation(kdf);
  return {
    isKnown: true,
    words: `${formatCipher(cipher)} by ${words}`,
    work,
    decrypt: ({ plain }, secret) => decrypt({ cipher, key: derive(plain, cipher.keyBytes), iv }, secret),
  };
}

/** PBKDF2 or scrypt by their AlgorithmIdentifier. */
export function readDerivation(
  algorithm: Node | undefined,
): ({ isKnown: true } & Derivation) | { isKnown: false; words: string } | null {
  const kdf = readKdf(algorithm);
  if (!kdf) return null;
  return "unknown" in kdf ? { isKnown: false, words: kdf.unknown } : { isKnown: true, ...toDerivation(kdf) };
}

function openPkcs12Scheme(cipher: Cipher, salt: Buffer, iterations: number): Encryption {
  const derive = ({ wide }: Password, purpose: 1 | 2, bytes: number) =>
    derivePkcs12({ digest: "sha1", salt, iterations, purpose }, wide, bytes);
  return {
    isKnown: true,
    words: `${formatCipher(cipher)} by PKCS#12's own derivation with SHA-1, ${formatIterations(iterations)}`,
    work: workOfPkcs12(2 * iterations),
    decrypt: (password, secret) =>
      decrypt(
        {
          cipher,
          key: derive(password, PURPOSE.key, cipher.keyBytes),
          iv: derive(password, PURPOSE.iv, 8),
        },
        secret,
      ),
  };
}

/** RFC 8018, section 6.1: PBKDF1 gives eight bytes of key and eight of IV. */
function openPbes1(cipher: Cipher & { digest: string }, salt: Buffer, iterations: number): Encryption {
  return {
    isKnown: true,
    words: `${formatCipher(cipher)} by PBKDF1 with ${cipher.digest.toUpperCase()}, ${formatIterations(iterations)}`,
    work: workOfPkcs12(iterations),
    decrypt({ plain }, secret) {
      let round = hash(cipher.digest, Buffer.concat([Buffer.from(plain), salt]), "buffer");
      for (let count = 1; count < iterations; count++) round = hash(cipher.digest, round, "buffer");
      return decrypt({ cipher, key: round.subarray(0, 8), iv: round.subarray(8, 16) }, secret);
    },
  };
}

const formatCipher = ({ name, rc2Bits }: Cipher): string =>
  (rc2Bits === undefined ? name : `rc2-${rc2Bits}-cbc`).toUpperCase().replace("DES-EDE3-CBC", "3DES-CBC");

/** EncryptedPrivateKeyInfo or EncryptedData: an algorithm, and the bytes encrypted by it. */
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

/**
 * From a password to a key, by the three derivations that keystores use. `work` gives the cost beforehand, in
 * iterations of PBKDF2: the file chooses the number, and may ask for years.
 */
type Derivation = { words: string; work: number; derive(password: string, bytes: number): Buffer };

/** Work that is done for one password at most: some seconds. */
export const MOST_WORK = 10_000_000;

/** A derivation in JavaScript takes about this many times as long as one by OpenSSL. */
const OUR_PACE = 8;

function toDerivation(kdf: Kdf): Derivation {
  const derive: Derivation["derive"] = (password, bytes) => deriveKey(kdf, password, bytes);
  if (kdf.name === "pbkdf2") {
    const words = `PBKDF2 with HMAC-${kdf.digest.toUpperCase()}, ${formatIterations(kdf.iterations)}`;
    return { words, work: kdf.iterations, derive };
  }
  const { N, r, p } = kdf;
  // RFC 7914, section 2: beyond it OpenSSL refuses N, and throws.
  const isPossible = 128 * r * (N + p) <= MOST_SCRYPT_BYTES && Math.log2(N) < 16 * r;
  const work = isPossible ? N * r * p : Number.POSITIVE_INFINITY;
  return { words: `scrypt, N ${N}, r ${r}, p ${p}`, work, derive };
}

/** What a key is derived for by RFC 7292, appendix B.3. */
export const PURPOSE = { key: 1, iv: 2, mac: 3 } as const;

type Pkcs12Request = {
  digest: string;
  salt: Buffer;
  iterations: number;
  purpose: (typeof PURPOSE)[keyof typeof PURPOSE];
};

export const workOfPkcs12 = (iterations: number): number => iterations * OUR_PACE;

/** RFC 7292, appendix B.2. */
export function derivePkcs12(
  { digest, salt, iterations, purpose }: Pkcs12Request,
  password: Buffer,
  bytes: number,
): Buffer {
  const block = /384|512/.test(digest) ? 128 : 64;
  const diversifier = Buffer.alloc(block, purpose);
  const input = Buffer.concat([fill(salt, block), fill(password, block)]);
  const out: Buffer[] = [];
  for (let size = 0; size < bytes; ) {
    let round = hash(digest, Buffer.concat([diversifier, input]), "buffer");
    for (let count = 1; count < iterations; count++) round = hash(digest, round, "buffer");
    out.push(round);
    size += round.length;
    if (size < bytes) addToEach(input, fill(round, block, block), block);
  }
  return Buffer.concat(out).subarray(0, bytes);
}

/** Repeated until it fills whole blocks, or `size` bytes. */
function fill(bytes: Buffer, block: number, size = Math.ceil(bytes.length / block) * block): Buffer {
  return size === 0 ? Buffer.alloc(0) : Buffer.alloc(size, bytes);
}

/** Adds `summand` and one to each block, as numbers; what runs over is dropped. */
function addToEach(input: Buffer, summand: Buffer, block: number): void {
  for (let start = 0; start < input.length; start += block) {
    let overflow = 1;
    for (let index = block - 1; index >= 0; index--) {
      overflow += (input[start + index] ?? 0) + (summand[index] ?? 0);
      input[start + index] = overflow & 0xff;
      overflow >>= 8;
    }
  }
}

/** A password in the two forms that are derived from: as it was typed, and as PKCS#12 writes it. */
export type Password = { plain: string; wide: Buffer };

/** UTF-16 with an end of two zero bytes. No password at all is sometimes written without that end, as nothing. */
export function formsOf(plain: string): Password[] {
  const usual = { plain, wide: Buffer.from(`${plain}\0`, "utf16le").swap16() };
  return plain === "" ? [usual, { plain, wide: Buffer.alloc(0) }] : [usual];
}

export const formatIterations = (count: number): string =>
  count === 1
    ? "1 iteration"
    : `${Number.isFinite(count) ? count.toLocaleString("en") : "endless"} iterations`;
