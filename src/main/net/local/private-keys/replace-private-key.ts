/**
 * Replaces a private key of this computer, a step at a time. Every step inspects first, goes on from wherever an earlier
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
import { type KeyPair, sealKeyPair } from "./key-pair.ts";
import { moveBetweenLogins } from "./move-between-logins.ts";

/** `refused`: nothing was done. `failed`: it was begun; what stands is whole, and the step may be tried again. */
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
      // A public key of another key beside it would be offered in its stead.
      if (replacement.hasPublicFile || (await isThere(nowPublic)))
        await writeWhole(replacement, madePublic, { text: `${line}\n`, mode: 0o644 });
    } catch (error) {
      // Nobody knows of it yet.
      if (state.kind === "untouched") await rm(made, { force: true });
      throw error;
    }
    return null;
  });
}

/**
 * Moves the new private key to the path, and the old one is kept beside it. ssh offers the public key that lies beside a private
 * one, and signs with the private one: while the two are exchanged there is none.
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
    // The public one first: while the private one is there, this is still to be done.
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

/** Removes what `keepOldPrivateKey` has kept, whatever is at its path by now: only the very file of the plan. */
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

/** The old private key, the very same file, is at its path again, and the new one is removed. */
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
    // Beside one that was not hidden, it is somebody else's.
    if ((await isThere(oldPublic)) && !(await isThere(nowPublic))) await rename(oldPublic, nowPublic);
    for (const path of [torn, madePublic, made, old]) await rm(path, { force: true });
    return null;
  });
}

const formatChanged = ({ path, before }: KeyReplacement): string =>
  `${path} was changed by somebody else meanwhile and is left as it is${before === null ? "" : `; the key that stood there is ${namesOf(path).old}`}`;

/** What was being written when whoever wrote it was killed is gone. */
export async function clearTorn({ path }: Pick<KeyReplacement, "path">): Promise<void> {
  await rm(namesOf(path).torn, { force: true });
}

/** `act` answers with why it has done nothing, where that is so. */
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

/** `act` answers with why it has done nothing, where that is so. */
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

/** All of it or nothing: a file that was cut short never has the name. */
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

/** What could not be written wholly does not stay. */
async function writeTorn(replacement: KeyReplacement, write: (torn: string) => Promise<void>): Promise<void> {
  await clearTorn(replacement);
  try {
    await write(namesOf(replacement.path).torn);
  } catch (error) {
    await clearTorn(replacement);
    throw error;
  }
}

/** Another name for the same file; where a file system has no such, a copy of it. */
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

/** Owner and mode are the other's, where there is another and the system has such. A link has no mode of its own. */
async function dressAs(model: string, path: string): Promise<void> {
  if (process.platform === "win32") return;
  const [theirs, ours] = [await lstat(model).catch(() => null), await lstat(path)];
  if (!theirs) return;
  if (theirs.uid !== ours.uid || theirs.gid !== ours.gid) await chown(path, theirs.uid, theirs.gid);
  if (!theirs.isSymbolicLink()) await chmod(path, theirs.mode & 0o777);
}

/** On Windows a folder cannot be opened: what was renamed is kept by its journal. */
async function syncFolder({ path }: Pick<KeyReplacement, "path">): Promise<void> {
  if (process.platform === "win32") return;
  await using folder = await open(dirname(path), "r");
  await folder.sync();
}

/** Where a private key of this computer stands, what lies beside it while it is replaced, and how far that has come. */

export type KeyReplacement = {
  path: string;
  /** Of the private file that is to be replaced; null: nothing stands there yet. */
  before: FileHash | null;
  /** A public key is written beside it. */
  hasPublicFile: boolean;
};

/**
 * `untouched`; `made`: the new private key lies beside the old one; `installed`: the new private key is where the old one was, which is
 * kept beside it; `committed`: the old one is gone. `strange`: something else lies there, and nothing is done about it.
 */
type KeyReplacementState =
  | {
      kind: "untouched" | "made";
      /** Its public key is hidden, or the old private key is kept under its other name already. */
      isBegun: boolean;
    }
  | { kind: "installed" | "committed" }
  | { kind: "strange"; message: string };

/**
 * Where an old private key stays for good, where the old key still counts: under a name of its own, so that it stands in no later run's way.
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

async function identifyFile(path: string, before: FileHash | null, fingerprint: string): Promise<Found> {
  const bytes = await readOwn(path);
  if (!Buffer.isBuffer(bytes)) return bytes === "missing" ? "none" : "other";
  return identify(bytes, before, fingerprint);
}

function identify(bytes: Buffer, before: FileHash | null, fingerprint: string): Found {
  if (createHash("sha256").update(bytes).digest("hex") === before) return "before";
  return readPrivateKeyFile(bytes).fingerprint === fingerprint ? "new" : "other";
}

/** What is at the key's own path, read without a pause for whoever replaces it right after. */
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

/** Never through a link: who renames over one would leave the file that it leads to. */
async function readOwn(path: string): ReturnType<typeof readSmallFile> {
  const about = await lstat(path).catch(() => null);
  return about?.isSymbolicLink() ? { unreadable: "it is a link" } : readSmallFile(path);
}
