import type {
  Account,
  AuthorizedKeysFile,
  Collection,
  Group,
  HostFacts,
  OpenedFile,
  Unreadable,
} from "#domain/collection/collection.ts";
import type { PathEntry } from "#domain/collection/paths.ts";
import { type Contribution, doubt, refuse } from "#domain/ssh/opinion.ts";
import { matchesGlob } from "#domain/ssh/patterns.ts";
import {
  areGroupsWhole,
  expandPath,
  expandTokens,
  formatSetting,
  isYes,
  type Settings,
  type TokenAccount,
  tidy,
  versionOf,
} from "#domain/ssh/sshd-settings.ts";
import { spend } from "#domain/work-budget.ts";

/** From this version on, sshd expands wildcards in AuthorizedKeysFile. */
const WITH_GLOBS = 1_000;

/** The position of the file among those that AuthorizedKeysFile names for the account; null when it is none of them. */
export function orderOfFile(
  file: AuthorizedKeysFile,
  account: Account,
  settings: Settings,
  facts: HostFacts,
): number | null {
  const hasGlobs = expandsWildcards(facts);
  const path = tidy(file.path);
  const index = keyFilesOf(settings.get("AuthorizedKeysFile").values, account).findIndex((pattern) =>
    namesFile(pattern, path, hasGlobs),
  );
  return index < 0 ? null : index;
}

/** The paths, or patterns with wildcards, that AuthorizedKeysFile names for the account, in order; empty for `none`. */
export const keyFilesOf = (values: readonly string[], account: TokenAccount): string[] =>
  values.filter((pattern) => pattern.toLowerCase() !== "none").map((pattern) => expandPath(pattern, account));

/** Whether a pattern of AuthorizedKeysFile, tokens expanded, matches the file. `hasGlobs`: false before sshd 10.0. */
export const namesFile = (pattern: string, path: string, hasGlobs: boolean): boolean =>
  pattern === path || (hasGlobs && matchesGlob(path, pattern));

/** Whether an sshd of this version expands wildcards in AuthorizedKeysFile, or may; an older one takes them as text. */
export function expandsWildcards(facts: { sshdVersion: string | null }): boolean {
  const version = versionOf(facts);
  return version === null || version >= WITH_GLOBS;
}

