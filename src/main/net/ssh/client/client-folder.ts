import { mkdtemp, readFile, readlink, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { viewKey } from "#codec/fingerprint.ts";
import type { PresentedKey } from "#net/ssh/ssh-failure.ts";
import type { ClientKey } from "./client-login.ts";
import { findProgram } from "./find-ssh.ts";
import { type ClientConfig, writeClientConfig } from "./write-config.ts";

type ClientFolderOptions = Omit<ClientConfig, "identityFiles" | "knownHostsFile" | "record"> & {
  trustedKeys: readonly Uint8Array[];
  keys: readonly ClientKey[];
};

export type ClientFolder = AsyncDisposable & {
  path: string;
  configFile: string;
  logFile: string;
  readLog(): Promise<string>;
  /** The key that the host presented; null where it did not come to that, or where it cannot be recorded. */
  readHostKey(): Promise<PresentedKey | null>;
};

/** More of a log is never needed. */
const MOST_LOG = 256 * 1024;

/**
 * A folder that only this user can look into, for one login: its ssh_config, the keys that are trusted, the public
 * halves of the agent's keys, and what ssh says. No secret is written there. It is gone with the returned value.
 */
export async function makeClientFolder({
  trustedKeys,
  keys,
  ...wish
}: ClientFolderOptions): Promise<ClientFolder> {
  const path = await mkdtemp(join(tmpdir(), "latchkey-ssh-"));
  const inside = (name: string) => join(path, name);
  const remove = () => rm(path, { recursive: true, force: true, maxRetries: 5 });
  const write = (name: string, text: string) => writeFile(inside(name), text, { mode: 0o600, flag: "wx" });
  try {
    const linker = findProgram(["/bin/ln", "/usr/bin/ln"]);
    const identityFiles = keys.map((key, index) => (key.kind === "file" ? key.path : inside(`${index}.pub`)));
    for (const [index, key] of keys.entries())
      if (key.kind === "agent") await write(`${index}.pub`, `${formatKey(key.blob)}\n`);
    // Where the presented key cannot be recorded, only one may be presented.
    const trusted = linker ? trustedKeys : trustedKeys.slice(0, 1);
    await write("known_hosts", trusted.map((blob) => `* ${formatKey(blob)}\n`).join(""));
    const record = linker === null ? null : { program: linker, folder: path };
    const knownHostsFile = inside("known_hosts");
    await write("config", writeClientConfig({ ...wish, identityFiles, knownHostsFile, record }));
    await write("log", "");
    return {
      path,
      configFile: inside("config"),
      logFile: inside("log"),
      readLog: async () => (await readFile(inside("log"))).subarray(0, MOST_LOG).toString("utf8"),
      async readHostKey() {
        if (!linker) return trusted[0] ? viewPresented(trusted[0]) : null;
        const base64 = await readlink(inside("HOSTNAME")).catch(() => null);
        return base64 === null ? null : viewPresented(Buffer.from(base64, "base64"));
      },
      [Symbol.asyncDispose]: remove,
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

const formatKey = (blob: Uint8Array): string =>
  `${viewKey(blob).keyType} ${Buffer.from(blob).toString("base64")}`;

const viewPresented = (blob: Uint8Array): PresentedKey => ({ blob: Uint8Array.from(blob), ...viewKey(blob) });
