/** A directive or the opening or closing line of a section: `name` in lower case, a section's with its "<". */
export type Line = { name: string; directive: string; words: string[]; text: string; line: number };

const MOST_CHARACTERS = 256 * 1024;

/** The lines of one file that say something. A backslash at the end goes on in the next line, in a comment as well. */
export function* readLines(text: string): Generator<Line, void> {
  let [open, begun, number] = ["", 0, 0];
  for (const raw of text.split("\n")) {
    number++;
    const physical = raw.endsWith("\r") ? raw.slice(0, -1) : raw;
    if (open === "") begun = number;
    if (physical.endsWith("\\") && open.length < MOST_CHARACTERS) {
      open += physical.slice(0, -1);
      continue;
    }
    const whole = (open + physical).trim();
    open = "";
    if (whole !== "" && !whole.startsWith("#")) yield { ...splitLine(whole), text: whole, line: begun };
  }
}

function splitLine(text: string): Omit<Line, "line" | "text"> {
  const isSection = text.startsWith("<");
  const body = isSection && text.endsWith(">") ? text.slice(0, -1) : text;
  const [name = "", ...words] = splitWords(body);
  return { name: name.toLowerCase(), directive: name, words };
}

/** Words between blanks; either quote holds one together, and a backslash takes the quote or backslash behind it. */
function splitWords(text: string): string[] {
  const words: string[] = [];
  let at = 0;
  while (at < text.length) {
    const character = text.charAt(at);
    if (character === " " || character === "\t") {
      at++;
      continue;
    }
    const isQuoted = character === '"' || character === "'";
    let word = "";
    if (isQuoted) at++;
    while (at < text.length) {
      const next = text.charAt(at);
      if (isQuoted ? next === character : next === " " || next === "\t") break;
      const isEscaped = isQuoted && next === "\\" && [character, "\\"].includes(text.charAt(at + 1));
      word += text.charAt(isEscaped ? at + 1 : at);
      at += isEscaped ? 2 : 1;
    }
    if (isQuoted) at++;
    words.push(word);
  }
  return words;
}
