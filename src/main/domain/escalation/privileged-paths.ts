import type { Account, Collection, Group } from "#domain/collection/collection.ts";
import type { PathEntry } from "#domain/collection/paths.ts";
import { spend } from "#domain/work-budget.ts";
import type { Escalation } from "#shared/model/hosts/host-reach.ts";

/**
 * Which accounts are as good as root because they may write to a socket of docker, LXD, libvirt and their like, or to a
 * disk: each starts, or changes, whatever it is asked to as root. The same by a setuid program of root's: Linux takes
 * the bit away where a file is written to, but not where it is mapped and changed in memory. By owner, group and mode.
 * It is not certain where an ACL may let in more, or fewer; where groups are not known; where libvirt's socket is open
 * to everybody, for then it asks polkit; of a disk that by owner and group is not the system's, for it may hold a
 * database, or a guest; and of a setuid program, for what is mounted there may ignore the bit.
 */
export function findByPrivilegedPaths(
  paths: readonly PathEntry[],
  { accounts, groups }: Pick<Collection, "accounts" | "groups">,
): Escalation[] {
  const root = accounts.find(({ uid }) => uid === 0)?.name ?? "root";
  const others = accounts.filter(({ uid }) => uid !== 0);
  const groupsOf = Map.groupBy(groups ?? [], ({ gid }) => gid);
  const isMember = memberTest(others, groups ?? []);
  const found = new Map<string, Escalation>();
  for (const entry of paths) {
    const named = groupsOf.get(entry.gid) ?? [];
    const group = {
      name: named[0]?.name ?? String(entry.gid),
      isDisk: named.some(({ name }) => name === "disk"),
    };
    spend(named.length);
    for (const account of others) {
      spend();
      const by = mayWrite(account, entry, { ...group, isMember: isMember(account, entry.gid) });
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

/** Returns whether an account is in the group of a number, by any name of that: each list is read once. */
function memberTest(
  accounts: readonly Account[],
  groups: readonly Group[],
): (account: Account, gid: number) => boolean {
  const namedSo = Map.groupBy(groups, ({ name }) => name);
  const gidsOf = new Map(
    accounts.map((account) => {
      const named = (account.groups ?? []).flatMap((name) => namedSo.get(name) ?? []);
      spend(1 + named.length);
      return [account, new Set([account.gid, ...named.map(({ gid }) => gid)])];
    }),
  );
  return (account, gid) => gidsOf.get(account)?.has(gid) === true;
}

/** Setuid programs of root that somebody else may write to. */
export const findExposedPrograms = (programs: readonly PathEntry[]): PathEntry[] =>
  programs
    .slice(0, MOST_PROGRAMS)
    .filter(
      ({ uid, mode, hasAcl }) => uid === 0 && (mode & SETUID) !== 0 && ((mode & 0o022) !== 0 || hasAcl),
    );

/** Our collectors send no more. */
const MOST_PROGRAMS = 500;

const SETUID = 0o4000;

type Right = { rule: string; isCertain: boolean };

/** One of several paths is enough to know; a certain one takes the place of another. */
const isKnownAsWell = (known: Escalation | undefined, by: Right): boolean =>
  known !== undefined && (known.isCertain || !by.isCertain);

/** By what right an account may write to a path; null where it may not. The first that applies to it rules, as in access(2). */
function mayWrite(
  account: Account,
  { path, mode, uid, hasAcl }: PathEntry,
  { name, isDisk, isMember }: { name: string; isDisk: boolean; isMember: boolean },
): Right | null {
  const isSystems = !path.startsWith("/dev/") || (uid === 0 && isDisk);
  const isCertain = !hasAcl && isSystems && (mode & SETUID) === 0;
  if (account.uid === uid) return mode & 0o200 ? { rule: "its own", isCertain } : null;
  const group = `group ${name}`;
  if (isMember) return mode & 0o020 ? { rule: group, isCertain } : null;
  if (mode & 0o002) return { rule: "everybody", isCertain: isCertain && !path.includes("/libvirt/") };
  if (account.groups === null && mode & 0o020) return { rule: `${group}, if it is in it`, isCertain: false };
  return null;
}
