import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { createApp } from "#app";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { makeKeyPair } from "./ssh-server.ts";

/**
 * A workstation with a login key, an ssh_config of its own and an empty database. Before a scan retries a host it does
 * not wait, and `pauses` lists how long it would have waited.
 */
export async function openWorkstation(sshConfig: string) {
  const folder = await makeTemporaryFolder();
  const ssh = join(folder.path, ".ssh");
  await mkdir(ssh, { mode: 0o700 });
  await writeFile(join(ssh, "id_ed25519"), makeKeyPair().private, { mode: 0o600 });
  await writeFile(join(ssh, "config"), sshConfig);
  const pauses: number[] = [];
  const app = createApp({
    databasePath: ":memory:",
    workstation: { user: "jo", home: folder.path, agentSocket: null },
    retryPolicy: { wait: async (ms) => void pauses.push(ms), random: () => 0 },
  });
  return {
    app,
    home: folder.path,
    pauses,
    async [Symbol.asyncDispose]() {
      await app[Symbol.asyncDispose]();
      await folder.remove();
    },
  };
}

/** A host of ssh_config, which a server on loopback plays; `more`: further settings, one a line. */
export const formatHost = (
  name: string,
  { host, port }: { host: string; port: number },
  ...more: readonly string[]
): string => [`Host ${name}`, `HostName ${host}`, `Port ${port}`, ...more, ""].join("\n");

const run = promisify(execFile);

/**
 * The output of `ssh -G` for a host with one file of ssh_config: the values of each keyword. Null if it fails. It
 * executes the command of Match exec: never pass it one.
 */
export async function askSsh(
  file: string,
  host: string,
  options: readonly string[] = [],
): Promise<((keyword: string) => string[]) | null> {
  const { stdout } = await run("ssh", ["-G", "-F", file, ...options, host]).catch(() => ({ stdout: "" }));
  if (stdout === "") return null;
  const lines = stdout.split("\n").map((line) => line.split(/ (.*)/s));
  return (keyword) => lines.filter(([name]) => name === keyword).map(([, value = ""]) => value);
}
