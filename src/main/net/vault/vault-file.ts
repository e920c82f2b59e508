import { createHash, randomBytes } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import { VAULT_VERSION, type VaultContent, VaultFile, VaultHead } from "#shared/model/issuers/vault-file.ts";
import { Refusal } from "#shared/model/refusal.ts";

const MOST_BYTES = 64 * 1024 * 1024;

/** A vault as it was read, and a hash by which a change of the file is recognised. */
export type ReadVault = { content: VaultContent; seen: string };

/** Null if there is none. A file that cannot be used is refused with the reason, and stays as it is. */
export function readVault(path: string): ReadVault | null {
  const text = readText(path);
  return text === null ? null : { content: parseVault(text, path), seen: hash(text) };
}

/** Changes with each write of the file; null if the file cannot be inspected. */
export function identify(path: string): string | null {
  try {
    const { ino, mtimeNs, size } = statSync(path, { bigint: true });
    return `${ino} ${mtimeNs} ${size}`;
  } catch {
    return null;
  }
}

function readText(path: string): string | null {
  try {
    if (statSync(path).size > MOST_BYTES) throw unusable(path, "is larger than any vault");
    return readFileSync(path, "utf8");
  } catch (error) {
    if (isCode(error, "ENOENT")) return null;
    if (error instanceof Refusal) throw error;
    throw unusable(path, `cannot be read (${codeOf(error)})`, "check its owner and mode");
  }
}

function parseVault(text: string, path: string): VaultContent {
  const json = parseJson(text);
  const head = VaultHead.safeParse(json);
  if (head.success && head.data.version !== VAULT_VERSION)
    throw unusable(
      path,
      `is of version ${head.data.version}, and this Latchkey knows version ${VAULT_VERSION}`,
      "use the Latchkey that wrote it",
    );
  const file = VaultFile.safeParse(json);
  if (!file.success)
    throw unusable(path, head.success ? "was altered" : "was cut off, or is no vault of Latchkey", COPY);
  const { sha256, ...content } = file.data;
  if (sha256 !== hash(JSON.stringify(content))) throw unusable(path, "was altered", COPY);
  return content;
}

const COPY = "nothing was done to it; put a copy of it in its place";

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Somebody else has written the file since it was read. */
export class ChangedMeanwhile extends Refusal {
  constructor(path: string) {
    super(
      "conflict",
      `${path} was changed by another program meanwhile, and nothing was written; lock the vault and unlock it again`,
    );
  }
}

/**
 * Writes the whole file beside the old one and renames it into place, so that a reader finds one of the two. Refused if
 * the file is no longer the one that was `seen` (null: there was none). Returns the new hash.
 */
export function writeVault(path: string, content: VaultContent, seen: string | null): string {
  const text = `${JSON.stringify({ ...content, sha256: hash(JSON.stringify(content)) })}\n`;
  const real = realPathOf(path);
  const folder = dirname(real);
  const name = `${basename(real)}.`;
  const temporary = join(folder, `${name}${randomBytes(8).toString("hex")}${UNFINISHED}`);
  try {
    whileLocked(real, () => {
      sweep(folder, name);
      const now = readText(real);
      if ((now === null ? null : hash(now)) !== seen) throw new ChangedMeanwhile(path);
      writeWhole(temporary, text);
      renameSync(temporary, real);
      syncFolder(folder);
    });
  } catch (error) {
    rmSync(temporary, { force: true });
    if (error instanceof Refusal) throw error;
    throw unusable(path, `cannot be written (${codeOf(error)})`, "it is as it was before");
  }
  return hash(text);
}

const UNFINISHED = ".unfinished";

