/** How requests are written for the hand, and how its words are read. */

/** A word of the shell. Throws for what no line can hold. */
export function quoteWord(word: string): string {
  if (/[\n\r\0]/.test(word)) throw new Error("a word of a request has a line break");
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/** Bytes as printf %b takes them: a word without any byte that a shell or a terminal would take for something else. */
export function writeBytes(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes)
    text += isPlain(byte) ? String.fromCharCode(byte) : `\\0${byte.toString(8).padStart(3, "0")}`;
  return text;
}

/** Digits are written out: after an octal escape they would belong to it. */
const isPlain = (byte: number): boolean =>
  (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a) || byte === 0x20 || byte === 0x2f;

/** Null where it is no word of the hand's. */
export function readWord(word: string): string | null {
  if (word === "%") return "";
  if (!/^(?:[A-Za-z0-9/._@+,=:~-]|%[0-9a-f]{2})+$/.test(word)) return null;
  const bytes = Buffer.from(
    word.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    "latin1",
  );
  return bytes.toString("utf8");
}
