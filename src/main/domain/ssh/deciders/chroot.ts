import type { Account, Collection, PathEntry } from "#domain/collection/collection.ts";
import { type Contribution, doubt, refuse } from "#domain/ssh/contribution.ts";
import { type Settings, saySetting } from "#domain/ssh/sshd-settings.ts";
import { expandTokens } from "#domain/ssh/tokens.ts";

/**
 * ChrootDirectory: sshd hangs up after the login unless the folder, and each on the way to it, is root's and writable
 * by nobody else. Root is only locked in when a session begins, and may forward ports before.
 */
export function decideChroot(
  account: Account,
  settings: Settings,
  { chrootFolders }: Pick<Collection, "chrootFolders">,
): Contribution {
  const setting = settings.get("ChrootDirectory");
  const [written = "none"] = setting.values;
  if (written.toLowerCase() === "none") return {};
  const path = expandTokens(written, account);
  if (path === "/") return {};
  const folder = chrootFolders.get(path);
  const say = (problem: string): Contribution => {
    const reason = `${problem} (ChrootDirectory, ${setting.place})`;
    return account.uid === 0
      ? { notes: [`${reason}: root gets no session`] }
      : refuse(reason, saySetting(setting));
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
