import {
  chmodSync,
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  type Stats,
  statfsSync,
  statSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { Refusal } from "#shared/model/refusal.ts";

/** Makes what is not there yet: the folder for its owner alone, and an empty file for its owner alone. */
export function makeFile(path: string): void {
  refuseFailure(path, () => mkdirSync(dirname(path), { recursive: true, mode: 0o700 }));
  if (statOf(path)) return;
  refuseFailure(path, () => closeSync(openSync(path, "wx", 0o600)));
}

type Use = {
  mayWrite: boolean;
  /** The file is replaced as a whole, so neither its content matters, nor that a restore gave it another name. */
  isReplaced?: boolean;
};

/** Refuses a file that another name, another user or another machine could change at the same time. */
export function checkFile(path: string, { mayWrite, isReplaced = false }: Use): void {
  const stat = statOf(path);
  if (!stat) return;
  const reason =
    reasonAgainst(stat) ?? (isReplaced ? null : reasonAgainstNames(stat)) ?? reasonAgainstFolder(path);
  if (reason !== null) throw new Refusal("unusable", `${path} ${reason}`);
  const isOpenToOthers = process.platform !== "win32" && (stat.mode & 0o077) !== 0;
  if (mayWrite && isOpenToOthers) refuseFailure(path, () => chmodSync(path, 0o600));
}

export const isMissing = (path: string): boolean => (statOf(path)?.size ?? 0) === 0;

export const sizeOf = (path: string): number => statOf(path)?.size ?? 0;

function reasonAgainst(stat: Stats): string | null {
  if (stat.isSymbolicLink()) return "is a symbolic link; name the file that it points to";
  if (!stat.isFile()) return "is not a file; name a file for the database";
  const user = process.geteuid?.();
  if (user !== undefined && stat.uid !== user) return "belongs to another user; run Latchkey as its owner";
  if (process.platform !== "win32" && (stat.mode & 0o002) !== 0)
    return "may be changed by every user of this computer; see that nobody did, and take that right away (chmod o-w)";
  return null;
}

function reasonAgainstNames({ nlink }: Stats): string | null {
  if (nlink <= 1) return null;
  return "has another name (a hard link), and SQLite would lose writes; remove the other name, or restore again if a restore was cut short";
}

function statOf(path: string): Stats | null {
  return refuseFailure(path, () => lstatSync(path, { throwIfNoEntry: false }) ?? null);
}

/** Does the work on that file. An error of the system becomes a sentence. */
export function refuseFailure<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    const why = reasons[code];
    if (why === undefined) throw error;
    throw new Refusal("unusable", `${path} cannot be used: ${why}`, { cause: error });
  }
}

const reasons: Record<string, string> = {
  EACCES: "you may not go there or write there; name another place, or change its permissions",
  EPERM: "you may not write there; name another place, or change its permissions",
  EROFS: "that file system is read-only; name another place",
  ENOSPC: "the disk is full; free some space and try again",
  ENOTDIR: "a part of the path is a file and no folder; name another place",
  EEXIST: "a part of the path is a file and no folder; name another place",
  ELOOP: "its links lead in a circle; name another place",
  ENAMETOOLONG: "the name is too long; name another place",
};

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
 * Names of folders that programs copy to other machines, or names that they leave in these. Case matters:
 * /home/nextcloud is the home of a server. `.dropbox` is not among them: it is in the home of everybody who has
 * Dropbox.
 */
const SYNC_FOLDER =
  /^(Dropbox|OneDrive( - .*)?|Google Drive|My Drive|iCloud Drive|Mobile Documents|CloudStorage|Nextcloud|ownCloud)$/;
const SYNC_MARKS = [".dropbox.cache", ".stfolder", ".nextcloudsync.log", ".owncloudsync.log"];

/** Why a database cannot be in that folder, as the end of a sentence; null when it can. */
function reasonAgainstFolder(path: string): string | null {
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

/** The folder itself, and all folders that it is in. */
function ancestorsOf(folder: string): string[] {
  const above = dirname(folder);
  return above === folder ? [folder] : [folder, ...ancestorsOf(above)];
}

const isSynced = (folder: string): boolean =>
  SYNC_FOLDER.test(basename(folder)) || SYNC_MARKS.some((mark) => existsSync(join(folder, mark)));

/** Nobody can replace another user's file in a sticky folder such as /tmp. */
function isOpenToAll(folder: string): boolean {
  if (process.platform === "win32") return false;
  const { mode } = statSync(folder);
  return (mode & 0o002) !== 0 && (mode & 0o1000) === 0;
}
