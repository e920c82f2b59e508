import { matchesPattern, matchPatternList } from "#domain/ssh/patterns.ts";

/** When the settings under a Host or Match line hold. */
export type Condition =
  | { kind: "always" }
  /** The line cannot be read, or has a criterion that we do not evaluate. */
  | { kind: "never" }
  | { kind: "host"; patterns: readonly Pattern[] }
  | { kind: "match"; criteria: readonly Criterion[] };

type Pattern = { text: string; isNegated: boolean };
type Criterion = { name: Evaluated; isNegated: boolean; list: string };

type HostNames = {
  /** The host name on ssh's command line; in the final pass, the HostName that was found. */
  host: string;
  /** HostName by the lines so far. */
  hostname: string;
  originalHost: string;
};

/** What is known of a host at a line, which depends on earlier lines. */
export type Known = HostNames & {
  user: string;
  localUser: string;
  tag: string;
  isFinal: boolean;
};

const BARE = ["all", "final", "canonical"] as const;
const WITH_LIST = ["host", "originalhost", "user", "localuser", "tagged"] as const;
/** Criteria that depend on programs, networks or the session: we do not evaluate them. */
const NOT_EVALUATED = ["exec", "localnetwork", "command", "sessiontype", "version"] as const;
type Evaluated = (typeof BARE)[number] | (typeof WITH_LIST)[number];

export function readHostLine(words: readonly string[]): Extract<Condition, { kind: "host" }> | string {
  if (words.includes("")) return "has an empty pattern";
  const patterns = words.map((word) => ({
    text: word.replace(/^!/, ""),
    isNegated: word.startsWith("!"),
  }));
  return patterns.length === 0 ? "names no host" : { kind: "host", patterns };
}

type MatchLine = {
  condition: Condition;
  /** Its criteria that we do not evaluate: with any, the line never holds. */
  notEvaluated: string[];
  /** It has `final`, so that ssh reads its configuration a second time. */
  isForFinalPass: boolean;
};

export function readMatchLine(words: readonly string[]): MatchLine | string {
  const criteria: Criterion[] = [];
  const notEvaluated: string[] = [];
  const left = [...words];
  for (let word = left.shift(); word !== undefined; word = left.shift()) {
    const isNegated = word.startsWith("!");
    const [written = "", ...after] = word.slice(isNegated ? 1 : 0).split("=");
    const name = written.toLowerCase();
    const bare = BARE.find((one) => one === name);
    if (bare) {
      if (bare === "all" && (left.length > 0 || criteria.length + notEvaluated.length > 1))
        return "has all beside other criteria; all stands alone";
      criteria.push({ name: bare, isNegated, list: "" });
      continue;
    }
    const list = after.length > 0 ? after.join("=") : left.shift();
    if (!list && !(list === "" && name === "tagged")) return `has nothing after ${written || "Match"}`;
    const listed = WITH_LIST.find((one) => one === name);
    if (listed) criteria.push({ name: listed, isNegated, list });
    else if (NOT_EVALUATED.some((one) => one === name)) notEvaluated.push(name);
    else return `has a criterion that ssh does not know: ${written}`;
  }
  if (words.length === 0) return "has no criterion";
  const condition: Condition = notEvaluated.length > 0 ? { kind: "never" } : { kind: "match", criteria };
  const isForFinalPass = criteria.some(({ name, isNegated }) => name === "final" && !isNegated);
  return { condition, notEvaluated, isForFinalPass };
}

export function holds(condition: Condition, known: Known): boolean {
  switch (condition.kind) {
    case "always":
      return true;
    case "never":
      return false;
    case "host": {
      const matched = condition.patterns.filter(({ text }) => matchesPattern(known.host, text));
      return matched.length > 0 && matched.every(({ isNegated }) => !isNegated);
    }
    case "match":
      return condition.criteria.every((criterion) => meets(criterion, known) !== criterion.isNegated);
  }
}

