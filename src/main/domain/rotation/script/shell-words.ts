/** As `printf %b` takes bytes. */
export const toPrintf = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => {
    const isPlain = byte > 0x20 && byte < 0x7f && byte !== 0x5c && byte !== 0x27;
    return isPlain ? String.fromCharCode(byte) : `\\0${byte.toString(8).padStart(3, "0")}`;
  }).join("");

/** One word to a shell. */
export const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** Nothing of a stranger's in a comment or on a terminal but letters that can be seen. */
export const printable = (text: string): string => text.replaceAll(/[^\x20-\x7e]/g, "?");
