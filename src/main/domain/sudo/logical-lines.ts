import { spend } from "#domain/work-budget.ts";
/** A line of sudoers with its continuations, without its comment. */
export type LogicalLine = { line: number; text: string };

/**
 * The lines of a sudoers file that say something. A backslash at the end goes on in the next line, but not from a
 * comment; "#" begins a comment unless it is escaped, quoted, or the sign of a number: `#1000`, `%#27`.
 */
export function splitLogicalLines(file: string): LogicalLine[] {
  const lines: LogicalLine[] = [];
  let open: LogicalLine | null = null;
  for (const [index, raw] of file.split("\n").entries()) {
    const physical = raw.replace(/\r$/, "");
    const text: string = (open?.text ?? "") + (open ? physical.trimStart() : physical);
    const line: number = open?.line ?? index + 1;
    open = null;
    // A line that goes on is read again from its beginning.
    spend(1 + Math.ceil(text.length / 8));
    const kept = cutComment(text);
    const isContinued = kept.length === text.length && /(?:^|[^\\])(?:\\\\)*\\$/.test(text);
    if (isContinued && text.length <= MOST_CHARACTERS) open = { line, text: text.slice(0, -1) };
    else if (kept.trim() !== "") lines.push({ line, text: kept.trim() });
  }
  if (open && open.text.trim() !== "") lines.push({ line: open.line, text: open.text.trim() });
  return lines;
}

const MOST_CHARACTERS = 256 * 1024;

const DIRECTIVE = /^[ \t]*#include(?:dir)?[ \t]/;

function cutComment(text: string): string {
  if (!text.includes("#") || DIRECTIVE.test(text)) return text;
  let isQuoted = false;
  let before = "";
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === "\\") {
      at++;
      before = "\\";
    } else if (character === '"') {
      isQuoted = !isQuoted;
      before = character;
    } else if (character === "#" && !isQuoted && !isNumber(text, at, before)) {
      return text.slice(0, at);
    } else if (character !== " " && character !== "\t") {
      before = character;
    }
  }
  return text;
}

/** `before` is the last character before it that is no blank; empty for none. */
const isNumber = (text: string, at: number, before: string): boolean =>
  /[0-9]/.test(text.charAt(at + 1)) && (before === "" || ",!(:%".includes(before));