/** Whether the pattern may match files with other names: only the host can expand it, with the account's rights. */
export const hasWildcard = (pattern: string): boolean => /[*?[]/.test(pattern);

/** Whether sshd consults the file for the account at all. */
export function decideWhichFiles(order: number | null, settings: Settings): Contribution {
  const setting = settings.get("AuthorizedKeysFile");
  if (order !== null) return {};
  const said = `sshd does not read this file for the account: ${formatSetting(setting)}`;
  return refuse(said, formatSetting(setting));
}

/** StrictModes, and whether sshd can open the file at all: it does so as the account. */
export function decideFileModes(
  file: OpenedFile,
  account: Account,
  settings: Settings,
  collection: Collection,
): Contribution[] {
  if (file.walk.length === 0)
    return [doubt(`owner and mode of ${file.path} and the folders above were not read`)];
  const [entry] = file.walk;
  if (entry && entry.type !== "file") return [refuse(`${entry.path} is not a regular file`)];
  return [
    decideReadable(file, account, collection),
    isYes(settings.get("StrictModes").values) ? decideStrictModes(file, account, settings, collection) : {},
  ];
}

/**
 * sshd opens the file with the account's own rights: it traverses the folders of the path as written, and those that
 * symbolic links lead to. We do not know what an ACL adds.
 */
function decideReadable(
  { walk, through }: OpenedFile,
  account: Account,
  collection: Collection,
): Contribution {
  if (account.uid === 0) return {};
  const steps = [
    ...walk.map((entry, index) => ({ entry, access: index === 0 ? 4 : 1 })),
    ...through.slice(1).map((entry) => ({ entry, access: 1 })),
  ];
  for (const { entry, access } of steps) {
    const right = rightsOf(entry, account, collection);
    if (right !== null && (right & access) !== 0) continue;
    const what = `${entry.path} is not ${access === 4 ? "readable" : "open"} to ${account.name} (mode ${formatMode(entry)})`;
    if (right === null || entry.hasAcl) return doubt(what);
    return refuse(what, `the mode of ${entry.path}`);
  }
  return {};
}

/**
 * Root or the account must own the file and each folder above it up to the account's home (outside of it: up to the
 * root), and nobody else may write there. The group bits of a file with an ACL are its mask: sshd checks those.
 */
function decideStrictModes(
  file: OpenedFile,
  account: Account,
  settings: Settings,
  collection: Collection,
): Contribution {
  const written = account.home.replace(/(?<=.)\/+$/, "");
  const home = collection.realHomes.get(account.name) ?? written;
  const atHome = file.walk.findIndex(({ path }, index) => index > 0 && path === home);
  const walked = atHome < 0 ? file.walk : file.walk.slice(0, atHome + 1);
  const read = [`owners and modes from ${file.realPath ?? file.path} up to ${walked.at(-1)?.path ?? "/"}`];
  for (const entry of walked) {
    const problem = findModeProblem(entry, account, collection);
    if (problem === null) continue;
    const reason = `StrictModes: ${problem.what}`;
    return {
      ...(problem.isSure ? refuse(reason, formatSetting(settings.get("StrictModes"))) : doubt(reason)),
      read,
    };
  }
  if (atHome < 0 && walked.at(-1)?.path !== "/") {
    const last = walked.at(-1)?.path ?? file.path;
    return { ...doubt(`the folders above ${last} were not read, which StrictModes checks`), read };
  }
  return { read };
}

function findModeProblem(
  entry: PathEntry,
  account: Account,
  collection: Collection,
): { what: string; isSure: boolean } | null {
  if (entry.uid !== 0 && entry.uid !== account.uid) {
    const what = `${entry.path} belongs to uid ${entry.uid}, neither to ${account.name} nor to root`;
    return { what, isSure: true };
  }
  if ((entry.mode & 0o022) === 0) return null;
  const pass = (entry.mode & 0o002) === 0 ? mayGroupWrite(entry, account, collection) : "no";
  if (pass === "yes") return null;
  const what = `${entry.path} is writable by others than its owner (mode ${formatMode(entry)})`;
  return { what, isSure: pass === "no" };
}

const formatMode = ({ mode }: PathEntry): string => mode.toString(8).padStart(4, "0");

/** Who is in which group, as far as it was read. */
type Directory = {
  accounts: readonly Account[];
  groups: readonly Group[] | null;
  unreadable: readonly Unreadable[];
  facts: HostFacts;
};

/** The three mode bits that apply to the account; null where they depend on a group that was not read. */
function rightsOf({ mode, uid, gid }: PathEntry, account: Account, directory: Directory): number | null {
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
 * Debian's sshd accepts a file that its group may write when the account is the group's only member: as its primary
 * group, or as the one name in the group's list. Any other sshd does not.
 */
function mayGroupWrite(
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

/** With this version we tried that sshd refuses root, too, before the session begins; earlier ones may differ. */
const TRIED = 1_000;

/**
 * ChrootDirectory: sshd hangs up after the login unless root owns the folder, and each one above it, and nobody else
 * may write there.
 */
export function decideChroot(
  account: Account,
  settings: Settings,
  { chrootFolders, facts }: Collection,
): Contribution {
  const setting = settings.get("ChrootDirectory");
  const [written = "none"] = setting.values;
  if (written.toLowerCase() === "none") return {};
  const path = expandTokens(written, account);
  if (path === "/") return {};
  const folder = chrootFolders.get(path);
  const refusal = (problem: string): Contribution => {
    const reason = `${problem} (ChrootDirectory, ${setting.location})`;
    const isSure = account.uid !== 0 || (versionOf(facts) ?? 0) >= TRIED;
    return isSure ? refuse(reason, formatSetting(setting)) : doubt(reason);
  };
  if (!path.startsWith("/")) return refusal(`${path} does not begin at the root`);
  if (folder?.isAbsent) return refusal(`${path} does not exist, and sshd hangs up`);
  if (!folder || folder.walk.length === 0) {
    const why = folder?.whyUnreadable ? `: ${folder.whyUnreadable}` : "";
    return doubt(`owner and mode of ${path} were not read${why} (ChrootDirectory, ${setting.location})`);
  }
  const problem = [...folder.walk]
    .reverse()
    .map(findProblem)
    .find((found) => found !== null);
  if (problem) return refusal(`${problem}, and sshd hangs up`);
  return {
    notes: [
      `sessions are locked in ${path}: a shell or a command must lie in it (ChrootDirectory, ${setting.location})`,
    ],
    read: [`owners and modes of ${path} and the folders above`],
  };
}

function findProblem({ path, type, uid, mode }: PathEntry): string | null {
  if (uid !== 0) return `${path} belongs to uid ${uid} and not to root`;
  if ((mode & 0o022) !== 0) return `${path} is writable by others than root`;
  return type === "folder" ? null : `${path} is not a folder`;
}
