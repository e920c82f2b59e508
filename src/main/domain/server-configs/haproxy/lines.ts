/** A line of haproxy.cfg that says something. */
export type Line = { words: string[]; line: number };

/** Lines and their words, with the variables of the environment that are known put in; others stay as `${NAME}`. */
export function* readLines(text: string, variables: ReadonlyMap<string, string>): Generator<Line, void> {
  let line = 0;
  for (const raw of text.split("\n")) {
    line++;
    const words = splitWords(raw, variables);
    if (words.length > 0) yield { words, line };
  }
}

/**
 * Words between blanks. Single quotes hold everything, double ones take escapes and variables, a backslash takes what
 * is behind it, and `#` outside of quotes begins a comment.
 */
function splitWords(text: string, variables: ReadonlyMap<string, string>): string[] {
  const words: string[] = [];
  let [word, quote]: [string | null, string] = [null, ""];
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (quote === "" && (character === " " || character === "\t" || character === "\r")) {
      if (word !== null) words.push(word);
      word = null;
    } else if (quote === "" && character === "#") {
      break;
    } else if (quote === "" ? character === '"' || character === "'" : character === quote) {
      quote = quote === "" ? character : "";
      word ??= "";
    } else if (character === "\\" && quote !== "'") {
      at++;
      word = (word ?? "") + text.charAt(at);
    } else if (character === "$" && quote === '"') {
      const found = readVariable(text, at, variables);
      word = (word ?? "") + found.value;
      at = found.last;
    } else {
      word = (word ?? "") + character;
    }
  }
  if (word !== null) words.push(word);
  return words;
}

const NAME = /\$(?:\{(\w{1,200})(?:-([^}"]{0,1000}))?\}|(\w{1,200}))/y;

function readVariable(
  text: string,
  at: number,
  variables: ReadonlyMap<string, string>,
): { value: string; last: number } {
  NAME.lastIndex = at;
  const found = NAME.exec(text);
  if (!found) return { value: "$", last: at };
  const name = found[1] ?? found[3] ?? "";
  const value = variables.get(name) ?? found[2] ?? `\${${name}}`;
  return { value, last: at + found[0].length - 1 };
}
