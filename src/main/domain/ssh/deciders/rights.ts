import type { Account, Collection, PathEntry } from "#domain/collection/collection.ts";
import { areGroupsWhole } from "#domain/ssh/sshd-settings.ts";
import { spend } from "#domain/work-budget.ts";

type Directory = Pick<Collection, "accounts" | "groups" | "unread" | "facts">;

/** The three bits that count for the account; null where that hangs on a group that was not read. */
export function rightsOf(
  { mode, uid, gid }: PathEntry,
  account: Account,
  directory: Directory,
): number | null {
  const [owner, group, others] = [(mode >> 6) & 7, (mode >> 3) & 7, mode & 7];
  if (uid === account.uid) return owner;
  if (gid === account.gid) return group;
  if (group === others) return others;
  spend(directory.groups?.length ?? 0);
  const isMember = directory.groups?.some((one) => one.gid === gid && isIn(account.name, one.members));
  if (isMember) return group;
  return isMember === undefined || !areGroupsWhole(directory) ? null : others;
}

/**
 * Debian's sshd lets a group write when the account is its only member: by its primary group, or as the one name in
 * the group's list. Any other sshd does not.
 */
export function mayGroupWrite(
  { gid, uid }: PathEntry,
  account: Account,
  directory: Directory,
): "yes" | "no" | "unknown" {
  if (!directory.facts.isDebianSshd) return "no";
  spend(2 * directory.accounts.length + (directory.groups?.length ?? 0));
  const primary = directory.accounts.filter((one) => one.gid === gid);
  if (primary.some((one) => one.uid !== account.uid)) return "no";
  if (!directory.groups) return "unknown";
  const group = directory.groups.find((one) => one.gid === gid);
  if (!group) return areGroupsWhole(directory) ? "no" : "unknown";
  const owner = directory.accounts.find((one) => one.uid === uid)?.name;
  const [member, ...more] = group.members;
  if (member !== undefined && (member !== owner || more.length > 0)) return "no";
  if (primary.length === 0 && member === undefined) return "no";
  return areGroupsWhole(directory) ? "yes" : "unknown";
}

function isIn(name: string, members: readonly string[]): boolean {
  spend(members.length);
  return members.includes(name);
}
