/**
 * Bytes of a file as text that a person can read and that says exactly which bytes they are: UTF-8 where they are that,
 * `\xNN` for every other byte and for control characters, `\\` for a backslash. What is written so is read back to the
 * same bytes.
 */

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function writeExactly(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; ) {
    const character = readCharacter(bytes, at);
    text += character === null ? escapeByte(bytes[at] as number) : escapeCharacter(character);
    at += character === null ? 1 : ENCODER.encode(character).length;
  }
  return text;
}

/** Null where the text was not written by `writeExactly`. */
export function readExactly(text: string): Uint8Array | null {
  const bytes: number[] = [];
  for (const [piece] of text.matchAll(/\\x[0-9a-f]{2}|\\\\|[^\\]+|\\/g)) {
    if (piece === "\\") return null;
    if (piece === "\\\\") bytes.push(0x5c);
    else if (piece.startsWith("\\x")) bytes.push(Number.parseInt(piece.slice(2), 16));
    else for (const byte of ENCODER.encode(piece)) bytes.push(byte);
  }
  return Uint8Array.from(bytes);
}

function readCharacter(bytes: Uint8Array, at: number): string | null {
  const first = bytes[at] as number;
  const length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  try {
    const character = DECODER.decode(bytes.subarray(at, at + length));
    return character.length > 0 && ENCODER.encode(character).length === length ? character : null;
  } catch {
    return null;
  }
}

function escapeCharacter(character: string): string {
  if (character === "\\") return "\\\\";
  const code = character.codePointAt(0) as number;
  return code < 0x20 || code === 0x7f ? escapeByte(code) : character;
}

const escapeByte = (byte: number): string => `\\x${byte.toString(16).padStart(2, "0")}`;
