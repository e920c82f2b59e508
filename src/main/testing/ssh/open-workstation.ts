import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createApp } from "#app";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { makeKeyPair } from "./ssh-server.ts";

/**
 * A workstation with a login key, an ssh_config of its own and an empty database. Where a scan would wait before it
 * tries a host again, it goes on at once, and how long it would have waited is told.
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

/** A host of ssh_config, which a server on loopback plays; `more`: what else is said of it, a line each. */
export const formatHost = (
  name: string,
  { host, port }: { host: string; port: number },
  ...more: readonly string[]
): string => [`Host ${name}`, `HostName ${host}`, `Port ${port}`, ...more, ""].join("\n");
