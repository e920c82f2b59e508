import type { Account } from "#domain/collection/collection.ts";
import { mayMatchAddress, readFromList } from "./from-list.ts";
import { matchPatternList } from "./pattern.ts";
import type { Criterion, Match } from "./sshd-config.ts";

/** "maybe": it depends on where a login comes from or arrives, or on something that was not read. */
export type Answer = "yes" | "no" | "maybe";

export function matchAccount(match: Match, account: Account, { useDns }: { useDns: boolean }): Answer {
  const answers = match.criteria.map((criterion) => matchCriterion(criterion, account, useDns));
  if (answers.includes("no")) return "no";
  return answers.includes("maybe") ? "maybe" : "yes";
}

/** Whether the block holds without any connection: then sshd takes it for a part of the global settings, too. */
export const isUnconditional = (match: Match): boolean => match.criteria.every(({ name }) => name === "all");

/** Whether a block that may match does so by the client's address alone. */
export const dependsOnAddress = (match: Match): boolean =>
  match.criteria.every(({ name }) => name === "address" || name === "user");

function matchCriterion({ name, argument }: Criterion, account: Account, useDns: boolean): Answer {
  switch (name) {
    case "all":
      return "yes";
    case "invalid-user":
      return "no";
    case "user":
      return matchPatternList(account.name, argument) === "match" ? "yes" : "no";
    case "group":
      return account.groups === null ? "maybe" : matchGroups(account.groups, argument);
    case "host":
    case "address": {
      const items = readFromList(argument);
      if (typeof items === "string") return "no";
      const isPossible = items.some(
        (item) => !item.isNegated && ((name === "host" && useDns) || mayMatchAddress(item)),
      );
      return isPossible ? "maybe" : "no";
    }
    default:
      return "maybe";
  }
}

function matchGroups(groups: readonly string[], list: string): Answer {
  const answers = groups.map((group) => matchPatternList(group, list));
  if (answers.includes("negated")) return "no";
  return answers.includes("match") ? "yes" : "no";
}
