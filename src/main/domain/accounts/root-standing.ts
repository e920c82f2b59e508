import { spend } from "#domain/work-budget.ts";
import type { RootStanding } from "#shared/model/access/account.ts";
import type { Escalation } from "#shared/model/hosts/host-reach.ts";

type Rules = { escalations: readonly Escalation[]; areRulesRead: boolean };

/** Whether each account of a host is root, or becomes root by rules of sudo and doas, in one step or several; by name. */
export function evaluateRootStandings(
  accounts: readonly { name: string; uid: number }[],
  { escalations, areRulesRead }: Rules,
): ReadonlyMap<string, RootStanding> {
  const roots = accounts.filter(({ uid }) => uid === 0).map(({ name }) => name);
  const leading = Map.groupBy(escalations, ({ target }) => target);
  const becomes = reach(roots, leading, isFull);
  const may = reach(roots, leading, () => true);
  return new Map(
    accounts.map(({ name, uid }) => {
      if (uid === 0) return [name, "is-root"];
      if (becomes.has(name)) return [name, "becomes-root"];
      if (may.has(name)) return [name, "maybe"];
      return [name, areRulesRead ? "no" : "unknown"];
    }),
  );
}

/** As good as being the other account: any command, or one that is a shell. */
const isFull = ({ commands, shell, isCertain }: Escalation): boolean =>
  isCertain && (commands === "any" || shell !== null);

/** The accounts from which rules lead to one of `ends`. */
function reach(
  ends: readonly string[],
  leading: ReadonlyMap<string, readonly Escalation[]>,
  counts: (one: Escalation) => boolean,
): ReadonlySet<string> {
  const met = new Set(ends);
  const next = [...ends];
  for (let name = next.pop(); name !== undefined; name = next.pop()) {
    for (const one of leading.get(name) ?? []) {
      spend();
      if (met.has(one.account) || !counts(one)) continue;
      met.add(one.account);
      next.push(one.account);
    }
  }
  return met;
}
