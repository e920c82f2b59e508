import { matchesPattern, matchPatternList } from "#domain/ssh/pattern.ts";

/** When what stands under a Host or Match line holds. */
export type Condition =
  | { kind: "always" }
  /** The line cannot be read, or asks for what is not looked at here. */
  | { kind: "never" }
  | { kind: "host"; patterns: readonly Pattern[] }
  | { kind: "match"; criteria: readonly Criterion[] };

type Pattern = { text: string; isNegated: boolean };
type Criterion = { name: Evaluated; isNegated: boolean; list: string };

/** What is known of a host when a line is met: earlier lines have a say in it. */
export type Known = {
  /** As ssh was asked for it; in the final pass, the host name that was found. */
  host: string;
  /** HostName as far as it is known. */
  hostname: string;
  originalHost: string;
  user: string;
  localUser: string;
  tag: string;
  isFinal: boolean;
};

const BARE = ["all", "final", "canonical"] as const;
const WITH_LIST = ["host", "originalhost", "user", "localuser", "tagged"] as const;
/** What ssh would ask of programs, networks or the session: not looked at here. */
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

export type MatchLine = {
  condition: Condition;
  /** What it asks for that is not looked at here: then it never holds. */
  notEvaluated: string[];
  /** It asks for `final`, so that ssh reads its configuration a second time. */
  asksForFinal: boolean;
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
  const asksForFinal = criteria.some(({ name, isNegated }) => name === "final" && !isNegated);
  return { condition, notEvaluated, asksForFinal };
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
