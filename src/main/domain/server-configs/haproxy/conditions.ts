/** Whether something holds; null where that cannot be told. */
export type Answer = boolean | null;

type Reading = { text: string; at: number; depth: number; isThere: (name: string) => Answer };

const DEEPEST = 50;
const MOST_CHARACTERS = 4 * 1024;

/**
 * What stands behind `.if` or `.elif`, as its words were read. Null also where HAProxy would not start with it.
 * Versions before 2.4 have no `.if`.
 */
export function holdsExpression(words: readonly string[], isThere: (name: string) => Answer): Answer {
  const reading: Reading = { text: words.join(" ").trim(), at: 0, depth: 0, isThere };
  if (reading.text === "") return false;
  if (reading.text.length > MOST_CHARACTERS) return null;
  const answer = readAny(reading);
  return answer !== "broken" && reading.at >= reading.text.length ? answer : null;
}

const readAny = (reading: Reading): Answer | "broken" => readSeveral(reading, "||", readAll, true);
const readAll = (reading: Reading): Answer | "broken" => readSeveral(reading, "&&", readTerm, false);

/** Terms between the same operator: one that is `deciding` decides, whatever the others are. */
function readSeveral(
  reading: Reading,
  operator: string,
  read: (reading: Reading) => Answer | "broken",
  deciding: boolean,
): Answer | "broken" {
  const answers: Answer[] = [];
  do {
    const answer = read(reading);
    if (answer === "broken") return answer;
    answers.push(answer);
  } while (takeMark(reading, operator));
  if (answers.includes(deciding)) return deciding;
  return answers.includes(null) ? null : !deciding;
}

function readTerm(reading: Reading): Answer | "broken" {
  if (++reading.depth > DEEPEST) return "broken";
  let isNegated = false;
  while (takeMark(reading, "!")) isNegated = !isNegated;
  const answer = readBare(reading);
  reading.depth--;
  return answer === "broken" || answer === null ? answer : answer !== isNegated;
}

function readBare(reading: Reading): Answer | "broken" {
  if (takeMark(reading, "(")) {
    const inner = readAny(reading);
    return takeMark(reading, ")") ? inner : "broken";
  }
  const number = take(reading, /\d{1,9}(?![\w(])/y);
  if (number) return Number(number[0]) !== 0;
  const called = take(reading, /([a-z_]+)\(([^()]*)\)/y);
  return called ? ask(called[1] ?? "", called[2] ?? "", reading.isThere) : "broken";
}

function takeMark(reading: Reading, mark: string): boolean {
  take(reading, / */y);
  if (!reading.text.startsWith(mark, reading.at)) return false;
  reading.at += mark.length;
  take(reading, / */y);
  return true;
}

function take(reading: Reading, sticky: RegExp): RegExpExecArray | null {
  sticky.lastIndex = reading.at;
  const found = sticky.exec(reading.text);
  if (found) reading.at = sticky.lastIndex;
  return found;
}

function ask(predicate: string, written: string, isThere: (name: string) => Answer): Answer {
  const words = written.split(",");
  const [first = "", second = ""] = words;
  // Quotes, variables that are not known, and blanks at the ends, which are not always a part of the word.
  if (/["'\\$]|^ | $|, | ,/.test(written)) return null;
  switch (predicate) {
    case "defined":
      return words.length === 1 && /^\w+$/.test(first) ? isThere(first) : null;
    case "streq":
    case "strneq":
      return words.length === 2 ? (first === second) === (predicate === "streq") : null;
    case "strstr":
      return words.length === 2 ? first.includes(second) : null;
    case "version_atleast":
    case "version_before":
      return words.length === 1 && isOldest(first) ? predicate === "version_atleast" : null;
    default:
      return null;
  }
}

/** Whether every version that knows conditions is at least this one. */
function isOldest(version: string): boolean {
  const [, major, minor] = /^(\d)\.(\d{1,2})$/.exec(version) ?? [];
  return major !== undefined && (Number(major) < 2 || (major === "2" && Number(minor) <= 4));
}
