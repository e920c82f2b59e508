/** The lines between `<Macro NAME $parameter...>` and its end, which `Use` inserts. */
type Macro = { parameters: string[]; lines: string[] };

/** By name in lower case. */
export type Macros = Map<string, Macro>;

const MOST_EXPANDED_CHARACTERS = 4 * 1024 * 1024;
const MOST_USES = 10_000;
const MOST_PARAMETERS = 64;
const LONGEST_PARAMETER = 256;
/** A line that may define macros, also where a parameter stands for the directive. */
const OF_MACROS = /^(?:<macro|undefmacro|include|use\b|<?[^a-z<])/i;
const TOO_MUCH = "macros put in more than is read";

/** How much may still be inserted: macros that use each other grow beyond all bounds. */
export type Budget = { characters: number; uses: number };

export const createBudget = (): Budget => ({ characters: MOST_EXPANDED_CHARACTERS, uses: MOST_USES });

/** Returns a function that takes the lines after `<Macro` one by one, and returns true at the end of the macro. */
export function defineMacro(macros: Macros, opening: Line): (line: Line) => boolean {
  const [name = "", ...parameters] = opening.words;
  const macro: Macro = { parameters, lines: [] };
  let depth = 1;
  return (line) => {
    if (line.name === "<macro") depth++;
    if (line.name === "</macro" && --depth === 0) {
      macros.set(name.toLowerCase(), macro);
      return true;
    }
    macro.lines.push(line.text);
    return false;
  };
}

/** Forgets macros that a line may redefine, where it is not known whether the server reads the line. */
export function doubtMacros(
  macros: Macros,
  { name, words: [first = ""] }: { name: string; words: readonly string[] },
): void {
  if (name === "<macro" || name === "undefmacro") {
    if (first.includes("${")) macros.clear();
    else macros.delete(first.toLowerCase());
  } else if (name === "include" || name === "includeoptional") macros.clear();
  else if (name === "use") {
    const used = macros.get(first.toLowerCase());
    if (!used || used.lines.some((line) => OF_MACROS.test(line))) macros.clear();
  }
}

/** The lines of a macro with its parameters replaced; a phrase for the warning where they are not known. */
export function putMacro(
  macros: Macros,
  [name = "", ...values]: readonly string[],
  budget: Budget,
): Line[] | string {
  const macro = macros.get(name.toLowerCase());
  if (!macro || macro.parameters.length !== values.length) return `what the macro ${name} puts here`;
  const { parameters } = macro;
  if (parameters.length > MOST_PARAMETERS || parameters.some(({ length }) => length > LONGEST_PARAMETER))
    return TOO_MUCH;
  const words = parameters
    .map((parameter, at): [string, string] => [parameter, values[at] ?? ""])
    .filter(([parameter]) => parameter !== "")
    .sort(([one], [other]) => other.length - one.length);
  const text: string[] = [];
  for (const line of macro.lines) {
    // Counted before the work is done: one long line may cost more than all the rest.
    budget.characters -= line.length * (words.length + 1);
    if (budget.uses <= 0 || budget.characters <= 0) return TOO_MUCH;
    const put = putWords(line, words);
    budget.characters -= put.length;
    text.push(put);
  }
  budget.uses--;
  return [...readLines(text.join("\n"))];
}

/** Where several parameters match, the longest counts; inserted text is not replaced again. */
function putWords(line: string, words: readonly (readonly [string, string])[]): string {
  let [put, at] = ["", 0];
  while (at < line.length && put.length < MOST_EXPANDED_CHARACTERS) {
    const found = words.find(([parameter]) => line.startsWith(parameter, at));
    put += found ? found[1] : line.charAt(at);
    at += found ? found[0].length : 1;
  }
  return put;
}

/** A directive or the opening or closing line of a section: `name` in lower case, a section's with its "<". */
export type Line = Directive & { text: string; line: number };

/** `directive`: the name as written. */
type Directive = { name: string; directive: string; words: string[] };

const MOST_LINE_CHARACTERS = 256 * 1024;

/** The lines of one file that are neither blank nor comments. A backslash at the end continues either of them. */
export function* readLines(text: string): Generator<Line, void> {
  let [open, begun, number] = ["", 0, 0];
  for (const raw of text.split("\n")) {
    number++;
    const physical = raw.endsWith("\r") ? raw.slice(0, -1) : raw;
    if (open === "") begun = number;
    if (physical.endsWith("\\") && open.length < MOST_LINE_CHARACTERS) {
      open += physical.slice(0, -1);
      continue;
    }
    const whole = (open + physical).trim();
    open = "";
    if (whole !== "" && !whole.startsWith("#")) yield { ...splitLine(whole), text: whole, line: begun };
  }
}

function splitLine(text: string): Directive {
  const isSection = text.startsWith("<");
  const body = isSection && text.endsWith(">") ? text.slice(0, -1) : text;
  const [name = "", ...words] = splitWords(body);
  return { name: name.toLowerCase(), directive: name, words };
}

/** Words between blanks; quotes of both kinds group one, and in them a backslash escapes a quote or backslash. */
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
