import { execFile } from "node:child_process";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { type App, createApp } from "#app";
import type { Probe } from "#shared/model/probe.ts";
import { listRows } from "#shells/cli/all-rows.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

const run = promisify(execFile);

type ScanWish = Parameters<App["client"]["scans"]["start"]>[0];

/** A workstation with a home, a login key in it and a database. */
export async function openDesk({ database = ":memory:" }: { database?: string } = {}) {
  const folder = await makeTemporaryFolder();
  const ssh = join(folder.path, ".ssh");
  await mkdir(ssh, { mode: 0o700 });
  await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "jo@desk", "-f", join(ssh, "id_ed25519")]);
  const workstation = { user: "root", home: folder.path, agentSocket: null };
  const app = createApp({ databasePath: database, workstation });
  return {
    app,
    home: folder.path,
    publicKey: (await readFile(join(ssh, "id_ed25519.pub"), "utf8")).trim(),
    /** Scans to the end; answers with every visit. */
    scan: (text: string, wish: Omit<Partial<ScanWish>, "text"> = {}) => scanAll(app, { text, ...wish }),
    async [Symbol.asyncDispose]() {
      await app[Symbol.asyncDispose]();
      await folder.remove();
    },
  };
}

async function scanAll({ client }: App, wish: ScanWish): Promise<Probe[]> {
  const announcements = await client.events.watch();
  const { scanId } = await client.scans.start(wish);
  for await (const announced of announcements)
    if (announced.kind === "scan-finished" && announced.scanId === scanId) break;
  return (await listRows(undefined, (page) => client.scans.probes({ scanId, ...page }))).rows;
}

/** Shell text that lets a key in to an account of a lab host, the account made with this shell where it is not there. */
export const letIn = (publicKey: string, account = "root", shell = "/bin/sh"): string => `
  id ${account} >/dev/null 2>&1 || useradd --create-home --shell ${shell} ${account}
  home=$(getent passwd ${account} | cut -d: -f6)
  install -d -m 700 -o ${account} $home/.ssh
  echo '${publicKey}' > $home/.ssh/authorized_keys
  chown ${account} $home/.ssh/authorized_keys
`;
