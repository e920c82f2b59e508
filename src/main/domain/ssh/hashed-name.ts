import { hash } from "node:crypto";
import { decodeBase64 } from "#codec/base64.ts";

const SHA1_BYTES = 20;
const BLOCK_BYTES = 64;

/** Whether a name is the one that a line of known_hosts has hashed. */
export type HashedName = { isOf(name: Uint8Array): boolean };

/** Reads `|1|SALT|DIGEST`; null for what ssh would not read either. */
export function readHashedName(text: string): HashedName | null {
  const [, version, saltText, digestText, ...more] = text.split("|");
  const salt = decodeBase64(saltText ?? "");
  const digest = decodeBase64(digestText ?? "");
  const isHash = version === "1" && salt?.length === SHA1_BYTES && digest?.length === SHA1_BYTES;
  if (!isHash || more.length > 0) return null;
  const inner = pad(salt, 0x36);
  const outer = pad(salt, 0x5c);
  return {
    // HMAC (RFC 2104) by hand: every name is tried with every line, and createHmac takes six times as long for each.
    isOf: (name) => {
      const within = hash("sha1", Buffer.concat([inner, name]), "buffer");
      return hash("sha1", Buffer.concat([outer, within]), "buffer").equals(digest);
    },
  };
}

function pad(key: Uint8Array, byte: number): Uint8Array {
  const block = new Uint8Array(BLOCK_BYTES).fill(byte);
  for (const [index, value] of key.entries()) block[index] = value ^ byte;
  return block;
}
