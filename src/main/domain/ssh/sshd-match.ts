import ipaddr from "ipaddr.js";
import type { Account } from "#domain/collection/collection.ts";
import { spend } from "#domain/work-budget.ts";
import { type FromItem, mayMatchAddress, readFromList } from "./from-list.ts";
import { matchesPattern, matchPatternList } from "./pattern.ts";
import type { Criterion, Match } from "./sshd-config.ts";

/**
 * Whether a Match block holds for an account. "far" and "near" depend on where a login comes from or arrives, or on
 * something that was not read: "far" holds for the stranger from elsewhere below, "near" does not.
 */
export type Answer = "yes" | "no" | "far" | "near";

/** The connection that the collector asks `sshd -T` about: from an address that is kept for documentation. */
const ELSEWHERE = {
  host: "elsewhere.invalid",
  address: "192.0.2.1",
  localaddress: "192.0.2.2",
  localport: "22",
};

export type Known = {
  useDns: boolean;
  /** The account is in no group that was not read. */
  areGroupsWhole: boolean;
  /** Those on which the daemon listens; null: not told. */
  ports: ReadonlySet<string> | null;
};

/** What of a connection a Match block may ask for. */
const OF_CONNECTION = new Set(["address", "host", "localaddress", "localport", "rdomain"]);

export function matchAccount(match: Match, account: Account, known: Known): Answer {
  const answers = match.criteria.map((criterion) => matchCriterion(criterion, account, known));
  if (answers.includes("no")) return "no";
  if (answers.includes("near")) return "near";
  return answers.includes("far") ? "far" : "yes";
}

/** Whether the block holds without any connection: then sshd takes it for a part of the global settings, too. */
export const isUnconditional = (match: Match): boolean => match.criteria.every(({ name }) => name === "all");

/** Whether nothing but the connection keeps the block from being sure. */
export const dependsOnConnection = (match: Match, account: Account, known: Known): boolean =>
  match.criteria.every(
    (criterion) => OF_CONNECTION.has(criterion.name) || matchCriterion(criterion, account, known) === "yes",
  );

/** Whether nothing but the client's address does. */
export const dependsOnAddress = (match: Match, account: Account, known: Known): boolean =>
  match.criteria.every(
    (criterion) => criterion.name === "address" || matchCriterion(criterion, account, known) === "yes",
  );

/** Whether a block that depends on the client's address alone holds for this one. */
export const holdsForAddress = (match: Match, address: string): boolean =>
  match.criteria.every(({ name, argument }) => {
    const items = name === "address" ? readFromList(argument) : [];
    if (typeof items === "string") return false;
    const holding = items.filter((item) => holdsFor(item, address));
    return name !== "address" || (holding.length > 0 && !holding.some(({ isNegated }) => isNegated));
  });

function matchCriterion({ name, argument }: Criterion, account: Account, known: Known): Answer {
  spend(8);
  switch (name) {
    case "all":
      return "yes";
    case "invalid-user":
      return "no";
    case "user":
      return matchPatternList(account.name, argument) === "match" ? "yes" : "no";
    case "group":
      return matchGroups(account, argument, known);
    case "host":
      return matchHost(argument, known.useDns);
    case "address":
      return matchAddress(argument, ELSEWHERE.address);
    case "localaddress":
      return matchAddress(argument, ELSEWHERE.localaddress);
    case "localport":
      return matchPort(argument, known.ports);
    default:
      return "near";
  }
}

function matchPort(port: string, ports: Known["ports"]): Answer {
  if (ports && !ports.has(port)) return "no";
  if (ports?.size === 1) return "yes";
  return port === ELSEWHERE.localport ? "far" : "near";
}

function matchGroups({ groups }: Account, list: string, { areGroupsWhole }: Known): Answer {
  if (groups === null) return "near";
  const answers = groups.map((group) => matchPatternList(group, list));
  if (answers.includes("negated")) return "no";
  const isMatched = answers.includes("match");
  if (areGroupsWhole || (isMatched && !list.includes("!"))) return isMatched ? "yes" : "no";
  return isMatched ? "far" : "near";
}

/** sshd asked by `sshd -T` goes by the name it is given; a real login has its address for a name without UseDNS. */
function matchHost(argument: string, useDns: boolean): Answer {
  const items = readFromList(argument);
  if (typeof items === "string") return "no";
  if (matchPatternList(ELSEWHERE.host, argument.toLowerCase()) === "match") return "far";
  return items.some((item) => !item.isNegated && (useDns || mayMatchAddress(item))) ? "near" : "no";
}

function matchAddress(argument: string, elsewhere: string): Answer {
  const items = readFromList(argument);
  if (typeof items === "string") return "no";
  if (items.length === 1 && items[0]?.text === "*") return items[0].isNegated ? "no" : "yes";
  const holding = items.filter((item) => holdsFor(item, elsewhere));
  if (holding.length > 0 && !holding.some(({ isNegated }) => isNegated)) return "far";
  return items.some((item) => !item.isNegated && mayMatchAddress(item)) ? "near" : "no";
}

function holdsFor({ network, text }: FromItem, address: string): boolean {
  spend(60);
  if (!network) return matchesPattern(address, text);
  const own = ipaddr.parse(address);
  return own.kind() === network.address.kind() && own.match(network.address, network.bits);
}
