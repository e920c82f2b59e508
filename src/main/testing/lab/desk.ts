import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { type App, createApp } from "#app";
import type { Probe } from "#shared/model/hosts/probe.ts";
import { listRows } from "#shells/cli/print-table.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

const run = promisify(execFile);
const PROGRAM = join(import.meta.dirname, "../../../../out/main/latchkey.js");

type Client = App["client"];
type ScanRequest = Parameters<Client["scans"]["start"]>[0];

/** A workstation: a home with a login key in it, and a database that is created by the first write. */
export async function makeDesk() {
  const folder = await makeTemporaryFolder();
  const ssh = join(folder.path, ".ssh");
  await mkdir(ssh, { mode: 0o700 });
  await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "jo@desk", "-f", join(ssh, "id_ed25519")]);
  const databasePath = join(folder.path, "latchkey.db");
  const home = folder.path;
  const workstation = { user: "root", home, agentSocket: null };
  return {
    home,
    databasePath,
    workstation,
    publicKey: (await readFile(join(ssh, "id_ed25519.pub"), "utf8")).trim(),
    open: () => createApp({ databasePath, workstation }),
    /** Runs the built program itself. `before`: the words before it, such as a network's `enter`. */
    latchkey: (args: readonly string[], { before = [] }: { before?: readonly string[] } = {}) =>
      runProgram([...before, process.execPath, PROGRAM, "--db", databasePath, ...args], home),
    [Symbol.asyncDispose]: () => folder.remove(),
  };
}

export type Desk = Awaited<ReturnType<typeof makeDesk>>;

async function runProgram([command = "", ...args]: readonly string[], home: string) {
  const { SSH_AUTH_SOCK: _, ...environment } = process.env;
  const child = spawn(command, args, {
    env: { ...environment, HOME: home, XDG_DATA_HOME: home },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  return { code: code as number | null, out, err };
}

/** Scans to the end; returns every probe. */
export async function scanAll({ client }: App, wish: ScanRequest): Promise<Probe[]> {
  const announcements = await client.events.watch();
  const { scanId } = await client.scans.start(wish);
  for await (const announced of announcements)
    if (announced.kind === "scan-finished" && announced.scanId === scanId) break;
  return listProbes(client, scanId);
}

/** Every probe of a scan. */
export const listProbes = async (client: Client, scanId: number): Promise<Probe[]> =>
  (await listRows(undefined, (page) => client.scans.probes({ scanId, ...page }))).rows;

/** Shell text that lets a key log in to an account of a lab host; a missing account is created with this shell. */
export const letIn = (publicKey: string, account = "root", shell = "/bin/sh"): string => `
  id ${account} >/dev/null 2>&1 || useradd --create-home --shell ${shell} ${account}
  home=$(getent passwd ${account} | cut -d: -f6)
  install -d -m 700 -o ${account} $home/.ssh
  echo '${publicKey}' > $home/.ssh/authorized_keys
  chown ${account} $home/.ssh/authorized_keys
`;