function writeWhole(path: string, text: string): void {
  const file = openSync(path, "wx", 0o600);
  try {
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** On Windows a folder cannot be synced; there the rename does that. */
function syncFolder(folder: string): void {
  if (process.platform === "win32") return;
  const file = openSync(folder, "r");
  fsyncSync(file);
  closeSync(file);
}

/** Removes what a writer that was killed before its rename has left. Under the lock, no other one is at work. */
function sweep(folder: string, name: string): void {
  for (const other of readdirSync(folder))
    if (other.startsWith(name) && other.endsWith(UNFINISHED)) rmSync(join(folder, other), { force: true });
}

function realPathOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

const unusable = (path: string, what: string, todo = "look what it is") =>
  new Refusal("unusable", `the vault ${path} ${what}; ${todo}`);

const hash = (text: string): string => createHash("sha256").update(text).digest("hex");
const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code ?? "unknown";

const LOCK = ".lock";
/** A write takes milliseconds, so that several waiting programs all get their turn in this time. */
const LOCK_TIMEOUT_MS = 10_000;
const PAUSE_MS = 5;

/**
 * Lets one program at a time act on a file. A lock that a killed program has left is removed; if nobody can say whether
 * its program still lives, the call is refused.
 */
export function whileLocked(path: string, act: () => void, timeoutMs = LOCK_TIMEOUT_MS): void {
  const lock = `${path}${LOCK}`;
  const mine = `${process.pid} ${randomBytes(8).toString("hex")} ${hostname()}`;
  for (const until = Date.now() + timeoutMs; !create(lock, mine); ) {
    const theirs = read(lock);
    if (theirs !== null && hasEnded(theirs) && takeAway(lock, theirs)) continue;
    if (Date.now() > until)
      throw new Refusal(
        "conflict",
        `another program is writing ${path}, and nothing was written; try again, and if no Latchkey runs, delete ${lock}`,
      );
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
  }
  try {
    act();
  } finally {
    rmSync(lock, { force: true });
  }
}

/** Returns false if the file exists already. */
function create(path: string, text: string): boolean {
  try {
    const file = openSync(path, "wx", 0o600);
    try {
      writeSync(file, text);
    } finally {
      closeSync(file);
    }
    return true;
  } catch (error) {
    // Windows reports EPERM for a file that is being deleted.
    if (isCode(error, "EEXIST") || (process.platform === "win32" && isCode(error, "EPERM"))) return false;
    throw error;
  }
}

function read(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

/** Whether its process, on this computer, is gone. A lock with our own pid is of an earlier process. */
function hasEnded(lock: string): boolean {
  const [, pid = "", , host] = /^(\d+) ([0-9a-f]+) (.*)$/.exec(lock) ?? [];
  if (host !== hostname()) return false;
  if (Number(pid) === process.pid) return true;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return isCode(error, "ESRCH");
  }
}

/** Removes a lock once, however many see that it was left: a late one finds a newer lock there, and leaves it. */
function takeAway(lock: string, left: string): boolean {
  const [, , token = ""] = /^(\d+) ([0-9a-f]+) /.exec(left) ?? [];
  const turn = `${lock}.${token}`;
  if (!create(turn, "")) return false;
  try {
    if (read(lock) === left) rmSync(lock, { force: true });
    return true;
  } finally {
    rmSync(turn, { force: true });
  }
}

const isCode = (error: unknown, code: string) =>
  error instanceof Error && (error as NodeJS.ErrnoException).code === code;

/** Locking a vault writes a new random mark here; every vault process that was opened under the old one ends. */
const MARK = ".locked";

/** How soon each vault process notices, also one without requests. */
export const LOCK_CHECK_MS = 1_000;

export function readLockMark(path: string): string | null {
  try {
    return readFileSync(`${path}${MARK}`, "utf8");
  } catch {
    return null;
  }
}

/** Makes every program lock the vault, if there is one. */
export function writeLockMark(path: string): void {
  if (!existsSync(path)) return;
  try {
    writeFileSync(`${path}${MARK}`, randomBytes(16).toString("hex"), { mode: 0o600 });
  } catch (error) {
    throw new Refusal(
      "unusable",
      `${path}${MARK} cannot be written (${(error as NodeJS.ErrnoException).code ?? "unknown"}): the vault is locked here, and other programs may have it open; end them`,
    );
  }
}
