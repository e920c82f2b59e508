import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";

/** What a file holds, or why that cannot be told; null when there is no such file. */
export type TextFile = { text: string } | { why: string } | null;

/** Whose a file is, and what others may do with it. */
export type About = { uid: number; gid: number; mode: number };

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
