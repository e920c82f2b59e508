/**
 * Statements of nginx.conf, split as nginx splits them: words apart by blanks, quotes that hold a word together, an
 * end by `;`, a block by `{` and `}`. `#` begins a comment where a word could begin.
 */
export type Statement = { words: string[]; line: number; end: ";" | "{" | "}" };

const BLANK = " \t\r\n";
const ESCAPES: { [letter: string]: string } = { t: "\t", r: "\r", n: "\n" };

/** What stands after the last `;` is no statement. A block of Lua is a statement without its code. */
export function* readStatements(text: string): Generator<Statement, void> {
  let [at, line, words, begun]: [number, number, string[], number] = [0, 1, [], 1];
  while (at < text.length) {
    const character = text.charAt(at);
    if (BLANK.includes(character)) {
      if (character === "\n") line++;
      at++;
    } else if (character === "#") {
      const end = text.indexOf("\n", at);
      at = end < 0 ? text.length : end;
    } else if (character === ";" || character === "{" || character === "}") {
      const isCode = character === "{" && words[0]?.endsWith("_by_lua_block") === true;
      if (character === "}" || words.length > 0) yield { words, line: begun, end: isCode ? ";" : character };
      const end = isCode ? skipLua(text, at + 1) : at + 1;
      line += countLines(text, at, end);
      [at, words] = [end, []];
    } else {
      if (words.length === 0) begun = line;
      const word = readWord(text, at);
      words.push(word.text);
      line += countLines(text, at, word.end);
      at = word.end;
    }
  }
}

function readWord(text: string, from: number): { text: string; end: number } {
  const quote = text.charAt(from);
  if (quote === '"' || quote === "'") {
    const end = findEnd(text, from + 1, (character) => character === quote);
    return { text: undoEscapes(text.slice(from + 1, end)), end: Math.min(end + 1, text.length) };
  }
  const end = findEnd(
    text,
    from,
    (character, at) =>
      BLANK.includes(character) || character === ";" || (character === "{" && text.charAt(at - 1) !== "$"),
  );
  return { text: undoEscapes(text.slice(from, end)), end };
}

function findEnd(text: string, from: number, isEnd: (character: string, at: number) => boolean): number {
  let at = from;
  while (at < text.length && !isEnd(text.charAt(at), at)) at += text.charAt(at) === "\\" ? 2 : 1;
  return Math.min(at, text.length);
}

const undoEscapes = (word: string): string =>
  word.includes("\\")
    ? word.replace(/\\(["'\\trn])/g, (_, letter: string) => ESCAPES[letter] ?? letter)
    : word;

/** Behind the `}` that closes the code, whose strings and comments may hold others. */
function skipLua(text: string, from: number): number {
  let [at, depth] = [from, 1];
  while (at < text.length && depth > 0) {
    const character = text.charAt(at);
    if (text.startsWith("[[", at)) at = behind(text, "]]", at);
    else if (text.startsWith("--", at) && !text.startsWith("--[[", at)) at = behind(text, "\n", at);
    else if (character === '"' || character === "'")
      at = findEnd(text, at + 1, (other) => other === character || other === "\n") + 1;
    else {
      if (character === "{") depth++;
      if (character === "}") depth--;
      at++;
    }
  }
  return Math.min(at, text.length);
}

function behind(text: string, mark: string, from: number): number {
  const found = text.indexOf(mark, from);
  return found < 0 ? text.length : found + mark.length;
}

function countLines(text: string, from: number, end: number): number {
  let count = 0;
  for (let at = from; at < end; at++) if (text.charCodeAt(at) === 10) count++;
  return count;
}
