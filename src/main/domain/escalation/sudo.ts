import type { Account } from "#domain/collection/collection.ts";
import { matchesGlob } from "#domain/ssh/patterns.ts";
import { spend, WorkBudgetSpent } from "#domain/work-budget.ts";
import type { Escalation } from "#shared/model/hosts/host-reach.ts";
import { createMatcher, evaluateAccount, evaluateHost, type Match } from "./matching.ts";
import type { Sudoers } from "./read-sudoers.ts";
import type { Item, Spec } from "./sudoers-line.ts";

type World = { accounts: readonly Account[]; hostname: string | null };
type Rule = Sudoers["rules"][number];

/** How many commands are listed for one account and target. */
const MOST_COMMANDS = 20;
/** How many target accounts besides root are evaluated. */
const MOST_TARGETS = 50;

/**
 * Which accounts may run what as which others, by the rules of sudo. Root may become any account, and is left out.
 * A rule with ALL lets an account become anybody: it is reported for root alone, since root includes all others.
 */
export function findEscalation(sudoers: Sudoers, { accounts, hostname }: World): Escalation[] {
  const matchHosts = createMatcher(evaluateHost(hostname), sudoers.aliases.host);
  const rules = sudoers.rules
    .map((rule) => ({ rule, isHere: matchHosts(rule.hosts) }))
    .filter(({ isHere }) => isHere !== "no");
  const targets = findTargets(sudoers, accounts);
  const alike = createKinds(sudoers);
  const evaluatedKinds = new Map<string, (target: Account) => Escalation | null>();
  const evaluateKind = (account: Account): ((target: Account) => Escalation | null) => {
    const matchUsers = createMatcher(evaluateAccount(account), sudoers.aliases.user);
    const mine = rules
      .map(({ rule, isHere }) => ({ rule, fits: both(isHere, matchUsers(rule.users)) }))
      .filter(({ fits }) => fits !== "no");
    if (mine.length === 0) return () => null;
    const defaults = defaultsFor(account, sudoers, hostname);
    const known = new Map<Account, Escalation | null>();
    return (target) => {
      const before = known.get(target);
      if (before !== undefined) return before;
      const evaluated = evaluate({ account, target, defaults, sudoers }, mine);
      known.set(target, evaluated);
      return evaluated;
    };
  };
  return accounts.flatMap((account) => {
    if (account.uid === 0) return [];
    const kind = alike(account);
    const evaluateTarget = evaluatedKinds.get(kind) ?? evaluateKind(account);
    evaluatedKinds.set(kind, evaluateTarget);
    return targets.flatMap((target): Escalation[] => {
      const evaluated = target.name === account.name ? null : evaluateTarget(target);
      if (evaluated === null) return [];
      spend(STEPS_OF_ROW);
      return [{ ...evaluated, account: account.name }];
    });
  });
}

/** The work for one result, which is kept and written. */
const STEPS_OF_ROW = 100;

/**
 * Groups accounts that sudoers treats alike: those that it does not name, with the same ones of the groups that it
 * names. A directory has thousands of them.
 */
function createKinds({ rules, aliases, defaults }: Sudoers): (account: Account) => string {
  const lists = [
    ...rules.map(({ users }) => users),
    ...aliases.user.values(),
    ...defaults.map(({ target }) => target.items),
  ];
  const named = new Set(lists.flatMap((list) => list.map(({ text }) => text)));
  for (const { settings } of defaults)
    for (const { name, value } of settings)
      if (name === "exempt_group" && value !== null) named.add(`%${value}`);
  const hasNumbers = [...named].some((text) => text.startsWith("%#"));
  return ({ name, uid, gid, groups }) => {
    spend(1 + (groups?.length ?? 0));
    return JSON.stringify([
      named.has(name) ? name : null,
      named.has(`#${uid}`) ? uid : null,
      hasNumbers && named.has(`%#${gid}`) ? gid : null,
      groups === null ? null : groups.filter((group) => named.has(`%${group}`)),
      groups === null ? null : groups.length > 1,
    ]);
  };
}

