import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { homedir, hostname, userInfo } from "node:os";
import { join } from "node:path";
import type { Workstation } from "#shared/model/hosts/workstation.ts";

/** This computer and its user, as the operating system names them. On Windows the agent is OpenSSH's named pipe. */
export function findWorkstation(): Workstation {
  const { SSH_AUTH_SOCK } = process.env;
  const agentSocket =
    SSH_AUTH_SOCK ?? (process.platform === "win32" ? "\\\\.\\pipe\\openssh-ssh-agent" : null);
  return { user: userInfo().username, home: homedir(), agentSocket };
}

export type KnownHostsFiles = {
  files: { path: string; text: string }[];
  /** Files that exist but cannot be read: a scan does not know the host keys in them. */
  unreadable: { path: string; why: string }[];
};

/** The files in which ssh looks for host keys by default. */
const pathsFor = (home: string): string[] => [
  join(home, ".ssh/known_hosts"),
  join(home, ".ssh/known_hosts2"),
  "/etc/ssh/ssh_known_hosts",
  "/etc/ssh/ssh_known_hosts2",
];

/** Enough for a million hosts. */
const MOST_MEBIBYTES = 256;

/** Reads the user's and the system's known_hosts. Never rejects. */
export async function readKnownHostsFiles(home: string): Promise<KnownHostsFiles> {
  const found: KnownHostsFiles = { files: [], unreadable: [] };
  for (const path of pathsFor(home)) {
    const file = await readTextFile(path, MOST_MEBIBYTES);
    if (file && "text" in file) found.files.push({ path, text: file.text });
    else if (file) found.unreadable.push({ path, why: file.why });
  }
  return found;
}

const MOST_CONFIG_MEBIBYTES = 8;

/**
 * Reads a file of ssh_config. As in ssh, `mustBeSafe` refuses one that somebody else could have written, because it
 * decides which host we log in to.
 */
export const readSshConfigFile = (path: string, { mustBeSafe }: { mustBeSafe: boolean }): Promise<TextFile> =>
  readTextFile(path, MOST_CONFIG_MEBIBYTES, (about) => (mustBeSafe ? whyUnsafe(about) : null));

/** This user and this computer: ssh_config may use them as `%i`, `%l` and `%L`. */
export const nameThisComputer = () => ({ uid: String(userInfo().uid), hostname: hostname() });

/** A group with only this user in it is safe, as in Debian's ssh, where new files are writable by their group. */
async function whyUnsafe({ uid, gid, mode }: About): Promise<string | null> {
  const own = process.getuid?.();
  if (own === undefined) return null;
  if (uid !== 0 && uid !== own) return "it belongs to another user";
  const isSafe = (mode & 0o022) === 0 || ((mode & 0o002) === 0 && (await isAlone(own, gid)));
  return isSafe ? null : "others may write to it; chmod go-w it, as ssh asks, too";
}

async function isAlone(uid: number, gid: number): Promise<boolean> {
  const [passwd, group] = await Promise.all(
    ["/etc/passwd", "/etc/group"].map((path) => readTextFile(path, MOST_CONFIG_MEBIBYTES)),
  );
  if (!passwd || !group || !("text" in passwd && "text" in group)) return false;
  return isPrivateGroup(gid, uid, { passwd: passwd.text, group: group.text });
}

/** A file's text, or why it cannot be read; null if there is no such file. */
type TextFile = { text: string } | { why: string } | null;

/** The owner, the group and the permissions of a file. */
type About = { uid: number; gid: number; mode: number };

/** Without O_NONBLOCK, opening a pipe would wait for a writer. Windows has neither. */
const READ_WITHOUT_WAITING = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

const MEBIBYTE = 1024 * 1024;

/** Reads a regular file of at most so many MiB; never a pipe or a device. `whyNot`: a reason to refuse it. */
export async function readTextFile(
  path: string,
  mostMebibytes: number,
  whyNot: (about: About) => Promise<string | null> | string | null = () => null,
): Promise<TextFile> {
  try {
    await using file = await open(path, READ_WITHOUT_WAITING);
    const about = await file.stat();
    if (about.isDirectory()) return { why: "it is a folder" };
    if (!about.isFile()) return { why: "it is not a regular file" };
    const why = await whyNot(about);
    if (why !== null) return { why };
    const bytes = await readAtMost(file, mostMebibytes * MEBIBYTE);
    return bytes ? { text: bytes.toString("utf8") } : { why: `it is larger than ${mostMebibytes} MiB` };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (!code) throw error;
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    return { why: WHY[code] ?? `it cannot be read (${code})` };
  }
}

const WHY: Record<string, string> = {
  EACCES: "permission denied",
  ELOOP: "its links lead in a circle",
};

/** A file may grow while it is read, and claim to be empty, as files of /proc do. */
async function readAtMost(file: FileHandle, mostBytes: number): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let length = 0;
  while (length <= mostBytes) {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(64 * 1024));
    if (bytesRead === 0) return Buffer.concat(chunks);
    chunks.push(buffer.subarray(0, bytesRead));
    length += bytesRead;
  }
  return null;
}

/** The texts of /etc/passwd and /etc/group. */
type Accounts = { passwd: string; group: string };

/**
 * Whether a group has only one user, as on systems where every user has a group of their own. A group that is defined
 * elsewhere, such as in a directory, counts as shared.
 */
export function isPrivateGroup(gid: number, uid: number, { passwd, group }: Accounts): boolean {
  const users = readFields(passwd).map(([name, , user, first]) => ({
    name,
    isIt: user === String(uid),
    first,
  }));
  const own = users.filter(({ first }) => first === String(gid));
  const groups = readFields(group).filter(([, , number]) => number === String(gid));
  const added = groups.flatMap(([, , , names = ""]) => names.split(",").filter(Boolean));
  const isIt = (name: string) => users.some((user) => user.name === name && user.isIt);
  return groups.length > 0 && own.length > 0 && own.every((user) => user.isIt) && added.every(isIt);
}

const readFields = (text: string): string[][] => text.split("\n").map((line) => line.split(":"));
