import type { Account } from "#domain/collection/collection.ts";
import { matchesPattern } from "#domain/ssh/patterns.ts";
import { spend, WorkBudgetSpent } from "#domain/work-budget.ts";
import type { Item } from "./sudoers-line.ts";

/** "unknown": it depends on what we did not read, such as a netgroup. */
export type Match = "yes" | "no" | "unknown";

type Aliases = ReadonlyMap<string, readonly Item[]>;

/** Whether one entry of a list, which is no alias, matches. */
type Evaluator = (text: string) => Match;

/**
 * Matches lists for one account or host. sudo reads a list from its end: the last entry that matches decides, and a
 * negated one refuses. Each alias is evaluated once for all lists.
 */
export function createMatcher(test: Evaluator, aliases: Aliases): (items: readonly Item[]) => Match {
  const kept = new Map<string, Decision>();
  return (items) => {
    const { decided, isUnsure } = decide(items, {
      test,
      aliases,
      kept,
      decisions: new Map(),
      isCircular: false,
      depth: 0,
    });
    if (isUnsure) return "unknown";
    return decided === true ? "yes" : "no";
  };
}

type Decision = { decided: boolean | null; isUnsure: boolean };
/**
 * `decisions`: the decision of each alias for this list, so that each is evaluated once; an alias within its own
 * evaluation decides nothing. `kept`: decisions that hold for every list: of aliases outside of cycles. `isCircular`: a
 * cycle was found.
 */
type MatchContext = {
  test: Evaluator;
  aliases: Aliases;
  kept: Map<string, Decision>;
  decisions: Map<string, Decision>;
  isCircular: boolean;
  depth: number;
};

/** How deep aliases may be nested: nobody writes so many levels. */
const DEEPEST = 500;

const NOTHING: Decision = { decided: null, isUnsure: false };

/** An alias that refuses decides, too; an entry that does not match decides nothing. */
function decide(items: readonly Item[], context: MatchContext): Decision {
  let isUnsure = false;
  for (let at = items.length - 1; at >= 0; at--) {
    spend();
    const { text, isNegated } = items[at] as Item;
    const found = decideOne(text, context);
    isUnsure ||= found.isUnsure;
    if (found.decided !== null) return { decided: found.decided !== isNegated, isUnsure };
  }
  return { decided: null, isUnsure };
}

function decideOne(text: string, context: MatchContext): Decision {
  if (text === "ALL") return { decided: true, isUnsure: false };
  const { test, aliases, kept, decisions } = context;
  const inner = aliases.get(text);
  if (!inner) {
    const match = test(text);
    return { decided: match === "yes" ? true : null, isUnsure: match === "unknown" };
  }
  const known = kept.get(text) ?? decisions.get(text);
  if (known === NOTHING) context.isCircular = true;
  if (known) return known;
  decisions.set(text, NOTHING);
  if (++context.depth > DEEPEST) throw new WorkBudgetSpent("aliases stand in each other too deep");
  const found = decide(inner, context);
  context.depth--;
  decisions.set(text, found);
  if (!context.isCircular) kept.set(text, found);
  return found;
}

/** Whether an entry of a user or runas list means the account. */
export function evaluateAccount({ name, uid, gid, groups }: Account): Evaluator {
  return (text) => {
    if (text.startsWith("#")) return text === `#${uid}` ? "yes" : "no";
    if (text.startsWith("+") || text.startsWith("%:")) return "unknown";
    if (text.startsWith("%#")) {
      if (text === `%#${gid}`) return "yes";
      // Only names are known of the other groups.
      return groups && groups.length <= 1 ? "no" : "unknown";
    }
    if (text.startsWith("%")) return groups ? toMatch(groups.includes(text.slice(1))) : "unknown";
    return toMatch(text === name);
  };
}

/** Whether an entry of a host list means this host. We do not know its addresses. */
export function evaluateHost(hostname: string | null): Evaluator {
  const long = hostname?.toLowerCase() ?? "";
  const short = long.split(".")[0] ?? "";
  return (text) => {
    const pattern = text.toLowerCase();
    if (pattern.startsWith("+") || /^[0-9.]+(\/|$)|:/.test(pattern)) return "unknown";
    if (long === "") return "unknown";
    if (!pattern.includes(".")) return toMatch(matchesPattern(short, pattern));
    if (matchesPattern(long, pattern)) return "yes";
    // Only the host's name service knows the full name for the short one.
    const isLong = long.includes(".");
    return isLong || !matchesPattern(short, pattern.split(".")[0] ?? "") ? "no" : "unknown";
  };
}

const toMatch = (is: boolean): Match => (is ? "yes" : "no");
