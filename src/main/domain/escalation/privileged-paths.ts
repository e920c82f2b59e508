import type { Account, Collection } from "#domain/collection/collection.ts";
import type { PathEntry } from "#domain/collection/paths.ts";
import { spend } from "#domain/work-budget.ts";
import type { Escalation } from "#shared/model/hosts/host-reach.ts";

/** So many accounts of a host are told for one path that is open to everybody. */
const MOST_ACCOUNTS = 1_000;

/**
 * Which accounts are as good as root because they may write to a socket of docker, LXD, libvirt and their like, or to a
 * disk: each starts, or changes, whatever it is asked to as root. By owner, group and mode; an ACL may let in more, or
 * fewer.
 */
export function findByPrivilegedPaths(
  paths: readonly PathEntry[],
  { accounts, groups }: Pick<Collection, "accounts" | "groups">,
): Escalation[] {
  const root = accounts.find(({ uid }) => uid === 0)?.name ?? "root";
  const others = accounts.filter(({ uid }) => uid !== 0);
  const nameOf = new Map(groups?.toReversed().map(({ gid, name }) => [gid, name]));
  const found = new Map<string, Escalation>();
  for (const entry of paths) {
    const group = nameOf.get(entry.gid) ?? null;
    let count = 0;
    for (const account of others) {
      spend();
      const by = mayWrite(account, entry, group);
      // The first of several paths is enough to know.
      if (by === null || found.has(account.name) || ++count > MOST_ACCOUNTS) continue;
      found.set(account.name, {
        account: account.name,
        target: root,
        by: "group",
        commands: "any",
        password: "none",
        isCertain: by.isCertain,
        what: [],
        shell: null,
        rule: `${entry.path} (${by.rule})`,
      });
    }
  }
  return [...found.values()];
}

/** By what right an account may write to a path; null where it may not. The first that applies to it rules, as in access(2). */
function mayWrite(
  account: Account,
  { mode, uid, gid, hasAcl }: PathEntry,
  group: string | null,
): { rule: string; isCertain: boolean } | null {
  const isCertain = !hasAcl;
  if (account.uid === uid) return mode & 0o200 ? { rule: "its own", isCertain } : null;
  const isMember = account.gid === gid || (group !== null && account.groups?.includes(group) === true);
  if (isMember) return mode & 0o020 ? { rule: `group ${group ?? gid}`, isCertain } : null;
  if (mode & 0o002) return { rule: "everybody", isCertain };
  return null;
}
