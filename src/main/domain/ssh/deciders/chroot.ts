import type { Account, Collection } from "#domain/collection/collection.ts";
import type { PathEntry } from "#domain/collection/paths.ts";
import { type Contribution, doubt, refuse } from "#domain/ssh/contribution.ts";
import { formatSetting, type Settings } from "#domain/ssh/sshd-settings.ts";
import { versionOf } from "#domain/ssh/sshd-version.ts";
import { expandTokens } from "#domain/ssh/tokens.ts";

/** Whether root meets it before its session begins was tried with this version; earlier ones may differ. */
const TRIED = 1_000;

/**
 * ChrootDirectory: sshd hangs up after the login unless the folder, and each on the way to it, is root's and writable
 * by nobody else.
 */
export function decideChroot(
  account: Account,
  settings: Settings,
  { chrootFolders, facts }: Pick<Collection, "chrootFolders" | "facts">,
): Contribution {
  const setting = settings.get("ChrootDirectory");
  const [written = "none"] = setting.values;
  if (written.toLowerCase() === "none") return {};
  const path = expandTokens(written, account);
  if (path === "/") return {};
  const folder = chrootFolders.get(path);
  const say = (problem: string): Contribution => {
    const reason = `${problem} (ChrootDirectory, ${setting.place})`;
    const isSure = account.uid !== 0 || (versionOf(facts) ?? 0) >= TRIED;
    return isSure ? refuse(reason, formatSetting(setting)) : doubt(reason);
  };
  if (!path.startsWith("/")) return say(`${path} does not begin at the root`);
  if (folder?.isAbsent) return say(`${path} does not exist, and sshd hangs up`);
  if (!folder || folder.walk.length === 0) {
    const why = folder?.whyUnread ? `: ${folder.whyUnread}` : "";
    return doubt(`owner and mode of ${path} were not read${why} (ChrootDirectory, ${setting.place})`);
  }
  const problem = [...folder.walk]
    .reverse()
    .map(findProblem)
    .find((found) => found !== null);
  if (problem) return say(`${problem}, and sshd hangs up`);
  return {
    notes: [
      `sessions are locked in ${path}: a shell or a command must lie in it (ChrootDirectory, ${setting.place})`,
    ],
    read: [`owners and modes of ${path} and the folders above`],
  };
}

function findProblem({ path, type, uid, mode }: PathEntry): string | null {
  if (uid !== 0) return `${path} belongs to uid ${uid} and not to root`;
  if ((mode & 0o022) !== 0) return `${path} is writable by others than root`;
  return type === "folder" ? null : `${path} is not a folder`;
}
