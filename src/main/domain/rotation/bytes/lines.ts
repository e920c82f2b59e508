/** One line of a file by the places of its bytes. */
export type Line = {
  /** From 1. */
  number: number;
  at: number;
  /** Behind its last byte, its end of line not counted. */
  end: number;
  /** Where the next one begins; as `end` where the file ends without a newline. */
  next: number;
};

export const NEWLINE = 0x0a;
const RETURN = 0x0d;

/** Every line, blank ones and all; none behind the last newline. */
export function linesOf(bytes: Uint8Array): Line[] {
  const lines: Line[] = [];
  for (let at = 0; at < bytes.length; ) {
    const newline = bytes.indexOf(NEWLINE, at);
    const next = newline < 0 ? bytes.length : newline + 1;
    const end = newline > at && bytes[newline - 1] === RETURN ? newline - 1 : newline < 0 ? next : newline;
    lines.push({ number: lines.length + 1, at, end, next });
    at = next;
  }
  return lines;
}

/** How lines end here: as this one does, or as the file's first does where this one is the last and has no end. */
export function endOfLine(bytes: Uint8Array, { end, next }: Line): "\n" | "\r\n" {
  if (next > end) return next - end === 2 ? "\r\n" : "\n";
  const first = bytes.indexOf(NEWLINE);
  return first > 0 && bytes[first - 1] === RETURN ? "\r\n" : "\n";
}
