import ipaddr from "ipaddr.js";
import type { Account } from "#domain/collection/collection.ts";
import { spend } from "#domain/work-budget.ts";
import { type FromItem, mayMatchAddress, readFromList } from "./from-list.ts";
import { matchesPattern, matchPatternList } from "./patterns.ts";
import type { Criterion, Match } from "./sshd-config.ts";

/**
 * Whether a Match block holds for an account. With "far" and "near" it depends on where a login comes from or arrives,
 * or on something that was not read: "far" holds for a login from ELSEWHERE, "near" does not.
 */
type Answer = "yes" | "no" | "far" | "near";

/** The connection that the collector gives `sshd -T`: from an address that is reserved for documentation. */
const ELSEWHERE = {
  host: "elsewhere.invalid",
  address: "192.0.2.1",
  localaddress: "192.0.2.2",
  localport: "22",
};

type Known = {
  useDns: boolean;
  /** The account is in no group that was not read. */
  areGroupsWhole: boolean;
  /** Those on which the daemon listens; null: not known. */
  ports: ReadonlySet<string> | null;
};

/** The criteria of Match that depend on the connection. */
const OF_CONNECTION = new Set(["address", "host", "localaddress", "localport", "rdomain"]);

function matchAccount(match: Match, account: Account, known: Known): Answer {
  const answers = match.criteria.map((criterion) => matchCriterion(criterion, account, known));
  if (answers.includes("no")) return "no";
  if (answers.includes("near")) return "near";
  return answers.includes("far") ? "far" : "yes";
}

/** Whether the block is `Match all`: sshd takes it for a part of the global settings, too. */
export const isUnconditional = (match: Match): boolean => match.criteria.every(({ name }) => name === "all");

/** Whether the block depends on the connection alone. */
const dependsOnConnection = (match: Match, account: Account, known: Known): boolean =>
  match.criteria.every(
    (criterion) => OF_CONNECTION.has(criterion.name) || matchCriterion(criterion, account, known) === "yes",
  );

/** Whether it depends on the client's address alone. */
const dependsOnAddress = (match: Match, account: Account, known: Known): boolean =>
  match.criteria.every(
    (criterion) => criterion.name === "address" || matchCriterion(criterion, account, known) === "yes",
  );

/** Whether a block that depends on the client's address alone holds for this address. */
const holdsForAddress = (match: Match, address: string): boolean =>
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

/** `sshd -T` uses the host name that it is given; without UseDNS, a real login has its address for a name. */
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

/** Whether a Match block holds, where that differs from a login from ELSEWHERE. */
export type Turn = { match: Match; holds: boolean };
/** A case: all the blocks whose result differs from that for a login from ELSEWHERE. */
type Case = { outcomes: Turn[]; isByConnection: boolean };

/** Further cases are dropped: each costs as much as to evaluate the account once. */
const MOST_CASES = 64;

/**
 * Which Match blocks hold for a login from ELSEWHERE, and every other case that we evaluate. Blocks that depend on the
 * client's address alone change together, as for an address that lies in several of their networks; each other block
 * changes alone.
 */
export function casesByConnection(
  matches: readonly Match[],
  account: Account,
  known: Known,
): { holds(match: Match): boolean; cases: Case[] } {
  const answers = new Map<Match, Answer>(
    matches.map((match) => [match, matchAccount(match, account, known)]),
  );
  const holds = (match: Match): boolean => answers.get(match) === "yes" || answers.get(match) === "far";
  const open = matches.filter((match) => answers.get(match) === "far" || answers.get(match) === "near");
  const byAddress = open.filter((match) => dependsOnAddress(match, account, known));
  const ofAddress = new Set(byAddress);
  const alone = open
    .filter((match) => !ofAddress.has(match))
    .map(
      (match): Case => ({
        outcomes: [{ match, holds: !holds(match) }],
        isByConnection: dependsOnConnection(match, account, known),
      }),
    );
  return { holds, cases: [...alone, ...turnByAddress(byAddress, holds)].slice(0, MOST_CASES) };
}

function turnByAddress(matches: readonly Match[], holds: (match: Match) => boolean): Case[] {
  const cases = new Map<string, Case>();
  for (const address of findAddresses(matches)) {
    const outcomes = matches
      .filter((match) => holdsForAddress(match, address) !== holds(match))
      .map((match) => ({ match, holds: !holds(match) }));
    if (outcomes.length > 0)
      cases.set(outcomes.map(({ match }) => match.location).join(), { outcomes, isByConnection: true });
  }
  // The simplest first: what one block opens is reported with that block alone.
  return [...cases.values()].sort((one, other) => one.outcomes.length - other.outcomes.length);
}

/** At least one address of every region into which the networks of these blocks divide all addresses. */
function findAddresses(matches: readonly Match[]): string[] {
  const arguments_ = matches.flatMap(({ criteria }) =>
    criteria.filter(({ name }) => name === "address").map(({ argument }) => argument),
  );
  const items = arguments_.flatMap((argument) => {
    const list = readFromList(argument);
    return typeof list === "string" ? [] : list;
  });
  return [...new Set(items.flatMap(({ network, text }) => (network ? edgesOf(network) : fillPattern(text))))];
}

/** The first and the last address of a network, and those next to it on both sides. */
function edgesOf({ address, bits }: { address: ipaddr.IPv4 | ipaddr.IPv6; bits: number }): string[] {
  const bytes = address.toByteArray();
  const width = BigInt(bytes.length * 8);
  const first = bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
  const last = first + (1n << (width - BigInt(bits))) - 1n;
  return [first, last, first - 1n, last + 1n]
    .filter((number) => number >= 0n && number < 1n << width)
    .map((number) => toAddress(number, bytes.length));
}

function toAddress(number: bigint, length: number): string {
  const bytes = Array.from({ length }, (_, index) =>
    Number((number >> BigInt(8 * (length - 1 - index))) & 255n),
  );
  return ipaddr.fromByteArray(bytes).toString();
}

/** An address that a pattern such as 10.* or 192.168.?.1 matches. */
function fillPattern(pattern: string): string[] {
  const parts = pattern.replaceAll("?", "1").split(".");
  const filled = parts.map((part) => part.replaceAll("*", "1"));
  while (filled.length < 4 && pattern.endsWith("*")) filled.push("1");
  const address = filled.join(".");
  return ipaddr.IPv4.isValidFourPartDecimal(address) ? [address] : [];
}
