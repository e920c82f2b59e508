import type { Account, Collection } from "#domain/collection/collection.ts";
import type { PathEntry } from "#domain/collection/paths.ts";
import { spend } from "#domain/work-budget.ts";
import type { Escalation } from "#shared/model/hosts/host-reach.ts";

/**
 * Which accounts are as good as root because they may write to a socket of docker, LXD, libvirt and their like, or to a
 * disk: each starts, or changes, whatever it is asked to as root. By owner, group and mode. It is not certain where an
 * ACL may let in more, or fewer; where groups are not known; where libvirt's socket is open to everybody, for then it
 * asks polkit; and of a disk that by owner and group is not the system's, for it may hold a database, or a guest.
 */
export function findByPrivilegedPaths(
  paths: readonly PathEntry[],
  { accounts, groups }: Pick<Collection, "accounts" | "groups">,
): Escalation[] {
  const root = accounts.find(({ uid }) => uid === 0)?.name ?? "root";
  const others = accounts.filter(({ uid }) => uid !== 0);
  const groupsOf = Map.groupBy(groups ?? [], ({ gid }) => gid);
  const found = new Map<string, Escalation>();
  for (const entry of paths) {
    const names = (groupsOf.get(entry.gid) ?? []).map(({ name }) => name);
    for (const account of others) {
      spend();
      const by = mayWrite(account, entry, names);
      if (by === null || isKnownAsWell(found.get(account.name), by)) continue;
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

type Right = { rule: string; isCertain: boolean };

/** One of several paths is enough to know; a certain one takes the place of another. */
const isKnownAsWell = (known: Escalation | undefined, by: Right): boolean =>
  known !== undefined && (known.isCertain || !by.isCertain);

/** By what right an account may write to a path; null where it may not. The first that applies to it rules, as in access(2). */
function mayWrite(
  account: Account,
  { path, mode, uid, gid, hasAcl }: PathEntry,
  names: readonly string[],
): Right | null {
  const isDisk = path.startsWith("/dev/");
  const isSystems = !isDisk || (uid === 0 && names.includes("disk"));
  const isCertain = !hasAcl && isSystems;
  if (account.uid === uid) return mode & 0o200 ? { rule: "its own", isCertain } : null;
  const group = `group ${names[0] ?? gid}`;
  const isMember = account.gid === gid || names.some((name) => account.groups?.includes(name) === true);
  if (isMember) return mode & 0o020 ? { rule: group, isCertain } : null;
  if (mode & 0o002) return { rule: "everybody", isCertain: isCertain && !path.includes("/libvirt/") };
  if (account.groups === null && mode & 0o020) return { rule: `${group}, if it is in it`, isCertain: false };
  return null;
}
