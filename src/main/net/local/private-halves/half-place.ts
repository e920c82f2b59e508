/** Where a private half of this computer stands, what lies beside it while it is replaced, and how far that has come. */
import { createHash } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { lstat } from "node:fs/promises";
import { readSmallFile } from "#net/ssh/identities.ts";
import { LARGEST_KEY_FILE, readPrivateKeyFile } from "#net/ssh/private-key-file.ts";
import type { FileHash } from "#shared/model/file-hash.ts";

export type HalfPlace = {
  path: string;
  /** Of the private file that is to be replaced; null: nothing stands there yet. */
  before: FileHash | null;
  /** A public half is written beside it. */
  hasPublicFile: boolean;
};

/**
 * `untouched`; `made`: the new half lies beside the old one; `in-place`: the new half is where the old one was, which is
 * kept beside it; `committed`: the old one is gone. `strange`: something else lies there, and nothing is done about it.
 */
export type HalfState =
  | {
      kind: "untouched" | "made";
      /** Its public half is hidden, or the old half is kept under its other name already. */
      isBegun: boolean;
    }
  | { kind: "in-place" | "committed" }
  | { kind: "strange"; message: string };

/**
 * Where an old half stays for good, where the old key still counts: under a name of its own, so that it stands in no later run's way.
 * `before`: its hash.
 */
export const nameKept = (path: string, before: FileHash): string =>
  `${path}.latchkey-kept-${before.slice(0, 8)}`;

/** All beside the private file, so that a rename never leaves its file system. */
export const namesOf = (path: string) => ({
  now: path,
  nowPublic: `${path}.pub`,
  made: `${path}.latchkey-new`,
  madePublic: `${path}.latchkey-new.pub`,
  old: `${path}.latchkey-old`,
  oldPublic: `${path}.latchkey-old.pub`,
  /** What is being written; whoever finds one may remove it. */
  torn: `${path}.latchkey-torn`,
});

export type Found = "none" | "before" | "new" | "other";

export async function lookAtHalf(place: HalfPlace, fingerprint: string): Promise<HalfState> {
  const { now, made, old } = namesOf(place.path);
  const look = (path: string) => lookAt(path, place.before, fingerprint);
  const [nowFound, madeFound, oldFound] = [await look(now), await look(made), await look(old)];
  const strange = (path: string, what: string): HalfState => ({
    kind: "strange",
    message: `${path} ${what}`,
  });
  if (madeFound === "other" || madeFound === "before")
    return strange(made, "is not a key of this run: move it away");
  if (oldFound === "other" || oldFound === "new") return strange(old, "is not of this run: move it away");
  const isBefore = nowFound === (place.before === null ? "none" : "before");
  if (isBefore) {
    const isBegun = oldFound === "before" || (await isHidden(place.path));
    return { kind: madeFound === "new" ? "made" : "untouched", isBegun };
  }
  if (nowFound !== "new")
    return strange(
      now,
      nowFound === "none" ? "is gone" : "was changed by somebody else, or is no regular file",
    );
  return { kind: place.before === null || oldFound === "before" ? "in-place" : "committed" };
}

async function isHidden(path: string): Promise<boolean> {
  const { nowPublic, oldPublic } = namesOf(path);
  return (await isThere(oldPublic)) && !(await isThere(nowPublic));
}

/** Whatever it is, also a link to nowhere. */
export async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (MISSING.has((error as NodeJS.ErrnoException).code ?? "")) return false;
    throw error;
  }
}

const MISSING = new Set(["ENOENT", "ENOTDIR"]);

async function lookAt(path: string, before: FileHash | null, fingerprint: string): Promise<Found> {
  const bytes = await readOwn(path);
  if (!Buffer.isBuffer(bytes)) return bytes === "missing" ? "none" : "other";
  return identify(bytes, before, fingerprint);
}

function identify(bytes: Buffer, before: FileHash | null, fingerprint: string): Found {
  if (createHash("sha256").update(bytes).digest("hex") === before) return "before";
  return readPrivateKeyFile(bytes).fingerprint === fingerprint ? "new" : "other";
}

/** What stands in the key's own place, for whoever changes it in the same breath. */
export function findInPlace({ path, before }: HalfPlace, fingerprint: string): Found {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    return MISSING.has((error as NodeJS.ErrnoException).code ?? "") ? "none" : "other";
  }
  try {
    if (!fstatSync(file).isFile()) return "other";
    const buffer = Buffer.alloc(LARGEST_KEY_FILE + 1);
    return identify(buffer.subarray(0, readSync(file, buffer)), before, fingerprint);
  } finally {
    closeSync(file);
  }
}

/** Never through a link: who renames over one would leave the file that it leads to. */
export async function readOwn(path: string): ReturnType<typeof readSmallFile> {
  const about = await lstat(path).catch(() => null);
  return about?.isSymbolicLink() ? { unreadable: "it is a link" } : readSmallFile(path);
}
