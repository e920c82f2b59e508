import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { readSmallFile } from "#net/ssh/identities.ts";

/** A file that says it is a private key. */
type FoundKeyFile = { path: string; bytes: Uint8Array };

/** Nobody keeps more. */
const MOST_FILES = 1_000;

const IS_KEY = /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----|^PuTTY-User-Key-File-[0-9]/m;

/**
 * The private key files of ~/.ssh, whatever their names, in the order of these. Null where the folder cannot be
 * listed: then nothing is known of what is in it. A home without the folder holds none.
 */
export async function readKeyFolder(home: string): Promise<FoundKeyFile[] | null> {
  const folder = join(home, ".ssh");
  const names = await listNames(folder);
  if (!names || names.length > MOST_FILES) return null;
  const found: FoundKeyFile[] = [];
  for (const name of names.toSorted()) {
    if (name.endsWith(".pub")) continue;
    const path = join(folder, name);
    const bytes = await readSmallFile(path);
    if (!Buffer.isBuffer(bytes) || !IS_KEY.test(bytes.toString("latin1"))) continue;
    found.push({ path, bytes });
  }
  return found;
}

async function listNames(folder: string): Promise<string[] | null> {
  try {
    return await readdir(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (!code) throw error;
    return code === "ENOENT" || code === "ENOTDIR" ? [] : null;
  }
}