function meets({ name, list }: Criterion, known: Known): boolean {
  switch (name) {
    case "all":
      return true;
    case "final":
    case "canonical":
      return known.isFinal;
    case "host":
      return matchPatternList(known.hostname.toLowerCase(), list.toLowerCase()) === "match";
    case "originalhost":
      return matchPatternList(known.originalHost.toLowerCase(), list.toLowerCase()) === "match";
    case "user":
      return matchPatternList(known.user, list) === "match";
    case "localuser":
      return matchPatternList(known.localUser, list) === "match";
    case "tagged":
      return known.tag === "" ? list === "" : matchPatternList(known.tag, list) === "match";
  }
}

/**
 * Finds the conditions that may hold for a host without trying every Host and Match line: of ten thousand lines, one or
 * two name it. The index key of a pattern is its whole text, or the text before its first wildcard, or after its last.
 */
export type HostIndex = {
  /** Ascending numbers of the conditions that may hold for these names. */
  find(names: HostNames): number[];
};

/** Which name a pattern is for: that of a Host line, or `host` or `originalhost` of Match. */
type NameKind = "host" | "hostname" | "originalHost";

type Fit = "whole" | "prefix" | "suffix";

export function indexHosts(conditions: readonly Condition[]): HostIndex {
  const filed = new Map<string, number[]>();
  const lengths = new Map<string, Set<number>>();
  for (const [number, condition] of conditions.entries())
    for (const { key, length } of keysOf(condition)) {
      const numbers = filed.get(key) ?? [];
      if (numbers.at(-1) !== number) numbers.push(number);
      filed.set(key, numbers);
      const drawer = key.slice(0, key.indexOf(" ", key.indexOf(" ") + 1));
      lengths.set(drawer, (lengths.get(drawer) ?? new Set()).add(length));
    }
  return {
    find({ host, hostname, originalHost }) {
      const keys = [
        ANY.key,
        ...listKeys("host", host),
        ...listKeys("hostname", hostname.toLowerCase()),
        ...listKeys("originalHost", originalHost.toLowerCase()),
      ];
      const found = keys.flatMap((key) => filed.get(key) ?? []);
      return [...new Set(found)].sort((one, other) => one - other);
    },
  };

  function listKeys(kind: NameKind, name: string): string[] {
    const fitting = (fit: Fit) =>
      [...(lengths.get(`${kind} ${fit}`) ?? [])].filter((length) => length <= name.length);
    return [
      keyOf(kind, "whole", name),
      ...fitting("prefix").map((length) => keyOf(kind, "prefix", name.slice(0, length))),
      ...fitting("suffix").map((length) => keyOf(kind, "suffix", name.slice(name.length - length))),
    ];
  }
}

type Key = { key: string; length: number };

const ANY: Key = { key: "any host at all", length: 0 };

const keyOf = (kind: NameKind, fit: Fit, text: string): string => `${kind} ${fit} ${text}`;

function keysOf(condition: Condition): Key[] {
  switch (condition.kind) {
    case "always":
      return [ANY];
    case "never":
      return [];
    case "host":
      return condition.patterns
        .filter(({ isNegated }) => !isNegated)
        .map(({ text }) => keyOfPattern("host", text));
    case "match": {
      const sure = condition.criteria.find(
        ({ name, isNegated }) => !isNegated && (name === "host" || name === "originalhost"),
      );
      if (!sure) return [ANY];
      const kind = sure.name === "host" ? "hostname" : "originalHost";
      const patterns = sure.list.toLowerCase().split(",");
      return patterns.filter((text) => !text.startsWith("!")).map((text) => keyOfPattern(kind, text));
    }
  }
}

function keyOfPattern(kind: NameKind, pattern: string): Key {
  const first = pattern.search(/[*?]/);
  if (first === -1) return { key: keyOf(kind, "whole", pattern), length: pattern.length };
  if (first > 0) return { key: keyOf(kind, "prefix", pattern.slice(0, first)), length: first };
  const suffix = pattern.slice(Math.max(pattern.lastIndexOf("*"), pattern.lastIndexOf("?")) + 1);
  return suffix === "" ? ANY : { key: keyOf(kind, "suffix", suffix), length: suffix.length };
}
