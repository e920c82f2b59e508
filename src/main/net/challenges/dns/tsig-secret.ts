import { secretBytes } from "#shared/model/secret.ts";

const ALPHABET = Buffer.from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
const PADDING = "=".charCodeAt(0);
const SPACE = " ".charCodeAt(0);

/**
 * The bytes of a key that was kept as `tsig-keygen` prints it; null where that is no base64. From bytes to bytes, for a string
 * cannot be overwritten; what was given is.
 */
export function readTsigSecret(text: Uint8Array): Uint8Array | null {
  try {
    let [start, end] = [0, text.length];
    while (start < end && (text[start] ?? 0) <= SPACE) start++;
    while (end > start && (text[end - 1] ?? 0) <= SPACE) end--;
    for (let pads = 0; pads < 2 && text[end - 1] === PADDING; pads++) end--;
    return decode(text.subarray(start, end));
  } finally {
    text.fill(0);
  }
}

function decode(text: Uint8Array): Uint8Array | null {
  const secret = secretBytes(Math.floor((text.length * 6) / 8));
  let [held, bits, at] = [0, 0, 0];
  for (const character of text) {
    const value = ALPHABET.indexOf(character);
    if (value < 0) {
      secret.fill(0);
      return null;
    }
    held = ((held << 6) | value) & 0xffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    secret[at++] = held >> bits;
  }
  return secret.length > 0 ? secret : null;
}
