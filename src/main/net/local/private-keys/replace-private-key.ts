/**
 * Replaces a private key on this computer, step by step. Every step inspects first, continues from wherever an earlier
 * one was interrupted, and may be called again. At any time the path holds the old key or the new one, whole.
 */

import { createHash, hash } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, readSync, rmSync } from "node:fs";
import { chmod, chown, copyFile, link, lstat, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { readSmallFile } from "#net/ssh/identities.ts";
import { LARGEST_KEY_FILE, readPrivateKeyFile } from "#net/ssh/private-key-file.ts";
import type { FileHash } from "#shared/model/runs/deployment.ts";
import { Redacted } from "#shared/model/secret.ts";
import { type KeyPair, sealKeyPair } from "./key-pair.ts";
import { moveBetweenLogins } from "./move-between-logins.ts";

/** `refused`: nothing was changed. `failed`: interrupted; every file is whole, and the step may be tried again. */
export type KeyReplacementOutcome = { kind: "done" } | { kind: "refused" | "failed"; message: string };

/** Writes the new private key beside the old one, or nothing. */
export async function writeNewPrivateKey(
  replacement: KeyReplacement,
  keyPair: KeyPair,
  passphrase: Redacted<string> | null,
): Promise<KeyReplacementOutcome> {
  return step(replacement, keyPair.fingerprint, ["untouched", "made", "installed"], async (state) => {
    if (state.kind === "installed") return null;
    const { made, madePublic, nowPublic } = namesOf(replacement.path);
    const line = [keyPair.line, keyPair.comment].filter(Boolean).join(" ");
    try {
      if (state.kind === "untouched") {
        if (replacement.before === null)
          await mkdir(dirname(replacement.path), { recursive: true, mode: 0o700 });
        const text = await sealKeyPair(keyPair, passphrase);
        await writeWhole(replacement, made, { text: Redacted.reveal(text), mode: 0o600 });
      }
      // If the old public key stayed beside the new private key, ssh would offer that instead.
      if (replacement.hasPublicFile || (await isThere(nowPublic)))
        await writeWhole(replacement, madePublic, { text: `${line}\n`, mode: 0o644 });
    } catch (error) {
      // No file refers to it yet.
      if (state.kind === "untouched") await rm(made, { force: true });
      throw error;
    }
    return null;
  });
}

/**
 * Moves the new private key to the path, and keeps the old one beside it. ssh offers the public key beside a private
 * key, and signs with the private one: while the two are replaced, there is no public key file.
 */
export async function installPrivateKey(
  replacement: KeyReplacement,
  fingerprint: string,
): Promise<KeyReplacementOutcome> {
  return step(replacement, fingerprint, ["made", "installed"], async (state) => {
    const { now, made, old, nowPublic, madePublic, oldPublic } = namesOf(replacement.path);
    if (state.kind === "made") {
      const isHidden = !(await isThere(nowPublic));
      if (!isHidden && (await lstat(nowPublic)).isDirectory())
        return `${nowPublic}, where the public key goes, is a folder: move it away`;
      if (!isHidden && (await isThere(oldPublic))) return `${oldPublic} is not of this run: move it away`;
      await dressAs(now, made);
      if (!isHidden) await rename(nowPublic, oldPublic);
      await keep(replacement, now, old);
      const expected: Found = replacement.before === null ? "none" : "before";
      if (!(await moveBetweenLogins(made, now, () => identifyNow(replacement, fingerprint) === expected))) {
        if (!isHidden && !(await isThere(nowPublic))) await rename(oldPublic, nowPublic);
        return formatChanged(replacement);
      }
    }
    if (await isThere(madePublic)) {
      await dressAs(oldPublic, madePublic);
      await rename(madePublic, nowPublic);
    }
    return null;
  });
}

/** Removes the old private key. */
export async function removeOldPrivateKey(
  replacement: KeyReplacement,
  fingerprint: string,
): Promise<KeyReplacementOutcome> {
  return step(replacement, fingerprint, ["installed", "committed"], async () => {
    const { old, oldPublic, torn } = namesOf(replacement.path);
    // The public key first: as long as the private key is there, a retry knows that this step is unfinished.
    for (const path of [torn, oldPublic, old]) await rm(path, { force: true });
    return null;
  });
}

/** Keeps the old private key, under a name of its own. */
export async function keepOldPrivateKey(
  replacement: KeyReplacement,
  fingerprint: string,
): Promise<KeyReplacementOutcome> {
  return step(replacement, fingerprint, ["installed", "committed"], async () => {
    if (replacement.before === null) return null;
    const { old, oldPublic } = namesOf(replacement.path);
    const kept = nameKept(replacement.path, replacement.before);
    if (await isThere(oldPublic)) await rename(oldPublic, `${kept}.pub`);
    if (await isThere(old)) await rename(old, kept);
    return null;
  });
}

/**
 * `inspect`: whether what `keepOldPrivateKey` has kept is there. `move`: gives it the names again that it has while a run
 * is under way.
 */
export async function putBackKeptPrivateKey(
  { path, before }: KeyReplacement,
  what: "inspect" | "move",
): Promise<KeyReplacementOutcome> {
  if (before === null) return { kind: "done" };
  const { old, oldPublic } = namesOf(path);
  const kept = nameKept(path, before);
  const isIt = async (file: string): Promise<boolean> => {
    const bytes = await readOwn(file);
    return Buffer.isBuffer(bytes) && hash("sha256", bytes) === before;
  };
  return actOn(path, async () => {
    const isBack = await isThere(old);
    if (isBack && !(await isIt(old))) return `${old} is not of this run: move it away`;
    if (!isBack && !(await isIt(kept)))
      return `${kept} is not there any more, or is not the old key of this run`;
    if (what === "inspect") return null;
    if (!isBack) await rename(kept, old);
    if ((await isThere(`${kept}.pub`)) && !(await isThere(oldPublic))) await rename(`${kept}.pub`, oldPublic);
    await syncFolder({ path });
    return null;
  });
}

/** Removes what `keepOldPrivateKey` has kept, whatever is at `path` by now: only the plan's own file, by its hash. */
export async function dropKeptPrivateKey({ path, before }: KeyReplacement): Promise<KeyReplacementOutcome> {
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

/** Puts the old private key, the very same file, back at its path, and removes the new one. */
export async function restoreOldPrivateKey(
  replacement: KeyReplacement,
  fingerprint: string,
): Promise<KeyReplacementOutcome> {
  return step(replacement, fingerprint, ["untouched", "made", "installed"], async (state) => {
    const { now, made, old, nowPublic, madePublic, oldPublic, torn } = namesOf(replacement.path);
    if (state.kind === "installed") {
      await rm(nowPublic, { force: true });
      const isUnchanged = () => identifyNow(replacement, fingerprint) === "new";
      if (replacement.before !== null) {
        if (!(await moveBetweenLogins(old, now, isUnchanged))) return formatChanged(replacement);
      } else if (isUnchanged()) rmSync(now);
      else return formatChanged(replacement);
    }
    // If the public key was not moved away, `oldPublic` is somebody else's.
    if ((await isThere(oldPublic)) && !(await isThere(nowPublic))) await rename(oldPublic, nowPublic);
    for (const path of [torn, madePublic, made, old]) await rm(path, { force: true });
    return null;
  });
}

const formatChanged = ({ path, before }: KeyReplacement): string =>
  `${path} was changed by somebody else meanwhile and is left as it is${before === null ? "" : `; the key that stood there is ${namesOf(path).old}`}`;

/** Removes a partial file that a killed writer left. */
export async function clearTorn({ path }: Pick<KeyReplacement, "path">): Promise<void> {
  await rm(namesOf(path).torn, { force: true });
}

/** `act` returns why it did nothing; null: it is done. */
async function step(
  replacement: KeyReplacement,
  fingerprint: string,
  from: readonly KeyReplacementState["kind"][],
  act: (state: KeyReplacementState) => Promise<string | null>,
): Promise<KeyReplacementOutcome> {
  return actOn(replacement.path, async () => {
    const state = await inspectPrivateKey(replacement, fingerprint);
    if (state.kind === "strange") return state.message;
    if (!from.includes(state.kind)) return `${replacement.path} ${STATES[state.kind]}`;
    const refused = await act(state);
    if (!refused) await syncFolder(replacement);
    return refused;
  });
}

/** `act` returns why it did nothing; null: it is done. */
async function actOn(path: string, act: () => Promise<string | null>): Promise<KeyReplacementOutcome> {
  try {
    const refused = await act();
    return refused === null ? { kind: "done" } : { kind: "refused", message: refused };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (!code) throw error;
    return { kind: "failed", message: `${path} could not be replaced (${code})` };
  }
}

const STATES = {
  untouched: "has no new key beside it",
  made: "is still the old key",
  installed: "is the new key already",
  committed: "is the new key, and the old one is gone",
} as const;

/** All or nothing: a partial file never has the name. */
async function writeWhole(
  replacement: KeyReplacement,
  path: string,
  { text, mode }: { text: string; mode: number },
) {
  await writeTorn(replacement, async (torn) => {
    await using file = await open(torn, "wx", mode);
    await file.writeFile(text);
    await file.sync();
  });
  await rename(namesOf(replacement.path).torn, path);
  await syncFolder(replacement);
}

/** Removes a file that could not be written completely. */
async function writeTorn(replacement: KeyReplacement, write: (torn: string) => Promise<void>): Promise<void> {
  await clearTorn(replacement);
  try {
    await write(namesOf(replacement.path).torn);
  } catch (error) {
    await clearTorn(replacement);
    throw error;
  }
}

/** A hard link to the same file; on a file system without hard links, a copy of it. */
async function keep(replacement: KeyReplacement, from: string, to: string): Promise<void> {
  if (!(await isThere(from)) || (await isThere(to))) return;
  try {
    await link(from, to);
  } catch (error) {
    if (!NO_LINKS.has((error as NodeJS.ErrnoException).code ?? "")) throw error;
    await writeTorn(replacement, async (torn) => {
      await copyFile(from, torn);
      await dressAs(from, torn);
      await using file = await open(torn, "r+");
      await file.sync();
    });
    await rename(namesOf(replacement.path).torn, to);
  }
  await syncFolder(replacement);
}

const NO_LINKS = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK", "EXDEV"]);

/** Copies owner and mode of `model`, if that exists and the system has them. A symbolic link has no mode of its own. */
async function dressAs(model: string, path: string): Promise<void> {
  if (process.platform === "win32") return;
  const [theirs, ours] = [await lstat(model).catch(() => null), await lstat(path)];
  if (!theirs) return;
  if (theirs.uid !== ours.uid || theirs.gid !== ours.gid) await chown(path, theirs.uid, theirs.gid);
  if (!theirs.isSymbolicLink()) await chmod(path, theirs.mode & 0o777);
}

/** On Windows a folder cannot be opened; NTFS journals the rename. */
async function syncFolder({ path }: Pick<KeyReplacement, "path">): Promise<void> {
  if (process.platform === "win32") return;
  await using folder = await open(dirname(path), "r");
  await folder.sync();
}

/** Where a private key is on this computer, the files beside it during its replacement, and how far that is. */

export type KeyReplacement = {
  path: string;
  /** Hash of the private key file to replace; null: there is none yet. */
  before: FileHash | null;
  /** A public key is written beside it. */
  hasPublicFile: boolean;
};

/**
 * `untouched`; `made`: the new private key is beside the old one; `installed`: the new one is in place, the old one
 * beside it; `committed`: the old one is gone. `strange`: a file is not of this run, and nothing is changed.
 */
type KeyReplacementState =
  | {
      kind: "untouched" | "made";
      /** The public key is moved away, or the old private key has its second name already. */
      isBegun: boolean;
    }
  | { kind: "installed" | "committed" }
  | { kind: "strange"; message: string };

/**
 * The path where the old private key stays for good if the old key still counts: a name of its own, which no later run
 * uses. `before`: its hash.
 */
export const nameKept = (path: string, before: FileHash): string =>
  `${path}.latchkey-kept-${before.slice(0, 8)}`;

/** All in one folder, so that no rename crosses file systems. */
export const namesOf = (path: string) => ({
  now: path,
  nowPublic: `${path}.pub`,
  made: `${path}.latchkey-new`,
  madePublic: `${path}.latchkey-new.pub`,
  old: `${path}.latchkey-old`,
  oldPublic: `${path}.latchkey-old.pub`,
  /** A partial file; anybody who finds one may remove it. */
  torn: `${path}.latchkey-torn`,
});

type Found = "none" | "before" | "new" | "other";

export async function inspectPrivateKey(
  replacement: KeyReplacement,
  fingerprint: string,
): Promise<KeyReplacementState> {
  const { now, made, old } = namesOf(replacement.path);
  const identifyAt = (path: string) => identifyFile(path, replacement.before, fingerprint);
  const [nowFound, madeFound, oldFound] = [
    await identifyAt(now),
    await identifyAt(made),
    await identifyAt(old),
  ];
  const strange = (path: string, what: string): KeyReplacementState => ({
    kind: "strange",
    message: `${path} ${what}`,
  });
  if (madeFound === "other" || madeFound === "before")
    return strange(made, "is not a key of this run: move it away");
  if (oldFound === "other" || oldFound === "new") return strange(old, "is not of this run: move it away");
  const isBefore = nowFound === (replacement.before === null ? "none" : "before");
  if (isBefore) {
    const isBegun = oldFound === "before" || (await isHidden(replacement.path));
    return { kind: madeFound === "new" ? "made" : "untouched", isBegun };
  }
  if (nowFound !== "new")
    return strange(
      now,
      nowFound === "none" ? "is gone" : "was changed by somebody else, or is no regular file",
    );
  return { kind: replacement.before === null || oldFound === "before" ? "installed" : "committed" };
}

async function isHidden(path: string): Promise<boolean> {
  const { nowPublic, oldPublic } = namesOf(path);
  return (await isThere(oldPublic)) && !(await isThere(nowPublic));
}

/** Whatever is there, also a dangling link. */
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

async function identifyFile(path: string, before: FileHash | null, fingerprint: string): Promise<Found> {
  const bytes = await readOwn(path);
  if (!Buffer.isBuffer(bytes)) return bytes === "missing" ? "none" : "other";
  return identify(bytes, before, fingerprint);
}

function identify(bytes: Buffer, before: FileHash | null, fingerprint: string): Found {
  if (createHash("sha256").update(bytes).digest("hex") === before) return "before";
  return readPrivateKeyFile(bytes).fingerprint === fingerprint ? "new" : "other";
}

/** What is at the key's own path, read synchronously: the caller replaces it right after. */
function identifyNow({ path, before }: KeyReplacement, fingerprint: string): Found {
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

/** Never reads through a symbolic link: a rename over one would leave the file that it points to. */
async function readOwn(path: string): ReturnType<typeof readSmallFile> {
  const about = await lstat(path).catch(() => null);
  return about?.isSymbolicLink() ? { unreadable: "it is a link" } : readSmallFile(path);
}
