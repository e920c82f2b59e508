import { readCommand, readSpecs, type Spec } from "./commands.ts";
import { type Item, Scanner } from "./scanner.ts";

export type AliasKind = "user" | "runas" | "host" | "command";

export type Rule = { users: Item[]; hosts: Item[]; specs: Spec[] };

/** Flags and values of a `Defaults` line, and to whom it is bound. */
export type Defaults = {
  scope: { kind: "all" | "host" | "user" | "runas" | "command"; items: Item[] };
  settings: { name: string; isOn: boolean; value: string | null }[];
};

/** What one line of sudoers says. */
export type Statement =
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

/** Null for a line that cannot be read: sudo passes over it, too. */
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
  let scope: Defaults["scope"] = { kind: "all", items: [] };
  if (mark === "@" || mark === ":" || mark === ">" || mark === "!") {
    scanner.position = 1;
    const items = mark === "!" ? readCommands(scanner) : scanner.list(",");
    if (!items) return null;
    scope = { kind: SCOPES[mark], items };
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
  return scanner.isAtEnd ? { kind: "defaults", defaults: { scope, settings } } : null;
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
