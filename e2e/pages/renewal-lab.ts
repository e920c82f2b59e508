import { execFile } from "node:child_process";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { connect } from "node:tls";
import { promisify } from "node:util";
import { expect, type Locator, type Page } from "@playwright/test";
import { type ServersHost, startServersHost } from "#testing/lab/start-servers-host.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { environmentOf } from "../stages/stage.ts";

const run = promisify(execFile);

const PROGRAM = "out/main/latchkey.js";

/** A host whose nginx serves `nginx.lab`, and a database that a scan of it has filled. */
export type RenewalLab = AsyncDisposable & { database: string; home: string; host: ServersHost };

export async function startRenewalLab(): Promise<RenewalLab> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await makeTemporaryFolder());
  const home = join(folder.path, "home");
  await mkdir(join(home, ".ssh"), { recursive: true, mode: 0o700 });
  const key = join(home, ".ssh/id_ed25519");
  await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "jo@desk", "-f", key]);
  const line = (await readFile(`${key}.pub`, "utf8")).trim();
  const host = stack.use(await startServersHost(["nginx"], letIn(line)));
  const database = join(folder.path, "latchkey.db");
  const targets = [`root@${host.address}`, `${host.address}:443`];
  await run(process.execPath, [PROGRAM, "--db", database, "scan", ...targets, "--accept-new"], {
    env: environmentOf(home),
  });
  const owned = stack.move();
  return { database, home, host, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** This machine's own home is hidden. */
const letIn = (line: string): string => `
mount -t tmpfs -o mode=700 tmpfs /root
mkdir -m 0700 /root/.ssh
printf '%s\\n' '${line}' > /root/.ssh/authorized_keys
chmod 0600 /root/.ssh/authorized_keys
`;

/** The SHA-256 of what a host serves now, whoever signed it. */
export function readServed({ address }: { address: string }): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port: 443, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().fingerprint256.replaceAll(":", "").toLowerCase());
      socket.destroy();
    });
    socket.on("error", reject);
  });
}

export const panelOf = (page: Page, title: string): Locator =>
  page.locator("section").filter({ has: page.getByRole("heading", { name: title, exact: true }) });

/** On the screen of settings. */
export async function makeVault(page: Page): Promise<void> {
  const vault = panelOf(page, "Vault");
  await vault.getByLabel("Passphrase", { exact: true }).fill("correct horse");
  await vault.getByLabel("Once more").first().fill("correct horse");
  await vault.getByRole("button", { name: "Create the vault" }).click();
  await expect(vault.getByRole("button", { name: "Lock", exact: true })).toBeVisible();
}

export async function addAuthority(page: Page, name: string): Promise<void> {
  await panelOf(page, "Issuers").getByRole("button", { name: "Add an issuer" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill(name);
  await dialog.getByLabel("What it may sign for").fill(".lab");
  await dialog.getByRole("button", { name: "Add it" }).click();
  await expect(dialog).toHaveCount(0);
}

export async function addPerson(page: Page, name: string): Promise<void> {
  await panelOf(page, "Issuers").getByRole("button", { name: "Add an issuer" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("A person", { exact: true }).click();
  await dialog.getByLabel("Name").fill(name);
  await dialog.getByRole("button", { name: "Add it" }).click();
  await expect(dialog).toHaveCount(0);
}
