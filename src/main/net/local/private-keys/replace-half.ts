/**
 * Replaces a private key of this computer, a step at a time. Every step looks first, goes on from wherever an earlier
 * one was cut short, and may be called again. At any time the path holds the old key or the new one, whole.
 */

import { createHash, hash } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, readSync, rmSync } from "node:fs";
import { chmod, chown, copyFile, link, lstat, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { readSmallFile } from "#net/ssh/identities.ts";
import { LARGEST_KEY_FILE, readPrivateKeyFile } from "#net/ssh/private-key-file.ts";
import type { FileHash } from "#shared/model/runs/deployment.ts";
import { Redacted } from "#shared/model/secret.ts";
import { type KeyPair, sealPair } from "./key-pair.ts";
import { moveBetweenLogins } from "./move-between-logins.ts";

/** `refused`: nothing was done. `failed`: it was begun; what stands is whole, and the step may be tried again. */
export type HalfOutcome = { kind: "done" } | { kind: "refused" | "failed"; message: string };

/** Lays the new half beside the old one, or nothing. */
export async function makeHalf(
  place: HalfPlace,
  pair: KeyPair,
  passphrase: Redacted<string> | null,
): Promise<HalfOutcome> {
  return step(place, pair.fingerprint, ["untouched", "made", "in-place"], async (state) => {
    if (state.kind === "in-place") return null;
    const { made, madePublic, nowPublic } = namesOf(place.path);
    const line = [pair.line, pair.comment].filter(Boolean).join(" ");
    try {
      if (state.kind === "untouched") {
        if (place.before === null) await mkdir(dirname(place.path), { recursive: true, mode: 0o700 });
        const text = await sealPair(pair, passphrase);
        await writeWhole(place, made, { text: Redacted.reveal(text), mode: 0o600 });
      }
      // A public half of another key beside it would be offered in its stead.
      if (place.hasPublicFile || (await isThere(nowPublic)))
        await writeWhole(place, madePublic, { text: `${line}\n`, mode: 0o644 });
    } catch (error) {
      // Nobody knows of it yet.
      if (state.kind === "untouched") await rm(made, { force: true });
      throw error;
    }
    return null;
  });
}

/**
 * The new half takes the path, and the old one is kept beside it. ssh offers the public half that lies beside a private
 * one, and signs with the private one: while the two are exchanged there is none.
 */
export async function putHalf(place: HalfPlace, fingerprint: string): Promise<HalfOutcome> {
  return step(place, fingerprint, ["made", "in-place"], async (state) => {
    const { now, made, old, nowPublic, madePublic, oldPublic } = namesOf(place.path);
    if (state.kind === "made") {
      const isHidden = !(await isThere(nowPublic));
      if (!isHidden && (await lstat(nowPublic)).isDirectory())
        return `${nowPublic}, where the public key goes, is a folder: move it away`;
      if (!isHidden && (await isThere(oldPublic))) return `${oldPublic} is not of this run: move it away`;
      await dressAs(now, made);
      if (!isHidden) await rename(nowPublic, oldPublic);
      await keep(place, now, old);
      const expected: Found = place.before === null ? "none" : "before";
      if (!(await moveBetweenLogins(made, now, () => findInPlace(place, fingerprint) === expected))) {
        if (!isHidden && !(await isThere(nowPublic))) await rename(oldPublic, nowPublic);
        return formatChanged(place);
      }
    }
    if (await isThere(madePublic)) {
      await dressAs(oldPublic, madePublic);
      await rename(madePublic, nowPublic);
    }
    return null;
  });
}

/** The old half goes for good. */
export async function commitHalf(place: HalfPlace, fingerprint: string): Promise<HalfOutcome> {
  return step(place, fingerprint, ["in-place", "committed"], async () => {
    const { old, oldPublic, torn } = namesOf(place.path);
    // The public one first: while the private one is there, this is still to be done.
    for (const path of [torn, oldPublic, old]) await rm(path, { force: true });
    return null;
  });
}

/** The old half stays, under a name of its own. */
export async function keepHalf(place: HalfPlace, fingerprint: string): Promise<HalfOutcome> {
  return step(place, fingerprint, ["in-place", "committed"], async () => {
    if (place.before === null) return null;
    const { old, oldPublic } = namesOf(place.path);
    const kept = nameKept(place.path, place.before);
    if (await isThere(oldPublic)) await rename(oldPublic, `${kept}.pub`);
    if (await isThere(old)) await rename(old, kept);
    return null;
  });
}

/** What `keepHalf` has kept is gone, whatever stands in its place by now: only the very file of the plan. */
export async function dropKeptHalf({ path, before }: HalfPlace): Promise<HalfOutcome> {
  if (before === null) return { kind: "done" };
  const kept = nameKept(path, before);
  return actOn(kept, async () => {
    if (!(await isThere(kept))) return null;
    const bytes = await readOwn(kept);
    if (!Buffer.isBuffer(bytes) || hash("sha256", bytes) !== before)
      return `${kept} is not the old key of this run: check it`;
    for (const one of [`${kept}.pub`, kept]) await rm(one, { force: true });
    await syncFolder({ path });
    return null;
  });
}

/** The old half, the very same file, takes its path back, and the new one goes for good. */
export async function undoHalf(place: HalfPlace, fingerprint: string): Promise<HalfOutcome> {
  return step(place, fingerprint, ["untouched", "made", "in-place"], async (state) => {
    const { now, made, old, nowPublic, madePublic, oldPublic, torn } = namesOf(place.path);
    if (state.kind === "in-place") {
      await rm(nowPublic, { force: true });
      const isUnchanged = () => findInPlace(place, fingerprint) === "new";
      if (place.before !== null) {
        if (!(await moveBetweenLogins(old, now, isUnchanged))) return formatChanged(place);
      } else if (isUnchanged()) rmSync(now);
      else return formatChanged(place);
    }
    // Beside one that was not hidden, it is somebody else's.
    if ((await isThere(oldPublic)) && !(await isThere(nowPublic))) await rename(oldPublic, nowPublic);
    for (const path of [torn, madePublic, made, old]) await rm(path, { force: true });
    return null;
  });
}

const formatChanged = ({ path, before }: HalfPlace): string =>
  `${path} was changed by somebody else meanwhile and is left as it is${before === null ? "" : `; the key that stood there is ${namesOf(path).old}`}`;

/** What was being written when whoever wrote it was killed is gone. */
export async function clearTorn({ path }: Pick<HalfPlace, "path">): Promise<void> {
  await rm(namesOf(path).torn, { force: true });
}

/** `act` answers with why it has done nothing, where that is so. */
async function step(
  place: HalfPlace,
  fingerprint: string,
  from: readonly HalfState["kind"][],
  act: (state: HalfState) => Promise<string | null>,
): Promise<HalfOutcome> {
  return actOn(place.path, async () => {
    const state = await lookAtHalf(place, fingerprint);
    if (state.kind === "strange") return state.message;
    if (!from.includes(state.kind)) return `${place.path} ${SAY[state.kind]}`;
    const refused = await act(state);
    if (!refused) await syncFolder(place);
    return refused;
  });
}

/** `act` answers with why it has done nothing, where that is so. */
async function actOn(path: string, act: () => Promise<string | null>): Promise<HalfOutcome> {
  try {
    const refused = await act();
    return refused === null ? { kind: "done" } : { kind: "refused", message: refused };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (!code) throw error;
    return { kind: "failed", message: `${path} could not be replaced (${code})` };
  }
}

const SAY = {
  untouched: "has no new key beside it",
  made: "is still the old key",
  "in-place": "is the new key already",
  committed: "is the new key, and the old one is gone",
} as const;

/** All of it or nothing: a file that was cut short never has the name. */
async function writeWhole(place: HalfPlace, path: string, { text, mode }: { text: string; mode: number }) {
  await writeTorn(place, async (torn) => {
    await using file = await open(torn, "wx", mode);
    await file.writeFile(text);
    await file.sync();
  });
  await rename(namesOf(place.path).torn, path);
  await syncFolder(place);
}

/** What could not be written wholly does not stay. */
async function writeTorn(place: HalfPlace, write: (torn: string) => Promise<void>): Promise<void> {
  await clearTorn(place);
  try {
    await write(namesOf(place.path).torn);
  } catch (error) {
    await clearTorn(place);
    throw error;
  }
}

/** Another name for the same file; where a file system has no such, a copy of it. */
async function keep(place: HalfPlace, from: string, to: string): Promise<void> {
  if (!(await isThere(from)) || (await isThere(to))) return;
  try {
    await link(from, to);
  } catch (error) {
    if (!NO_LINKS.has((error as NodeJS.ErrnoException).code ?? "")) throw error;
    await writeTorn(place, async (torn) => {
      await copyFile(from, torn);
      await dressAs(from, torn);
      await using file = await open(torn, "r+");
      await file.sync();
    });
    await rename(namesOf(place.path).torn, to);
  }
  await syncFolder(place);
}

const NO_LINKS = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK", "EXDEV"]);

/** Owner and mode are the other's, where there is another and the system has such. A link has no mode of its own. */
async function dressAs(model: string, path: string): Promise<void> {
  if (process.platform === "win32") return;
  const [theirs, ours] = [await lstat(model).catch(() => null), await lstat(path)];
  if (!theirs) return;
  if (theirs.uid !== ours.uid || theirs.gid !== ours.gid) await chown(path, theirs.uid, theirs.gid);
  if (!theirs.isSymbolicLink()) await chmod(path, theirs.mode & 0o777);
}

/** On Windows a folder cannot be opened: what was renamed is kept by its journal. */
async function syncFolder({ path }: Pick<HalfPlace, "path">): Promise<void> {
  if (process.platform === "win32") return;
  await using folder = await open(dirname(path), "r");
  await folder.sync();
}

/** Where a private key of this computer stands, what lies beside it while it is replaced, and how far that has come. */

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
type HalfState =
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

type Found = "none" | "before" | "new" | "other";

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
async function isThere(path: string): Promise<boolean> {
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
function findInPlace({ path, before }: HalfPlace, fingerprint: string): Found {
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
async function readOwn(path: string): ReturnType<typeof readSmallFile> {
  const about = await lstat(path).catch(() => null);
  return about?.isSymbolicLink() ? { unreadable: "it is a link" } : readSmallFile(path);
}
