/**
 * Bytes of a file as text that a person can read and that says exactly which bytes they are: UTF-8 where they are valid
 * UTF-8, `\xNN` for every other byte and for control characters, `\\` for a backslash. Reading the text gives the same
 * bytes again.
 */

export function writeExactly(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; ) {
    const plain = endOfPlain(bytes, at);
    if (plain > at) text += String.fromCharCode(...bytes.subarray(at, plain));
    if (plain === bytes.length) break;
    const { code, length } = readCharacter(bytes, plain);
    text += code === null ? escapeByte(bytes[plain] as number) : escapeCharacter(code);
    at = plain + length;
  }
  return text;
}

/** The most arguments of one call. */
const LONGEST_RUN = 10_000;

/** The index up to which each byte is a character that stands for itself. */
function endOfPlain(bytes: Uint8Array, from: number): number {
  const most = Math.min(bytes.length, from + LONGEST_RUN);
  let at = from;
  for (; at < most; at++) {
    const byte = bytes[at] as number;
    if (byte < 0x20 || byte > 0x7e || byte === 0x5c) break;
  }
  return at;
}

/** Null where the text was not written by `writeExactly`. */
export function readExactly(text: string): Uint8Array | null {
  const bytes = new Uint8Array(text.length * 3);
  let length = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.codePointAt(at) as number;
    if (code < 0x80 && code !== 0x5c) {
      bytes[length++] = code;
      continue;
    }
    const read =
      code === 0x5c ? readEscape(text, at) : { bytes: encode(code), length: code > 0xffff ? 2 : 1 };
    if (!read) return null;
    bytes.set(read.bytes, length);
    length += read.bytes.length;
    at += read.length - 1;
  }
  return bytes.slice(0, length);
}

function readEscape(text: string, at: number): { bytes: number[]; length: number } | null {
  if (text[at + 1] === "\\") return { bytes: [0x5c], length: 2 };
  const hex = /^\\x([0-9a-f]{2})$/.exec(text.slice(at, at + 4))?.[1];
  return hex === undefined ? null : { bytes: [Number.parseInt(hex, 16)], length: 4 };
}

/** The character that is encoded here, in its shortest form of UTF-8; `code` null where there is none. */
function readCharacter(bytes: Uint8Array, at: number): { code: number | null; length: number } {
  const first = bytes[at] as number;
  if (first < 0x80) return { code: first, length: 1 };
  const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  const rest = bytes.subarray(at + 1, at + length);
  const isWhole = first >= 0xc2 && first < 0xf5 && rest.length === length - 1;
  if (!isWhole || rest.some((byte) => (byte & 0xc0) !== 0x80)) return NO_CHARACTER;
  const code = rest.reduce((sum, byte) => (sum << 6) | (byte & 0x3f), first & (0xff >> (length + 1)));
  const isCharacter = code <= 0x10ffff && (code < 0xd800 || code > 0xdfff) && encode(code).length === length;
  return isCharacter ? { code, length } : NO_CHARACTER;
}
const NO_CHARACTER = { code: null, length: 1 };

/** A code point in UTF-8. */
function encode(code: number): number[] {
  const tail = (shift: number): number => 0x80 | ((code >> shift) & 0x3f);
  if (code < 0x80) return [code];
  if (code < 0x800) return [0xc0 | (code >> 6), tail(0)];
  if (code < 0x10000) return [0xe0 | (code >> 12), tail(6), tail(0)];
  return [0xf0 | (code >> 18), tail(12), tail(6), tail(0)];
}

function escapeCharacter(code: number): string {
  if (code === 0x5c) return "\\\\";
  return code < 0x20 || code === 0x7f ? escapeByte(code) : String.fromCodePoint(code);
}

const escapeByte = (byte: number): string => `\\x${byte.toString(16).padStart(2, "0")}`;
