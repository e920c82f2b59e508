import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { homedir, hostname, userInfo } from "node:os";
import { join } from "node:path";
import type { Workstation } from "#shared/model/hosts/workstation.ts";

/** This workstation and its user, as the operating system tells. On Windows the agent is OpenSSH's named pipe. */
export function findWorkstation(): Workstation {
  const { SSH_AUTH_SOCK } = process.env;
  const agentSocket =
    SSH_AUTH_SOCK ?? (process.platform === "win32" ? "\\\\.\\pipe\\openssh-ssh-agent" : null);
  return { user: userInfo().username, home: homedir(), agentSocket };
}

export type KnownHostsFiles = {
  files: { path: string; text: string }[];
  /** Those that exist but cannot be read: keys that are known there are not known to a scan. */
  unreadable: { path: string; why: string }[];
};

/** The files in which ssh looks for host keys, unless it is told others. */
const pathsFor = (home: string): string[] => [
  join(home, ".ssh/known_hosts"),
  join(home, ".ssh/known_hosts2"),
  "/etc/ssh/ssh_known_hosts",
  "/etc/ssh/ssh_known_hosts2",
];

/** Of a million hosts. */
const MOST_MEBIBYTES = 256;

/** Reads the user's and the system's known_hosts. Never fails. */
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
 * A file of ssh_config. Like ssh, `mustBeSafe` takes none that somebody else could have written: what stands there
 * decides whom we log in to.
 */
export const readSshConfigFile = (path: string, { mustBeSafe }: { mustBeSafe: boolean }): Promise<TextFile> =>
  readTextFile(path, MOST_CONFIG_MEBIBYTES, (about) => (mustBeSafe ? whyUnsafe(about) : null));

/** This user and this computer, as ssh_config may name them by `%i`, `%l` and `%L`. */
export const nameThisComputer = () => ({ uid: String(userInfo().uid), hostname: hostname() });

/** A group that this user is alone in is nobody else; Debian's ssh has it so, where new files are their group's to write. */
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

/** What a file holds, or why that cannot be told; null when there is no such file. */
type TextFile = { text: string } | { why: string } | null;

/** Whose a file is, and what others may do with it. */
type About = { uid: number; gid: number; mode: number };

/** To open a pipe would otherwise wait for somebody to write to it. Windows has neither. */
const READ_WITHOUT_WAITING = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

const MEBIBYTE = 1024 * 1024;

/** Reads a regular file of so many MiB at most, and nothing else: never a pipe or a device. `whyNot`: a reason not to. */
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

/** A file may grow while it is read, and say that it is empty, as those of /proc do. */
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
 * Whether one user alone is in a group, as where everybody has a group of their own. Groups that stand elsewhere, such
 * as in a directory, count as shared.
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
