import { existsSync, statfsSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/** Linux's numbers of file systems that share a file between machines, where a write-ahead log breaks. */
const SHARED = new Map([
  [0x6969, "NFS"],
  [0x517b, "SMB"],
  [0xff534d42, "CIFS"],
  [0xfe534d42, "SMB"],
  [0x01021997, "9P"],
  [0x5346414f, "AFS"],
  [0x00c36400, "Ceph"],
  [0x0bd00bd0, "Lustre"],
]);

/**
 * What programs that copy a folder to other machines call it, or leave in it. In their own letters: /home/nextcloud is
 * the home of a server. Not by `.dropbox`, which is a folder in the home of everybody who has Dropbox.
 */
const SYNC_FOLDER =
  /^(Dropbox|OneDrive( - .*)?|Google Drive|My Drive|iCloud Drive|Mobile Documents|CloudStorage|Nextcloud|ownCloud)$/;
const SYNC_MARKS = [".dropbox.cache", ".stfolder", ".nextcloudsync.log", ".owncloudsync.log"];

/** Why a database cannot be in that folder, as the end of a sentence; null when it can. */
export function reasonAgainstPlace(path: string): string | null {
  const folder = dirname(path);
  if (process.platform === "linux") {
    const shared = SHARED.get(statfsSync(folder).type >>> 0);
    if (shared !== undefined)
      return `is on a network file system (${shared}), where SQLite can lose data; put it on a local disk`;
  }
  const synced = ancestorsOf(folder).find(isSynced);
  if (synced !== undefined)
    return `is in ${synced}, which another program copies to other machines, and would copy it half-written; put it elsewhere`;
  if (isOpenToAll(folder))
    return `is in ${folder}, where every user of this computer may replace it; take that right away (chmod o-w)`;
  return null;
}

/** The folder itself, and all that it is in. */
function ancestorsOf(folder: string): string[] {
  const above = dirname(folder);
  return above === folder ? [folder] : [folder, ...ancestorsOf(above)];
}

const isSynced = (folder: string): boolean =>
  SYNC_FOLDER.test(basename(folder)) || SYNC_MARKS.some((mark) => existsSync(join(folder, mark)));

/** In one that is sticky, as /tmp is, nobody replaces what is another's. */
function isOpenToAll(folder: string): boolean {
  if (process.platform === "win32") return false;
  const { mode } = statSync(folder);
  return (mode & 0o002) !== 0 && (mode & 0o1000) === 0;
}