/** Root, and every account that a Runas list names. */
function findTargets(sudoers: Sudoers, accounts: readonly Account[]): Account[] {
  const lists = sudoers.rules.flatMap(({ specs }) => specs.flatMap(({ runas }) => (runas ? [runas] : [])));
  const distinct = new Map(lists.map((list) => [JSON.stringify(list), list]));
  // ALL alone counts as naming nobody; "ALL, !this" names all the others.
  const named = [...distinct.values()].map((list) =>
    list.some(({ isNegated }) => isNegated) ? list : list.filter(({ text }) => text !== "ALL"),
  );
  const isNamed = (account: Account) => {
    const match = createMatcher(evaluateAccount(account), sudoers.aliases.runas);
    return named.some((list) => match(list) !== "no");
  };
  const defaults = new Set(
    sudoers.defaults.flatMap(({ settings }) =>
      settings.flatMap(({ name, value }) => (name === "runas_default" ? [value] : [])),
    ),
  );
  const root = accounts.filter(({ uid }) => uid === 0).slice(0, 1);
  const others = accounts.filter(
    (account) => account.uid !== 0 && (isNamed(account) || defaults.has(account.name)),
  );
  return [...root, ...others.slice(0, MOST_TARGETS)];
}

type Case = { account: Account; target: Account; defaults: AccountDefaults; sudoers: Sudoers };
type Fitting = { rule: Rule; fits: Match };

/** What the rules so far grant: `any` for all commands, `some` for those that they name. */
type GrantedCommands = {
  any: { isPasswordNeeded: boolean; isCertain: boolean; location: string } | null;
  some: Map<string, { isPasswordNeeded: boolean; isCertain: boolean; location: string }>;
};

/** Evaluates the rules in order, as sudo does: for a command, the later rule holds. */
function evaluate(one: Case, rules: readonly Fitting[]): Escalation | null {
  const { account, target, defaults, sudoers } = one;
  const matchTarget = createMatcher(evaluateAccount(target), sudoers.aliases.runas);
  const said: GrantedCommands = { any: null, some: new Map() };
  for (const { rule, fits } of rules) {
    for (const spec of rule.specs) {
      spend();
      const runs = spec.runas ? matchTarget(spec.runas) : toMatch(target.name === defaults.runasDefault);
      const match = both(fits, runs);
      if (match === "no") continue;
      const isCertain = match === "yes" && !spec.isDated;
      for (const item of flatten(spec.command, sudoers.aliases.command))
        addCommand(said, { item, spec, isCertain, location: rule.location }, one);
    }
  }
  return conclude(account, target, said, defaults);
}

type MatchedCommand = { item: Item; spec: Spec; isCertain: boolean; location: string };

function addCommand(
  said: GrantedCommands,
  { item, spec, isCertain, location }: MatchedCommand,
  { account, defaults }: Case,
): void {
  const isExempt = defaults.exemptGroup !== null && account.groups?.includes(defaults.exemptGroup) === true;
  const isPasswordNeeded = spec.isPasswordNeeded ?? (defaults.authenticates && !isExempt);
  const command = { isPasswordNeeded, isCertain, location };
  const known = item.text === "ALL" ? said.any : (said.some.get(item.text) ?? null);
  if (!isCertain) {
    // A certain grant stays certain, unless this uncertain rule may refuse it.
    const next = item.isNegated ? known && { ...known, isCertain } : known?.isCertain ? known : command;
    if (item.text === "ALL") said.any = next;
    else if (next) said.some.set(item.text, next);
    return;
  }
  if (item.text === "ALL") {
    said.any = item.isNegated ? null : command;
    said.some.clear();
  } else if (item.isNegated) said.some.delete(item.text);
  else said.some.set(item.text, command);
}

function conclude(
  { name: account }: Account,
  { name: target }: Account,
  { any, some }: GrantedCommands,
  { password }: AccountDefaults,
): Escalation | null {
  const named = [...some].map(([command, said]) => ({ command, ...said }));
  const first = any ?? named.find(({ isCertain }) => isCertain) ?? named[0];
  if (!first) return null;
  const shells = named.filter(({ command, isCertain }) => isCertain && isShell(command));
  const easiest = any ? [any, ...shells] : named;
  return {
    account,
    target,
    by: "sudo",
    commands: any ? "any" : "some",
    password: easiest.every(({ isPasswordNeeded }) => isPasswordNeeded) ? password : "none",
    isCertain: any ? any.isCertain : named.some(({ isCertain }) => isCertain),
    what: any ? [] : named.slice(0, MOST_COMMANDS).map(({ command }) => command),
    shell: any ? null : (shells[0]?.command ?? null),
    rule: first.location,
  };
}

const DEEPEST_COMMANDS = 2_000;

/** The commands of an alias, each negated or not; an alias that contains itself is expanded once. */
function flatten(item: Item, aliases: Sudoers["aliases"]["command"]): Item[] {
  const flat: Item[] = [];
  const seen = new Set<string>();
  const follow = ({ text, isNegated }: Item): void => {
    spend();
    const inner = aliases.get(text);
    if (!inner) {
      if (flat.length < 1_000) flat.push({ text, isNegated });
      return;
    }
    if (seen.has(text)) return;
    if (seen.size >= DEEPEST_COMMANDS) throw new WorkBudgetSpent("aliases stand in each other too deep");
    seen.add(text);
    for (const one of inner) follow({ text: one.text, isNegated: one.isNegated !== isNegated });
  };
  follow(item);
  return flat;
}

