import { type Line, linesOf } from "#domain/rotation/bytes/lines.ts";
import { type KeyLine, type LineParts, readAuthorizedKeys, splitLine } from "#domain/ssh/authorized-keys.ts";

/** A line of an authorized_keys file: as sshd reads it, where its bytes are, and its parts. */
export type FoundLine = { read: KeyLine; line: Line; parts: LineParts };

/** Every line that is neither blank nor a comment and that `isWanted`, in the order of the file. */
export function findLines(bytes: Uint8Array, isWanted: (read: KeyLine) => boolean): FoundLine[] {
  const wanted = readAuthorizedKeys(bytes).filter(isWanted);
  if (wanted.length === 0) return [];
  const lines = linesOf(bytes);
  return wanted.flatMap((read) => {
    const line = lines[read.line - 1];
    return line ? [{ read, line, parts: splitLine(textOf(bytes, line)) }] : [];
  });
}

/** Up to its first NUL, where it ends to sshd; Latin-1. */
function textOf(bytes: Uint8Array, { at, end }: Line): string {
  const text = Buffer.from(bytes.subarray(at, end)).toString("latin1");
  const nul = text.indexOf("\0");
  return nul < 0 ? text : text.slice(0, nul);
}
