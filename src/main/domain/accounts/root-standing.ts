import { spend } from "#domain/work-budget.ts";
import type { RootStanding } from "#shared/model/access/account.ts";
import type { Escalation } from "#shared/model/hosts/host-reach.ts";

type Rules = { escalations: readonly Escalation[]; areRulesRead: boolean };

/**
 * Whether each account of a host is root, or becomes root in one step or several; by name. Accounts of one number are one
 * to the kernel: what one of them may, all may.
 */
export function evaluateRootStandings(
  accounts: readonly { name: string; uid: number }[],
  { escalations, areRulesRead }: Rules,
): ReadonlyMap<string, RootStanding> {
  const roots = accounts.filter(({ uid }) => uid === 0).map(({ name }) => name);
  const leading = Map.groupBy(escalations, ({ target }) => target);
  const sameOf = namesOfOne(accounts);
  const becomes = reach(roots, { leading, sameOf, counts: isFull });
  const may = reach(roots, { leading, sameOf, counts: () => true });
  return new Map(
    accounts.map(({ name, uid }) => {
      if (uid === 0) return [name, "is-root"];
      if (becomes.has(name)) return [name, "becomes-root"];
      if (may.has(name)) return [name, "maybe"];
      return [name, areRulesRead ? "no" : "unknown"];
    }),
  );
}

/**
 * The accounts that become root, or may, by what anybody there sees, such as a socket that they may write to: not only by
 * rules of sudo of which some were left unread.
 */
export function findShownEscalations(
  accounts: readonly { name: string; uid: number }[],
  { escalations, areRulesRead }: Rules,
): ReadonlySet<string> {
  const roots = accounts.filter(({ uid }) => uid === 0).map(({ name }) => name);
  const shown = escalations.filter(({ by }) => areRulesRead || by !== "sudo");
  const leading = Map.groupBy(shown, ({ target }) => target);
  return reach(roots, { leading, sameOf: namesOfOne(accounts), counts: () => true });
}

/** As good as being the other account: any command, or one that is a shell. */
const isFull = ({ commands, shell, isCertain }: Escalation): boolean =>
  isCertain && (commands === "any" || shell !== null);

type Steps = {
  /** By the account that they lead to. */
  leading: ReadonlyMap<string, readonly Escalation[]>;
  /** All names of the number that a name has. */
  sameOf: (name: string) => readonly string[];
  counts: (one: Escalation) => boolean;
};

/** The accounts from which rules lead to one of `ends`. */
function reach(ends: readonly string[], { leading, sameOf, counts }: Steps): ReadonlySet<string> {
  const met = new Set(ends);
  const next = [...ends];
  const meet = (account: string) => {
    for (const name of sameOf(account)) {
      spend();
      if (met.has(name)) continue;
      met.add(name);
      next.push(name);
    }
  };
  for (let name = next.pop(); name !== undefined; name = next.pop())
    for (const one of leading.get(name) ?? []) {
      spend();
      if (!met.has(one.account) && counts(one)) meet(one.account);
    }
  return met;
}

function namesOfOne(accounts: readonly { name: string; uid: number }[]): (name: string) => readonly string[] {
  const byUid = Map.groupBy(accounts, ({ uid }) => uid);
  const uidOf = new Map(accounts.map(({ name, uid }) => [name, uid]));
  const names = new Map([...byUid].map(([uid, same]) => [uid, same.map(({ name }) => name)]));
  return (name) => names.get(uidOf.get(name) ?? -1) ?? [name];
}
