import { join } from "node:path";
import { readTextFile } from "./read-text-file.ts";

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

/** Of a million hosts. */
const MOST_MEBIBYTES = 256;

/** Reads the user's and the system's known_hosts. Never fails. */
export async function readKnownHostsFiles(home: string): Promise<KnownHostsFiles> {
  const found: KnownHostsFiles = { files: [], unread: [] };
  for (const path of pathsFor(home)) {
    const file = await readTextFile(path, MOST_MEBIBYTES);
    if (file && "text" in file) found.files.push({ path, text: file.text });
    else if (file) found.unread.push({ path, why: file.why });
  }
  return found;
}
