import { execFile } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, type Locator, type Page } from "@playwright/test";
import {
  type HostedServer,
  SERVED,
  type ServersHost,
  startServersHost,
} from "#testing/lab/start-servers-host.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { environmentOf } from "../stages/stage.ts";
import { PlanPage } from "./plan-page.ts";
import { panelOf } from "./vault-panel.ts";

const run = promisify(execFile);

const PROGRAM = "out/main/latchkey.js";

/** A host whose servers serve `nginx.lab` and the like, and a database that a scan of it has filled. */
export type RenewalLab = AsyncDisposable & {
  database: string;
  home: string;
  host: ServersHost;
  /** Reads the host and its servers once more. */
  scanAgain: () => Promise<void>;
};

export async function startRenewalLab(servers: readonly HostedServer[] = ["nginx"]): Promise<RenewalLab> {
  await using stack = new AsyncDisposableStack();
  const { home, database, prepare } = await makeHome(stack);
  const host = stack.use(await startServersHost(servers, prepare));
  const places = servers.map((server) => `${host.address}:${SERVED[server].port}`);
  const targets = [`root@${host.address}`, ...places];
  const scanAgain = () => scan({ database, home }, targets);
  await scanAgain();
  const owned = stack.move();
  return { database, home, host, scanAgain, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function scan({ database, home }: { database: string; home: string }, targets: readonly string[]) {
  await run(process.execPath, [PROGRAM, "--db", database, "scan", ...targets, "--accept-new"], {
    env: environmentOf(home),
  });
}

/** A home with a login key, which `prepare` lets in to root on a host. */
export async function makeHome(
  stack: AsyncDisposableStack,
): Promise<{ home: string; database: string; prepare: string }> {
  const folder = stack.use(await makeTemporaryFolder());
  const home = join(folder.path, "home");
  await mkdir(join(home, ".ssh"), { recursive: true, mode: 0o700 });
  const key = join(home, ".ssh/id_ed25519");
  await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "jo@desk", "-f", key]);
  const line = (await readFile(`${key}.pub`, "utf8")).trim();
  return { home, database: join(folder.path, "latchkey.db"), prepare: letIn(line) };
}

/** This machine's own home is hidden. */
const letIn = (line: string): string => `
mount -t tmpfs -o mode=700 tmpfs /root
mkdir -m 0700 /root/.ssh
printf '%s\\n' '${line}' > /root/.ssh/authorized_keys
chmod 0600 /root/.ssh/authorized_keys
`;

/** The SHA-256 of the certificate that a server of a host serves now, by `openssl s_client`. */
export async function readServed(
  { address }: { address: string },
  server: HostedServer = "nginx",
): Promise<string> {
  const { protocol, port } = SERVED[server];
  const startTls = protocol === "tls" ? [] : ["-starttls", protocol];
  const asked = run("openssl", ["s_client", "-connect", `${address}:${port}`, ...startTls]);
  asked.child.stdin?.end();
  const { fingerprint256 } = new X509Certificate((await asked).stdout);
  return fingerprint256.replaceAll(":", "").toLowerCase();
}

export async function addAuthority(page: Page, name: string): Promise<void> {
  await panelOf(page, "Issuers").getByRole("button", { name: "Add an issuer" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Who signs").selectOption("local");
  await dialog.getByLabel("Name").fill(name);
  await dialog.getByLabel("What it may sign for").fill(".lab");
  await dialog.getByRole("button", { name: "Add it" }).click();
  await expect(dialog).toHaveCount(0);
}

type Directory = { directory: string; roots: string; eab?: { keyId: string; key: string } };

/** Returns its line among the issuers, once its test has created the account. */
export async function addDirectory(page: Page, name: string, given: Directory): Promise<Locator> {
  const { directory, roots, eab } = given;
  await panelOf(page, "Issuers").getByRole("button", { name: "Add an issuer" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Who signs").selectOption("acme");
  await dialog.getByLabel("Name", { exact: true }).fill(name);
  await dialog.getByLabel("Address of the directory").fill(directory);
  if (eab) {
    await dialog.getByLabel("Key ID of an external account binding").fill(eab.keyId);
    await dialog.getByLabel("Key of the external account binding").fill(eab.key);
  }
  const [chooser] = await Promise.all([
    page.waitForEvent("filechooser"),
    dialog.getByLabel("Roots that the directory is known by").click(),
  ]);
  await chooser.setFiles({
    name: "roots.pem",
    mimeType: "application/x-pem-file",
    buffer: Buffer.from(roots),
  });
  await dialog.getByText("I agree to the directory's terms of service").click();
  await dialog.getByRole("button", { name: "Add it" }).click();
  await expect(dialog).toHaveCount(0);
  const line = panelOf(page, "Issuers").getByRole("listitem").filter({ hasText: directory });
  await line.getByRole("button", { name: `Test ${name}` }).click();
  await expect(line.getByRole("status")).toContainText("it would sign");
  return line;
}

export async function addPerson(page: Page, name: string): Promise<void> {
  await panelOf(page, "Issuers").getByRole("button", { name: "Add an issuer" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Who signs").selectOption("csr");
  await dialog.getByLabel("Name").fill(name);
  await dialog.getByRole("button", { name: "Add it" }).click();
  await expect(dialog).toHaveCount(0);
}

/** Previews the renewal of the open certificate by this issuer; without one, by the only issuer. */
export async function renewOpened(page: Page, issuer?: string): Promise<PlanPage> {
  await page.getByRole("complementary").getByRole("button", { name: "Renew" }).click();
  const dialog = page.getByRole("dialog");
  if (issuer !== undefined) await dialog.getByLabel("Issuer").selectOption(issuer);
  await dialog.getByRole("button", { name: "Preview the plan" }).click();
  return new PlanPage(page);
}

/** Has an authority of ours sign a request, on the screen of settings; returns PEM. */
export async function signWith(page: Page, csr: string, authority: string): Promise<string> {
  const panel = panelOf(page, "Issuers");
  const [chooser] = await Promise.all([
    page.waitForEvent("filechooser"),
    panel.getByRole("button", { name: `Sign a request with ${authority}` }).click(),
  ]);
  return saved(page, () =>
    chooser.setFiles({ name: "nginx.csr", mimeType: "application/pkcs10", buffer: Buffer.from(csr) }),
  );
}

/** What the page saves. */
export async function saved(page: Page, act: () => Promise<void>): Promise<string> {
  const [download] = await Promise.all([page.waitForEvent("download"), act()]);
  return readFile(await download.path(), "utf8");
}
