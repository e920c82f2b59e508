import { chmodSync, closeSync, lstatSync, mkdirSync, openSync, type Stats } from "node:fs";
import { dirname } from "node:path";
import { Refusal } from "#shared/model/refusal.ts";
import { reasonAgainstPlace } from "./check-place.ts";

/** Makes what is not there yet: the folder for its owner alone, and an empty file for its owner alone. */
export function makeFile(path: string): void {
  refuseFailure(path, () => mkdirSync(dirname(path), { recursive: true, mode: 0o700 }));
  if (statOf(path)) return;
  refuseFailure(path, () => closeSync(openSync(path, "wx", 0o600)));
}

type Use = {
  mayWrite: boolean;
  /** It is to be replaced as a whole, so that what it holds does not matter, nor that a restore gave it another name. */
  isReplaced?: boolean;
};

/** Refuses a file that another name, another user or another machine could change beside us. */
export function checkFile(path: string, { mayWrite, isReplaced = false }: Use): void {
  const stat = statOf(path);
  if (!stat) return;
  const reason =
    reasonAgainst(stat) ?? (isReplaced ? null : reasonAgainstNames(stat)) ?? reasonAgainstPlace(path);
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

/** Does the work on that file; what the system refuses becomes a sentence. */
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
