import { hostname, userInfo } from "node:os";
import { isPrivateGroup } from "./private-group.ts";
import { type About, readTextFile, type TextFile } from "./read-text-file.ts";

const MOST_MEBIBYTES = 8;

/**
 * A file of ssh_config. Like ssh, `mustBeSafe` takes none that somebody else could have written: what stands there
 * decides whom we log in to.
 */
export const readSshConfigFile = (path: string, { mustBeSafe }: { mustBeSafe: boolean }): Promise<TextFile> =>
  readTextFile(path, MOST_MEBIBYTES, (about) => (mustBeSafe ? whyUnsafe(about) : null));

/** This user and this computer, as ssh_config may name them by `%i`, `%l` and `%L`. */
export const nameThisComputer = () => ({ uid: String(userInfo().uid), hostname: hostname() });

/** A group that this user is alone in is nobody else; Debian's ssh has it so, where new files are their group's to write. */
async function whyUnsafe({ uid, gid, mode }: About): Promise<string | null> {
  const own = process.getuid?.();
  if (own === undefined) return null;
  if (uid !== 0 && uid !== own) return "it belongs to another user";
  const isSafe = (mode & 0o022) === 0 || ((mode & 0o002) === 0 && (await isAlone(own, gid)));
  return isSafe ? null : "others may write to it; chmod go-w it, as ssh asks, too";
}

async function isAlone(uid: number, gid: number): Promise<boolean> {
  const [passwd, group] = await Promise.all(
    ["/etc/passwd", "/etc/group"].map((path) => readTextFile(path, MOST_MEBIBYTES)),
  );
  if (!passwd || !group || !("text" in passwd && "text" in group)) return false;
  return isPrivateGroup(gid, uid, { passwd: passwd.text, group: group.text });
}
