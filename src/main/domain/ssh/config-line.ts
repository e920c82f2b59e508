/** Lines of sshd_config and ssh_config, split as OpenSSH splits them (strdelim and argv_split). */

/**
 * The keyword in lower case, and what follows it with its quotes and comment; null for a blank line or a comment.
 * The keyword ends at a blank, a quote or one equals sign, and is empty when the line begins with one.
 */
export function splitKeyword(text: string): { keyword: string; rest: string } | null {
  const line = trim(text);
  if (line === "" || line.startsWith("#")) return null;
  const match = /^"([^"]*)"|^[^ \t\r\n"=]*/.exec(line);
  const name = match?.[1] ?? match?.[0] ?? "";
  const rest = line.slice(match?.[0].length ?? 0).replace(/^[ \t\r\n]*=?[ \t\r\n]*/, "");
  return { keyword: name.toLowerCase(), rest };
}

/** Words: quotes of both kinds, a backslash before a quote, a backslash or a blank, a comment at the end. */
export function splitWords(text: string): { words: string[]; isQuoteOpen: boolean } {
  const words: string[] = [];
  let word: string | null = null;
  let quote = "";
  for (let at = 0; at < text.length; at++) {
    const character = text[at] as string;
    const next = text[at + 1];
    const isSpace = character === " " || character === "\t";
    if (word === null && isSpace) continue;
    if (word === null && character === "#") break;
    word ??= "";
    if (
      character === "\\" &&
      next !== undefined &&
      (`'"\\`.includes(next) || (quote === "" && next === " "))
    ) {
      word += next;
      at++;
    } else if (quote === "" && isSpace) {
      words.push(word);
      word = null;
    } else if (quote === "" ? character === '"' || character === "'" : character === quote) {
      quote = quote === "" ? character : "";
    } else {
      word += character;
    }
  }
  return { words: word === null ? words : [...words, word], isQuoteOpen: quote !== "" };
}

/** By hand, for a regular expression looks for the end of a line from each of its blanks anew. */
function trim(text: string): string {
  let end = text.length;
  while (end > 0 && " \t\r\n\f".includes(text[end - 1] as string)) end--;
  return text.slice(0, end).replace(/^[ \t\r]+/, "");
}
