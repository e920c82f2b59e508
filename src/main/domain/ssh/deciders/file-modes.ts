import type { Account, AuthorizedKeysFile, Collection, PathEntry } from "#domain/collection/collection.ts";
import { type Contribution, doubt, refuse } from "#domain/ssh/contribution.ts";
import { isYes, type Settings } from "#domain/ssh/sshd-settings.ts";

/** StrictModes, and whether sshd can open the file at all: it does so as the account. */
export function decideFileModes(
  file: AuthorizedKeysFile,
  account: Account,
  settings: Settings,
  collection: Collection,
): Contribution[] {
  if (file.walk.length === 0)
    return [doubt(`owner and mode of ${file.path} and the folders above were not read`)];
  const [entry] = file.walk;
  if (entry && entry.type !== "file") return [refuse(`${entry.path} is not a regular file`)];
  const isStrict = isYes(settings.get("strictmodes").values);
  return [
    decideReadable(file, account, collection.accounts),
    isStrict ? decideStrictModes(file, account, collection) : {},
  ];
}

/** sshd opens it with the account's own rights. What an ACL adds is not known here. */
function decideReadable(
  { walk }: AuthorizedKeysFile,
  account: Account,
  accounts: readonly Account[],
): Contribution {
  if (account.uid === 0) return {};
  for (const [index, entry] of walk.entries()) {
    const wanted = index === 0 ? 4 : 1;
    const right = rightsOf(entry, account, accounts);
    if (right === null || (right & wanted) === 0) {
      const what = `${entry.path} is not ${index === 0 ? "readable" : "open"} to ${account.name} (mode ${sayMode(entry)})`;
      return right === null || entry.hasAcl ? doubt(what) : refuse(what);
    }
  }
  return {};
}

/** The three bits that count for the account; null where that hangs on a group that we cannot name. */
function rightsOf(
  { mode, uid, gid }: PathEntry,
  account: Account,
  accounts: readonly Account[],
): number | null {
  const [owner, group, others] = [(mode >> 6) & 7, (mode >> 3) & 7, mode & 7];
  if (uid === account.uid) return owner;
  if (gid === account.gid) return group;
  if (group === others) return others;
  const name = nameOfGroup(gid, accounts);
  if (name !== null && account.groups !== null) return account.groups.includes(name) ? group : others;
  return account.groups?.length === 1 ? others : null;
}

/** Known for the primary groups of accounts: it is the first of an account's groups. */
const nameOfGroup = (gid: number, accounts: readonly Account[]): string | null =>
  accounts.find((account) => account.gid === gid && account.groups?.length)?.groups?.[0] ?? null;

/**
 * The file, then each folder above it up to the account's home, or up to the root when it is outside: owned by root
 * or the account, writable by nobody else. The mode bits of a file with an ACL hold its mask, as sshd sees it.
 */
function decideStrictModes(file: AuthorizedKeysFile, account: Account, collection: Collection): Contribution {
  const home = account.home.replace(/(?<=.)\/+$/, "");
  const atHome = file.walk.findIndex(({ path }, index) => index > 0 && path === home);
  const walked = atHome < 0 ? file.walk : file.walk.slice(0, atHome + 1);
  const read = [`owners and modes from ${file.realPath ?? file.path} up to ${walked.at(-1)?.path ?? "/"}`];
  for (const entry of walked) {
    const problem = findModeProblem(entry, account);
    if (!problem) continue;
    const reason = `StrictModes: ${problem}`;
    const isUnsure = mayPassDebian(entry, account, collection) || isHomeLinked(file, home, atHome);
    return { ...(isUnsure ? doubt(reason) : refuse(reason)), read };
  }
  if (atHome < 0 && walked.at(-1)?.path !== "/") {
    return {
      ...doubt(
        `the folders above ${walked.at(-1)?.path ?? file.path} were not read, which StrictModes checks`,
      ),
      read,
    };
  }
  return { read };
}

function findModeProblem(entry: PathEntry, account: Account): string | null {
  if (entry.uid !== 0 && entry.uid !== account.uid) {
    return `${entry.path} belongs to uid ${entry.uid}, neither to ${account.name} nor to root`;
  }
  const isOpen = (entry.mode & 0o022) !== 0;
  return isOpen ? `${entry.path} is writable by others than its owner (mode ${sayMode(entry)})` : null;
}

/**
 * Whether the home itself could be a link: then the walk does not meet it by its name, and may have gone too far.
 * The path below it is the same, then.
 */
const isHomeLinked = ({ path, realPath }: AuthorizedKeysFile, home: string, atHome: number): boolean =>
  atHome < 0 &&
  path.startsWith(`${home}/`) &&
  realPath !== path &&
  realPath?.endsWith(path.slice(home.length)) === true;

/**
 * Debian's sshd lets a group write when the account is its only member. Whether it is, the group file alone could
 * tell; we only tell where it cannot be.
 */
function mayPassDebian(
  { mode, uid, gid }: PathEntry,
  account: Account,
  { accounts, facts }: Collection,
): boolean {
  const isDebian = /debian|ubuntu/i.test(`${facts.sshdVersion ?? ""} ${facts.os ?? ""}`);
  const isOnlyGroup = (mode & 0o022) === 0o020 && (uid === 0 || uid === account.uid);
  if (!isDebian || !isOnlyGroup) return false;
  const name = nameOfGroup(gid, accounts);
  return !accounts.some(
    (other) =>
      other.uid !== account.uid &&
      (other.gid === gid || (name !== null && other.groups?.includes(name) === true)),
  );
}

const sayMode = ({ mode }: PathEntry): string => mode.toString(8).padStart(4, "0");
