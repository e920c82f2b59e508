import type { Account } from "#domain/collection/collection.ts";
import { spend } from "#domain/work-budget.ts";
import type { Escalation } from "#shared/model/hosts/host-reach.ts";
import { splitLogicalLines } from "./read-sudoers.ts";
import { isShell } from "./sudo.ts";

type Rule = {
  isPermit: boolean;
  isPasswordNeeded: boolean;
  identity: string;
  /** Null: anybody. */
  target: string | null;
  /** Null: any command. */
  command: string | null;
  location: string;
};

/** How many targets are evaluated: root and accounts that the rules name. Root includes all the others. */
const MOST_TARGETS = 50;

/** Which accounts doas.conf lets become which others: the last rule that matches holds. */
export function findDoas(
  file: { path: string; bytes: Uint8Array },
  accounts: readonly Account[],
): { escalations: Escalation[]; problems: string[] } {
  const problems: string[] = [];
  const rules: Rule[] = [];
  for (const { line, text } of splitLogicalLines(Buffer.from(file.bytes).toString("utf8"))) {
    const location = `${file.path}:${line}`;
    const rule = readRule(text, location);
    if (rule) rules.push(rule);
    else problems.push(`${location} cannot be read, and doas refuses everything because of it`);
  }
  if (problems.length > 0) return { escalations: [], problems };
  const named = new Set(rules.map(({ target }) => target ?? "root"));
  const root = accounts.filter(({ uid }) => uid === 0).slice(0, 1);
  const others = accounts.filter(({ uid, name }) => uid !== 0 && (named.has(name) || named.has(String(uid))));
  const targets = [...root, ...others.slice(0, MOST_TARGETS)];
  const escalations = accounts.flatMap((account) => {
    spend(rules.length);
    const mine = account.uid === 0 ? [] : rules.filter((rule) => isMeant(rule, account) !== false);
    if (mine.length === 0) return [];
    return targets
      .filter(({ name }) => name !== account.name)
      .flatMap((target) => evaluate(account, target, mine) ?? []);
  });
  return { escalations, problems };
}

/**
 * Where the groups of an account are unknown, a rule for a group may be meant for it or not. What the account gets if it is in every group
 * that is permitted and in none that is denied is the most it can do; the reverse is the least, and certain.
 */
function evaluate(account: Account, target: Account, rules: readonly Rule[]): Escalation | null {
  const most = decide(
    account,
    target,
    rules.filter((rule) => isMeant(rule, account) ?? rule.isPermit),
  );
  const least = decide(
    account,
    target,
    rules.filter((rule) => isMeant(rule, account) ?? !rule.isPermit),
  );
  if (most === null) return null;
  if (least === null || least.commands !== most.commands) return { ...most, isCertain: false };
  return least.commands === "any" ? least : { ...most, shell: least.shell };
}

/** By the rules that are meant for the account: the last that matches a command holds. */
function decide(account: Account, target: Account, rules: readonly Rule[]): Escalation | null {
  let any: Rule | null = null;
  const some = new Map<string, Rule>();
  spend(100 + rules.length);
  for (const rule of rules) {
    if (rule.target !== null && rule.target !== target.name && rule.target !== String(target.uid)) continue;
    if (rule.command === null) {
      any = rule.isPermit ? rule : null;
      some.clear();
    } else if (rule.isPermit) some.set(rule.command, rule);
    else some.delete(rule.command);
  }
  const named = [...some];
  const first = any ?? named[0]?.[1];
  if (!first) return null;
  const needsPassword = any
    ? any.isPasswordNeeded
    : named.every(([, { isPasswordNeeded }]) => isPasswordNeeded);
  return {
    account: account.name,
    target: target.name,
    by: "doas",
    commands: any ? "any" : "some",
    password: needsPassword ? "own" : "none",
    isCertain: true,
    what: any ? [] : named.slice(0, 20).map(([command]) => command),
    shell: any ? null : (named.find(([command]) => isShell(command))?.[0] ?? null),
    rule: first.location,
  };
}

/** Null: a rule for a group, and the account's groups are unknown. */
function isMeant({ identity }: Rule, { name, uid, groups }: Account): boolean | null {
  if (!identity.startsWith(":")) return identity === name || identity === String(uid);
  return groups?.includes(identity.slice(1)) ?? null;
}

/** `permit|deny [OPTION...] IDENTITY [as TARGET] [cmd COMMAND [args ...]]` */
function readRule(text: string, location: string): Rule | null {
  const words = text.match(/\{[^}]*\}|"(?:[^"\\]|\\.)*"|[^\s{}"]+/g)?.map(unquote) ?? [];
  const [action, ...rest] = words;
  if (action !== "permit" && action !== "deny") return null;
  let isPasswordNeeded = true;
  let word = rest.shift();
  for (; word !== undefined && OPTIONS.has(word); word = rest.shift()) {
    if (word === "nopass") isPasswordNeeded = false;
    if (word === "setenv") rest.shift();
  }
  if (word === undefined) return null;
  const identity = word;
  let target: string | null = null;
  if (rest[0] === "as") {
    rest.shift();
    target = rest.shift() ?? null;
    if (target === null) return null;
  }
  const command = rest[0] === "cmd" ? rest.slice(1).filter((part) => part !== "args") : null;
  if (command === null ? rest.length > 0 : command.length === 0) return null;
  return {
    isPermit: action === "permit",
    isPasswordNeeded,
    identity,
    target,
    command: command?.join(" ") ?? null,
    location,
  };
}

const OPTIONS = new Set(["nopass", "persist", "keepenv", "nolog", "setenv"]);

const unquote = (word: string): string =>
  word.startsWith('"') ? word.slice(1, -1).replace(/\\(.)/g, "$1") : word;
