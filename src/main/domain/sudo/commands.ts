import type { Item, Scanner } from "./scanner.ts";

/** Options that stand before a command: what they are set to decides nothing here, but for the two of time. */
const OPTION =
  /(ROLE|TYPE|PRIVS|LIMITPRIVS|NOTBEFORE|NOTAFTER|TIMEOUT|CWD|CHROOT|APPARMOR_PROFILE)[ \t]*=[ \t]*/y;
const TAG = /(NO)?(PASSWD|EXEC|SETENV|LOG_INPUT|LOG_OUTPUT|MAIL|FOLLOW|INTERCEPT)[ \t]*:/y;
const DIGEST = /sha(?:224|256|384|512)[ \t]*:[ \t]*[A-Za-z0-9+/=]+[ \t]*,?/y;

/** A command that a rule allows or, negated, refuses; and as whom. */
export type Spec = {
  command: Item;
  /** Null: as runas_default says, which is root. Empty: as oneself, with another group. */
  runas: Item[] | null;
  /** What the last tag said; null for none. */
  isPasswordNeeded: boolean | null;
  /** Bound to dates (NOTBEFORE, NOTAFTER), which are not judged. */
  isDated: boolean;
};

type Inherited = Omit<Spec, "command">;

const NOTHING: Inherited = { runas: null, isPasswordNeeded: null, isDated: false };

/** Commands with commas between them, each with what the one before it said of it. Null where one cannot be read. */
export function readSpecs(scanner: Scanner): Spec[] | null {
  const specs: Spec[] = [];
  let inherited = NOTHING;
  do {
    const before = readBefore(scanner, inherited);
    if (!before) return null;
    inherited = before;
    const command = readCommand(scanner);
    if (!command) return null;
    specs.push({ ...inherited, command });
  } while (scanner.takes(","));
  return specs;
}

/** `(USERS : GROUPS)`, options and tags, in any order. */
function readBefore(scanner: Scanner, inherited: Inherited): Inherited | null {
  let before = inherited;
  for (;;) {
    if (scanner.takes("(")) {
      const runas = readRunas(scanner);
      if (!runas) return null;
      before = { ...before, runas };
      continue;
    }
    const option = scanner.takesPattern(OPTION);
    if (option) {
      if (scanner.word(",:") === null) return null;
      before = { ...before, isDated: before.isDated || option[1]?.startsWith("NOT") === true };
      continue;
    }
    const tag = scanner.takesPattern(TAG);
    if (!tag) return before;
    if (tag[2] === "PASSWD") before = { ...before, isPasswordNeeded: tag[1] === undefined };
  }
}

function readRunas(scanner: Scanner): Item[] | null {
  if (scanner.takes(")")) return [];
  let users: Item[] | null = [];
  if (!scanner.takes(":")) {
    users = scanner.list(",:)");
    if (!users) return null;
    if (scanner.takes(")")) return users;
    if (!scanner.takes(":")) return null;
  }
  if (scanner.takes(")")) return users;
  return scanner.list(",)") && scanner.takes(")") ? users : null;
}

/** A path with its arguments, ALL, an alias, `list`, `sudoedit ...`: as text, blanks between words being one. */
export function readCommand(scanner: Scanner): Item | null {
  const isNegated = scanner.negations();
  while (scanner.takesPattern(DIGEST));
  const words: string[] = [];
  for (;;) {
    const pattern = scanner.takesPattern(/\^[^\n]*?\$(?=[ \t,]|$)/y);
    const word = pattern ? pattern[0] : scanner.word(",:=");
    if (word === null) break;
    words.push(word);
  }
  return words.length === 0 ? null : { text: words.join(" "), isNegated };
}
