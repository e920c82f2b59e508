import { readFile } from "node:fs/promises";
import { join } from "node:path";

export type KnownHostsFiles = {
  files: { path: string; text: string }[];
  /** Those that exist but cannot be read: keys that are known there are not known to a scan. */
  unread: { path: string; why: string }[];
};

/** The files in which ssh looks for host keys, unless it is told others. */
const pathsFor = (home: string): string[] => [
  join(home, ".ssh/known_hosts"),
  join(home, ".ssh/known_hosts2"),
  "/etc/ssh/ssh_known_hosts",
  "/etc/ssh/ssh_known_hosts2",
];

/** Reads the user's and the system's known_hosts. Never fails. */
export async function readKnownHostsFiles(home: string): Promise<KnownHostsFiles> {
  const found: KnownHostsFiles = { files: [], unread: [] };
  for (const path of pathsFor(home)) {
    try {
      found.files.push({ path, text: await readFile(path, "utf8") });
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (!code) throw error;
      if (code !== "ENOENT" && code !== "ENOTDIR")
        found.unread.push({ path, why: `it cannot be read (${code})` });
    }
  }
  return found;
}