function both(one: Match, other: Match): Match {
  if (one === "no" || other === "no") return "no";
  return one === "yes" && other === "yes" ? "yes" : "unknown";
}

const toMatch = (is: boolean): Match => (is ? "yes" : "no");

/** The `Defaults` for an account: the later one holds. */
type AccountDefaults = {
  /** False: sudo asks for no password unless a tag says so. */
  authenticates: boolean;
  /** Whose password sudo asks for. */
  password: "own" | "target" | "root";
  /** The target of a rule without a Runas list. */
  runasDefault: string;
  /** sudo asks members of this group for no password. */
  exemptGroup: string | null;
};

/** Ignores Defaults bound to a target or a command: they can only change whether sudo asks for a password. */
function defaultsFor(account: Account, sudoers: Sudoers, hostname: string | null): AccountDefaults {
  const matchUsers = createMatcher(evaluateAccount(account), sudoers.aliases.user);
  const matchHosts = createMatcher(evaluateHost(hostname), sudoers.aliases.host);
  const flags = new Map<string, boolean>();
  const values = new Map<string, string>();
  for (const { target, settings } of sudoers.defaults) {
    spend();
    const { kind, items } = target;
    if (kind === "runas" || kind === "command") continue;
    if (kind === "user" && matchUsers(items) !== "yes") continue;
    if (kind === "host" && matchHosts(items) !== "yes") continue;
    for (const { name, isOn, value } of settings) {
      flags.set(name, isOn);
      if (value !== null) values.set(name, value);
    }
  }
  const isSet = (name: string) => flags.get(name) === true;
  return {
    authenticates: flags.get("authenticate") ?? true,
    password: isSet("rootpw") || isSet("runaspw") ? "root" : isSet("targetpw") ? "target" : "own",
    runasDefault: values.get("runas_default") ?? "root",
    exemptGroup: isSet("exempt_group") ? (values.get("exempt_group") ?? null) : null,
  };
}

/**
 * Programs that give their user a shell, or any command, without a trick. Many more do so with one: a rule without any
 * of these may still give a shell.
 */
const SHELLS = new Set([
  "sh",
  "bash",
  "dash",
  "ash",
  "zsh",
  "ksh",
  "mksh",
  "fish",
  "csh",
  "tcsh",
  "busybox",
  "su",
  "sudo",
  "doas",
  "runuser",
  "setpriv",
  "env",
  "nsenter",
  "unshare",
  "chroot",
  "visudo",
  "python",
  "python3",
  "perl",
  "ruby",
  "lua",
  "node",
  "vi",
  "vim",
  "emacs",
  "ed",
]);

/** Where hosts have them. */
const SHELL_PATHS = [
  { folders: ["/bin/", "/usr/bin/"], names: [...SHELLS] },
  { folders: ["/sbin/", "/usr/sbin/"], names: ["chroot", "runuser", "visudo"] },
].flatMap(({ folders, names }) => folders.flatMap((folder) => names.map((name) => folder + name)));

/**
 * Whether a command of a rule, without arguments, is one of them, a folder of programs, or a pattern that one of them fits:
 * `/bin/bash`, `/usr/bin/`, `/bin/*`.
 */
export function isShell(command: string): boolean {
  const [path = "", ...rest] = command.split(" ");
  if (!path.startsWith("/") || rest.length > 0) return false;
  // A folder allows every program in it.
  const pattern = path.endsWith("/") ? `${path}*` : path;
  if (!/[*?[]/.test(pattern)) return SHELLS.has(path.slice(path.lastIndexOf("/") + 1));
  return SHELL_PATHS.some((shell) => matchesGlob(shell, pattern));
}

/** Groups whose members distributions let become root by default. */
const GROUPS = ["sudo", "wheel", "admin"];

/** A guess by the groups of accounts, where sudoers could not be read. Never certain. */
export function guessEscalation(accounts: readonly Account[], unreadable: string): Escalation[] {
  return accounts.flatMap((account): Escalation[] => {
    const group = account.uid === 0 ? undefined : GROUPS.find((name) => account.groups?.includes(name));
    if (group === undefined) return [];
    return [
      {
        account: account.name,
        target: "root",
        by: "sudo",
        commands: "any",
        password: "own",
        isCertain: false,
        what: [],
        shell: null,
        rule: `in the group ${group}; ${unreadable} was not read`,
      },
    ];
  });
}
