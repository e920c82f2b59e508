import ipaddr from "ipaddr.js";
import type { Account } from "#domain/collection/collection.ts";
import { readFromList } from "./from-list.ts";
import type { Match } from "./sshd-config.ts";
import {
  type Answer,
  dependsOnAddress,
  dependsOnConnection,
  holdsForAddress,
  type Known,
  matchAccount,
} from "./sshd-match.ts";

/** How a Match block turns out where that is otherwise than for a login from elsewhere. */
export type Turn = { match: Match; holds: boolean };
/** Blocks that turn out otherwise than for a login from elsewhere, all at once. */
type Case = { turns: Turn[]; isByConnection: boolean };

/** More are not told apart: each costs as much as to judge the account once. */
const MOST_CASES = 64;

/**
 * Which Match blocks hold for a login from elsewhere, and every other way in which they may turn out. Blocks that go
 * by the client's address turn together, as they do for an address that lies in all of their networks; each other
 * one turns alone.
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
        turns: [{ match, holds: !holds(match) }],
        isByConnection: dependsOnConnection(match, account, known),
      }),
    );
  return { holds, cases: [...alone, ...turnByAddress(byAddress, holds)].slice(0, MOST_CASES) };
}

function turnByAddress(matches: readonly Match[], holds: (match: Match) => boolean): Case[] {
  const cases = new Map<string, Case>();
  for (const address of findAddresses(matches)) {
    const turns = matches
      .filter((match) => holdsForAddress(match, address) !== holds(match))
      .map((match) => ({ match, holds: !holds(match) }));
    if (turns.length > 0)
      cases.set(turns.map(({ match }) => match.place).join(), { turns, isByConnection: true });
  }
  // The simplest first: what one block opens is told by that one alone.
  return [...cases.values()].sort((one, other) => one.turns.length - other.turns.length);
}

/** An address of every region into which the networks of these blocks cut the world. */
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
