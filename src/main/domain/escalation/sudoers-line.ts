export type AliasKind = "user" | "runas" | "host" | "command";

export type Rule = { users: Item[]; hosts: Item[]; specs: Spec[] };

/** Flags and values of a `Defaults` line, and the users, hosts, targets or commands to which it is bound. */
export type Defaults = {
  target: { kind: "all" | "host" | "user" | "runas" | "command"; items: Item[] };
  settings: { name: string; isOn: boolean; value: string | null }[];
};

/** The content of one line of sudoers. */
type Statement =
  | { kind: "rules"; rules: Rule[] }
  | { kind: "aliases"; of: AliasKind; aliases: { name: string; items: Item[] }[] }
  | { kind: "defaults"; defaults: Defaults }
  | { kind: "include"; path: string; isFolder: boolean };

const ALIASES = new Map<string, AliasKind>([
  ["User_Alias", "user"],
  ["Runas_Alias", "runas"],
  ["Host_Alias", "host"],
  ["Cmnd_Alias", "command"],
  ["Cmd_Alias", "command"],
]);

const SCOPES = { "@": "host", ":": "user", ">": "runas", "!": "command" } as const;

/** Null for a line that cannot be read: sudo ignores it, too. */
export function readLine(text: string): Statement | null {
  const [, directive, target = ""] = /^[@#](include|includedir)[ \t]+(\S.*)$/.exec(text) ?? [];
  if (directive) {
    const path = new Scanner(target).word("");
    return path === null ? null : { kind: "include", path, isFolder: directive === "includedir" };
  }
  const [, keyword = "", rest = ""] = /^(\w+)[ \t]+(.*)$/s.exec(text) ?? [];
  const of = ALIASES.get(keyword);
  if (of) return readAliases(of, rest);
  const scoped = /^Defaults([@:>!]?)(?=[ \t]|[^\w \t])/.exec(text);
  if (scoped) return readDefaults(new Scanner(text.slice("Defaults".length)));
  return readRules(new Scanner(text));
}

function readAliases(of: AliasKind, text: string): Statement | null {
  const scanner = new Scanner(text);
  const aliases: { name: string; items: Item[] }[] = [];
  do {
    const name = scanner.word("=");
    if (name === null || !/^[A-Z][A-Z0-9_]*$/.test(name) || !scanner.takes("=")) return null;
    const items = of === "command" ? readCommands(scanner) : scanner.list(of === "host" ? "," : ",:");
    if (!items) return null;
    aliases.push({ name, items });
  } while (scanner.takes(":"));
  scanner.skipBlanks();
  return scanner.isAtEnd ? { kind: "aliases", of, aliases } : null;
}

function readCommands(scanner: Scanner): Item[] | null {
  const items: Item[] = [];
  do {
    const item = readCommand(scanner);
    if (!item) return null;
    items.push(item);
  } while (scanner.takes(","));
  return items;
}

function readDefaults(scanner: Scanner): Statement | null {
  const mark = scanner.text.charAt(0);
  let target: Defaults["target"] = { kind: "all", items: [] };
  if (mark === "@" || mark === ":" || mark === ">" || mark === "!") {
    scanner.position = 1;
    const items = mark === "!" ? readCommands(scanner) : scanner.list(",");
    if (!items) return null;
    target = { kind: SCOPES[mark], items };
  }
  const settings: Defaults["settings"] = [];
  do {
    const isOn = !scanner.negations();
    const name = scanner.word(",=+-");
    if (name === null) return null;
    const isSet = scanner.takesPattern(/[+-]?=/y);
    const value = isSet ? scanner.word(",") : null;
    settings.push({ name, isOn, value });
  } while (scanner.takes(","));
  scanner.skipBlanks();
  return scanner.isAtEnd ? { kind: "defaults", defaults: { target, settings } } : null;
}

/** `USERS HOSTS = COMMANDS : HOSTS = COMMANDS ...` */
function readRules(scanner: Scanner): Statement | null {
  const users = scanner.list(",=");
  if (!users) return null;
  const rules: Rule[] = [];
  do {
    const hosts = scanner.list(",=");
    if (!hosts || !scanner.takes("=")) return null;
    const specs = readSpecs(scanner);
    if (!specs) return null;
    rules.push({ users, hosts, specs });
  } while (scanner.takes(":"));
  scanner.skipBlanks();
  return scanner.isAtEnd ? { kind: "rules", rules } : null;
}

/** Options before a command: we evaluate none of their values, and note only the two for dates. */
const OPTION =
  /(ROLE|TYPE|PRIVS|LIMITPRIVS|NOTBEFORE|NOTAFTER|TIMEOUT|CWD|CHROOT|APPARMOR_PROFILE)[ \t]*=[ \t]*/y;
const TAG = /(NO)?(PASSWD|EXEC|SETENV|LOG_INPUT|LOG_OUTPUT|MAIL|FOLLOW|INTERCEPT)[ \t]*:/y;
const DIGEST = /sha(?:224|256|384|512)[ \t]*:[ \t]*[A-Za-z0-9+/=]+[ \t]*,?/y;

/** A command that a rule allows or, negated, refuses; and as whom. */
export type Spec = {
  command: Item;
  /** Null: runas_default, usually root. Empty: the account itself, with another group. */
  runas: Item[] | null;
  /** By the last tag; null for none. */
  isPasswordNeeded: boolean | null;
  /** Bound to dates (NOTBEFORE, NOTAFTER), which are not evaluated. */
  isDated: boolean;
};

type Inherited = Omit<Spec, "command">;

const NOTHING: Inherited = { runas: null, isPasswordNeeded: null, isDated: false };

/** Commands with commas between them; each inherits targets and tags of the one before. Null: one is unreadable. */
function readSpecs(scanner: Scanner): Spec[] | null {
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

/** A path with its arguments, ALL, an alias, `list`, `sudoedit ...`: as text, with one blank between words. */
function readCommand(scanner: Scanner): Item | null {
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

/** An entry of a list of sudoers: a user, a host, a command. An odd number of `!` in front negates it. */
export type Item = { text: string; isNegated: boolean };

const isBlank = (character: string): boolean => character === " " || character === "\t";

/** Reads one logical line of sudoers from left to right. */
class Scanner {
  position = 0;
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  get isAtEnd(): boolean {
    return this.position >= this.text.length;
  }

  skipBlanks(): void {
    while (isBlank(this.text.charAt(this.position))) this.position++;
  }

  /** Whether the mark is next, after blanks; if so, skips it. */
  takes(mark: string): boolean {
    const start = this.position;
    this.skipBlanks();
    if (this.text.startsWith(mark, this.position)) {
      this.position += mark.length;
      return true;
    }
    this.position = start;
    return false;
  }

  /** The match of the sticky pattern next, after blanks, and skips it; null when there is none, and skips nothing. */
  takesPattern(pattern: RegExp): RegExpExecArray | null {
    const start = this.position;
    this.skipBlanks();
    pattern.lastIndex = this.position;
    const found = pattern.exec(this.text);
    this.position = found ? pattern.lastIndex : start;
    return found;
  }

  /** A word up to a blank or one of these characters, without its quotes and escapes; null where there is none. */
  word(ends: string): string | null {
    this.skipBlanks();
    let word = "";
    const start = this.position;
    while (!this.isAtEnd) {
      const character = this.text.charAt(this.position);
      if (isBlank(character) || ends.includes(character)) break;
      this.position++;
      if (character === "\\" && !this.isAtEnd) word += this.text.charAt(this.position++);
      else if (character === '"') word += this.#quoted();
      else word += character;
    }
    return this.position === start ? null : word;
  }

  /** Words with commas between them; null where one is missing. */
  list(ends: string): Item[] | null {
    const items: Item[] = [];
    do {
      const isNegated = this.negations();
      const text = this.word(ends);
      if (text === null) return null;
      items.push({ text, isNegated });
    } while (this.takes(","));
    return items;
  }

  negations(): boolean {
    let isNegated = false;
    while (this.takes("!")) isNegated = !isNegated;
    return isNegated;
  }

  #quoted(): string {
    let text = "";
    while (!this.isAtEnd) {
      const character = this.text.charAt(this.position++);
      if (character === '"') break;
      text += character === "\\" && !this.isAtEnd ? this.text.charAt(this.position++) : character;
    }
    return text;
  }
}
