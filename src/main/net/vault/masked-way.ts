import { createECDH, hkdfSync } from "node:crypto";
import { Redacted, secretCopy } from "#shared/model/secret.ts";

const MASK_CURVE = "prime256v1";
const PART_BYTES = 6_400;

/** A secret on its way out of the keeper. */
export type Masked = { point: Uint8Array; bytes: Uint8Array };

/**
 * Masks a secret for who asked, once. Not by a cipher: those of Node leave what they have opened in memory that nobody can
 * overwrite. A mask of HKDF is laid over it in place, and both ends overwrite the mask.
 */
export function maskFor(point: Uint8Array, secret: Uint8Array): Masked {
  const mine = createECDH(MASK_CURVE);
  const own = mine.generateKeys();
  const bytes = secretCopy(secret);
  layMask(bytes, mine.computeSecret(point), own);
  return { point: own, bytes };
}

/** Who asks: its point goes to the keeper, and what comes back is unmasked by `open`, once. */
export function createUnmasking() {
  const mine = createECDH(MASK_CURVE);
  return {
    point: mine.generateKeys(),
    open({ point, bytes }: Masked): Redacted<Uint8Array> {
      layMask(bytes, mine.computeSecret(point), point);
      return new Redacted(bytes);
    },
  };
}

function layMask(bytes: Uint8Array, shared: Buffer, salt: Uint8Array): void {
  for (let start = 0; start < bytes.length; start += PART_BYTES) {
    const part = bytes.subarray(start, start + PART_BYTES);
    const mask = new Uint8Array(hkdfSync("sha256", shared, salt, `latchkey ${start}`, part.length));
    for (let at = 0; at < part.length; at++) part[at] = (part[at] as number) ^ (mask[at] as number);
    mask.fill(0);
  }
  shared.fill(0);
}
