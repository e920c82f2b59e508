import { randomBytes } from "node:crypto";
import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmdirSync,
  rmSync,
  type Stats,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { Refusal } from "#shared/model/refusal.ts";

/**
 * The folder beside a database in which the process that holds it listens: for this user alone, and only as long as
 * that process runs. It has a socket, and the secret by which both ends show each other that they can read this folder.
 *
 * Nobody but its owner can put anything into it, so what has to be verified is whose it is. Where the system has
 * `/proc`, the folder is opened first, verified as it was opened, and then used by its descriptor: whatever is renamed
 * meanwhile is not used. This also keeps the address short: a socket's has at most 107 bytes.
 */
export type SocketFolder = {
  /** As a person finds it. */
  path: string;
  /** Where to listen, or to connect. */
  socketPath: string;
  readSecret(): Buffer;
  /** Of the database beside it, whatever its name is by then: device and inode. */
  readIdentity(): string;
  close(): void;
};

const SOCKET = "s";
const SECRET = "secret";
const SECRET_BYTES = 32;
/** Linux takes 107 bytes, macOS 103. */
const MOST_ADDRESS_BYTES = 103;
const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;

/** Windows has named pipes, which were not tried: there nobody listens, and a command is refused as if nobody could. */
export const HAS_SOCKETS = process.platform !== "win32";

export const socketFolderOf = (database: string): string => `${database}.socket`;

/** Opens the folder to connect; null if there is none: nobody listens. A folder that is not ours alone is refused. */
export function openSocketFolder(database: string): SocketFolder | null {
  if (!HAS_SOCKETS) return null;
  const path = socketFolderOf(database);
  const folder = openVerified(path);
  if (folder === null) return null;
  const base = existsSync("/proc/self/fd") ? `/proc/self/fd/${folder}` : path;
  const socketPath = join(base, SOCKET);
  return {
    path,
    socketPath,
    readSecret: () => readSecret(join(base, SECRET), path),
    readIdentity: () => identityOf(database),
    close: () => closeSync(folder),
  };
}

/**
 * Makes the folder to listen in, with a new secret. Only whoever has the database's write lock may call it: what a
 * process before it has left there is removed.
 */
export function makeSocketFolder(database: string): SocketFolder & { remove(): void } {
  const path = socketFolderOf(database);
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
  }
  const folder = openSocketFolder(database);
  if (!folder) throw refuse(path, "was removed just now");
  try {
    const secretPath = folder.socketPath.replace(/s$/, SECRET);
    if (Buffer.byteLength(folder.socketPath) > MOST_ADDRESS_BYTES)
      throw refuse(path, "has too long a name for a socket; use a shorter path for the database");
    for (const left of [folder.socketPath, secretPath]) rmSync(left, { force: true });
    writeFileSync(secretPath, randomBytes(SECRET_BYTES), { mode: 0o600, flag: "wx" });
    return {
      ...folder,
      /** The socket itself is removed by whoever closes it. */
      remove() {
        for (const left of [folder.socketPath, secretPath]) rmSync(left, { force: true });
        try {
          rmdirSync(path);
        } catch (error) {
          // Somebody put another thing in its place, or into it: that is theirs.
          if (codeOf(error) === null) throw error;
        }
      },
    };
  } catch (error) {
    folder.close();
    throw error;
  }
}

/** Keeps other users out by its own mode as well, should the folder ever be opened to them. */
export const closeSocketToOthers = ({ socketPath }: SocketFolder): void => chmodSync(socketPath, 0o600);

/** A descriptor of the folder; null if there is none. */
function openVerified(path: string): number | null {
  let folder: number;
  try {
    folder = openSync(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  } catch (error) {
    const code = codeOf(error);
    if (code === "ENOENT") return null;
    if (code === "EACCES") throw refuse(path, "belongs to another user");
    if (code === "ELOOP" || code === "ENOTDIR") throw refuse(path, "is a link, or no folder");
    throw error;
  }
  const why = whyNot(fstatSync(folder));
  if (why === null) return folder;
  closeSync(folder);
  throw refuse(path, why);
}

function whyNot({ uid, mode }: Stats): string | null {
  if (uid !== process.geteuid?.()) return "belongs to another user";
  return (mode & 0o077) === 0 ? null : "is open to other users";
}

function readSecret(path: string, folder: string): Buffer {
  const file = openSync(path, O_RDONLY | O_NOFOLLOW);
  try {
    const about = fstatSync(file);
    const secret = about.isFile() && about.size === SECRET_BYTES ? readFileSync(file) : Buffer.alloc(0);
    if (whyNot(about) !== null || secret.length !== SECRET_BYTES)
      throw refuse(folder, "has no secret of this user's in it");
    return secret;
  } finally {
    closeSync(file);
  }
}

function identityOf(database: string): string {
  const { dev, ino } = lstatSync(database, { bigint: true });
  return `${dev}:${ino}`;
}

const refuse = (path: string, why: string): Refusal =>
  new Refusal("unusable", `${path} ${why}; nothing is sent there: remove it once no Latchkey runs`);

/** The system's code of a failed call; null for any other error. */
export const codeOf = (error: unknown): string | null =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : null;
