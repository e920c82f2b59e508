import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { listAgentKeys, listUsualKeyFiles, readKeyFile, readSmallFile } from "#net/ssh/identities.ts";
import type { ThisComputer } from "#shared/contract/settings.ts";
import type { Workstation } from "#shared/model/hosts/workstation.ts";
import { readKnownHostsFiles } from "./read-ssh-files.ts";

/** What a scan from here can use. Reads files and the agent's list; writes and connects to nothing else. */
export async function inspectThisComputer({
  user,
  home,
  agentSocket,
}: Workstation): Promise<Omit<ThisComputer, "sshConfig">> {
  const { isReachable, keys } = await listAgentKeys(agentSocket);
  const held = new Set(keys.map(({ fingerprint }) => fingerprint));
  const files = await Promise.all(listUsualKeyFiles(home).map((path) => describeKeyFile(path, held)));
  return {
    user,
    agent: {
      isReachable,
      identities: keys.map(({ keyType, fingerprint, comment }) => ({ keyType, fingerprint, comment })),
    },
    identityFiles: files.filter((file) => file !== null),
    knownHosts: countKnownHosts((await readKnownHostsFiles(home)).files),
  };
}

type IdentityFile = ThisComputer["identityFiles"][number];

async function describeKeyFile(path: string, held: ReadonlySet<string>): Promise<IdentityFile | null> {
  const file = await readKeyFile(path);
  if (file === "missing") return null;
  const isReadableByOthers = process.platform !== "win32" && ((await stat(path)).mode & 0o077) !== 0;
  if ("unreadable" in file)
    return {
      path,
      keyType: null,
      fingerprint: null,
      isEncrypted: null,
      isReadableByOthers,
      unusable: file.unreadable,
    };
  const { keyType, fingerprint } = file;
  if (file.kind === "usable")
    return { path, keyType, fingerprint, isEncrypted: false, isReadableByOthers, unusable: null };
  // A scan prompts for the passphrase of a locked key.
  const canBeUsed = file.lock !== null || (fingerprint !== null && held.has(fingerprint));
  return {
    path,
    keyType,
    fingerprint,
    isEncrypted: file.isEncrypted,
    isReadableByOthers,
    unusable: canBeUsed ? null : file.why,
  };
}

function countKnownHosts(files: readonly { path: string; text: string }[]): ThisComputer["knownHosts"] {
  const lines = files.flatMap(({ text }) => text.split("\n").map((line) => line.trim()));
  const entries = lines.filter((line) => line !== "" && !line.startsWith("#"));
  const hashed = entries.filter((line) => /^(@\S+\s+)?\|1\|/.test(line));
  return { files: files.map(({ path }) => path), entries: entries.length, hashed: hashed.length };
}

/** A file whose text says that it is a private key. */
type FoundKeyFile = { path: string; bytes: Uint8Array };

/** Nobody keeps more key files. */
const MOST_FILES = 1_000;

const IS_KEY = /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----|^PuTTY-User-Key-File-[0-9]/m;

/**
 * The private key files of ~/.ssh, whatever their names, in the order of their names. Null if the folder cannot be
 * listed: its content is unknown then. A home without the folder has none.
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
