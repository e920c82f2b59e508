/**
 * RC2 (RFC 2268), to open old PKCS#12 files whose certificates are locked by 40 bits of it. No library that is here
 * has it any more, and rightly so: nothing is ever encrypted with it, and it is not built for speed.
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

type Wish = { key: Uint8Array; effectiveBits: number; iv: Uint8Array };

/** Decrypts in CBC mode and leaves the padding; null where the bytes are no whole blocks. */
export function decryptRc2({ key, effectiveBits, iv }: Wish, secret: Buffer): Buffer | null {
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
