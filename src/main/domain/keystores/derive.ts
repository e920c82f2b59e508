import { hash } from "node:crypto";
import { deriveKey, type Kdf, MOST_SCRYPT_BYTES } from "#codec/pbes2.ts";

/**
 * From a password to a key, in the three ways that keystores know. What each costs is told beforehand as `work`, in
 * iterations of PBKDF2: the file says how many it wants, and may ask for years.
 */
export type Derivation = { words: string; work: number; derive(password: string, bytes: number): Buffer };

/** Work that is done for one password at most: some seconds. */
export const MOST_WORK = 10_000_000;

/** A derivation in JavaScript takes about so many times as long as one by OpenSSL. */
const OUR_PACE = 8;

export function toDerivation(kdf: Kdf): Derivation {
  const derive: Derivation["derive"] = (password, bytes) => deriveKey(kdf, password, bytes);
  if (kdf.name === "pbkdf2") {
    const words = `PBKDF2 with HMAC-${kdf.digest.toUpperCase()}, ${sayIterations(kdf.iterations)}`;
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

type Pkcs12Wish = {
  digest: string;
  salt: Buffer;
  iterations: number;
  purpose: (typeof PURPOSE)[keyof typeof PURPOSE];
};

export const workOfPkcs12 = (iterations: number): number => iterations * OUR_PACE;

/** RFC 7292, appendix B.2. */
export function derivePkcs12(
  { digest, salt, iterations, purpose }: Pkcs12Wish,
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
    let carry = 1;
    for (let index = block - 1; index >= 0; index--) {
      carry += (input[start + index] ?? 0) + (summand[index] ?? 0);
      input[start + index] = carry & 0xff;
      carry >>= 8;
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

export const sayIterations = (count: number): string =>
  count === 1
    ? "1 iteration"
    : `${Number.isFinite(count) ? count.toLocaleString("en") : "endless"} iterations`;
