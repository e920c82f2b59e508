import { hostname, userInfo } from "node:os";
import { readTextFile, type TextFile } from "./read-text-file.ts";

const MOST_MEBIBYTES = 8;

/**
 * A file of ssh_config. Like ssh, `mustBeSafe` takes none that somebody else could have written: what stands there
 * decides whom we log in to.
 */
export const readSshConfigFile = (path: string, { mustBeSafe }: { mustBeSafe: boolean }): Promise<TextFile> =>
  readTextFile(path, MOST_MEBIBYTES, (about) => (mustBeSafe ? whyUnsafe(about) : null));

/** This user and this computer, as ssh_config may name them by `%i`, `%l` and `%L`. */
export const nameThisComputer = () => ({ uid: String(userInfo().uid), hostname: hostname() });

function whyUnsafe({ uid, mode }: { uid: number; mode: number }): string | null {
  const own = process.getuid?.();
  if (own === undefined) return null;
  if (uid !== 0 && uid !== own) return "it belongs to another user";
  return (mode & 0o022) === 0 ? null : "others may write to it; chmod go-w it, as ssh asks, too";
}
