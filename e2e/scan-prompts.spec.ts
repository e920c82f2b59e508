import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Page } from "@playwright/test";
import { makeLockedKey } from "#testing/ssh/key-files.ts";
import {
  byPassword,
  type PromptingServer,
  promptFor,
  startPromptingServer,
} from "#testing/ssh/ssh-server.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { expect, test } from "./latchkey.ts";
import type { Frame } from "./pages/frame.ts";
import { PromptDialog } from "./pages/prompt-dialog.ts";
import type { ScanPanel } from "./pages/scan-panel.ts";

type ScanOptions = { servers: readonly PromptingServer[]; keyFile?: string; askPassword?: boolean };

/** Starts a scan that may prompt, of hosts whose keys it trusts. */
async function startScan(frame: Frame, { servers, keyFile, askPassword }: ScanOptions): Promise<ScanPanel> {
  const dialog = await frame.openScanDialog();
  await dialog.write(servers.map(({ host, port }) => `jo@${host}:${port}`));
  await dialog.root.getByText("Options for SSH").click();
  await dialog.root.getByLabel("Trust the host keys of new hosts").check();
  if (keyFile) await dialog.root.getByLabel("Private key files").fill(keyFile);
  if (askPassword) await dialog.root.getByLabel("Prompt for a password").check();
  await dialog.start.click();
  return dialog;
}

/** Everything that the page keeps, or receives. */
async function watchForLeaks(page: Page) {
  const received: string[] = [];
  page.on("websocket", (socket) =>
    socket.on("framereceived", ({ payload }) => received.push(String(payload))),
  );
  return async () => {
    const kept = await page.evaluate(() =>
      JSON.stringify([
        location.href,
        { ...sessionStorage },
        { ...localStorage },
        document.documentElement.outerHTML,
      ]),
    );
    return [kept, ...received].filter((text) => /canary/i.test(text));
  };
}

test("the passphrase of a key file is asked for over any screen, by keyboard alone, until it is right", async ({
  openEmpty,
  sample,
  camera,
}) => {
  const keyFile = join(sample.home, ".ssh/deploy_ed25519");
  await mkdir(dirname(keyFile), { recursive: true, mode: 0o700 });
  await writeFile(keyFile, makeLockedKey({ passphrase: "canary-right" }), { mode: 0o600 });
  await using server = await startPromptingServer({
    judge: (attempt) => (attempt.method === "publickey" ? attempt.accept() : attempt.reject(["publickey"])),
  });
  const frame = await openEmpty();
  const findLeaks = await watchForLeaks(frame.page);
  const scan = await startScan(frame, { servers: [server], keyFile });

  const prompt = new PromptDialog(frame.page, "Passphrase");
  await expect(prompt.field("Passphrase")).toBeFocused();
  await expect(prompt.root).toContainText(keyFile);
  await expect(prompt.root).toContainText(/SHA256:/);
  expect(await camera.photograph("scan-prompts-passphrase")).toEqual([]);
  await frame.page.keyboard.type("canary-wrong");
  await frame.press("Enter");

  await expect(prompt.wrong).toHaveText("Wrong passphrase; 2 attempts left");
  await expect(prompt.field("Passphrase")).toBeFocused();
  await expect(prompt.field("Passphrase")).toHaveValue("");
  expect(await camera.photograph("scan-prompts-again")).toEqual([]);
  await frame.page.keyboard.type("canary-right");
  await frame.press("Enter");

  await expect(prompt.root).toBeHidden();
  await expect(scan.progress).toContainText("1 of 1 scanned");
  await expect(scan.visits).toContainText(["cannot run a script"]);
  expect(server.attempts).toContain("publickey");
  expect(await findLeaks()).toEqual([]);
});

test("Escape goes on without the key, closes nothing else, and the host says what was missing", async ({
  openEmpty,
  sample,
}) => {
  const keyFile = join(sample.home, ".ssh/deploy_ed25519");
  await mkdir(dirname(keyFile), { recursive: true, mode: 0o700 });
  await writeFile(keyFile, makeLockedKey({ passphrase: "canary-right" }), { mode: 0o600 });
  await using server = await startPromptingServer({ judge: byPassword("nobody knows") });
  const frame = await openEmpty();
  const scan = await startScan(frame, { servers: [server], keyFile });
  const prompt = new PromptDialog(frame.page, "Passphrase");
  await expect(prompt.field("Passphrase")).toBeFocused();
  await frame.press("Escape");
  await expect(prompt.root).toBeHidden();
  await expect(scan.visits).toContainText(["was not unlocked"]);
});

test("one password is asked for and tried at every host of its user; a host may ask in its own words", async ({
  openEmpty,
  camera,
}) => {
  await using one = await startPromptingServer({ judge: byPassword("canary-password") });
  await using two = await startPromptingServer({ judge: byPassword("canary-password") });
  await using token = await startPromptingServer({
    judge: async (attempt) => {
      if (attempt.method !== "keyboard-interactive") return attempt.reject(["keyboard-interactive"]);
      const [code] = await promptFor(
        attempt,
        { prompt: "Code \u202eedoc\u001b[2J", echo: true },
        { prompt: "PIN:", echo: false },
      );
      return code === "canary-code" ? attempt.accept() : attempt.reject(["keyboard-interactive"]);
    },
  });
  const frame = await openEmpty();
  const findLeaks = await watchForLeaks(frame.page);
  const scan = await startScan(frame, { servers: [one, two], askPassword: true });
  const password = new PromptDialog(frame.page, "Password");
  await expect(password.field("Password")).toBeFocused();
  await password.forSameUser.check();
  expect(await camera.photograph("scan-prompts-password")).toEqual([]);
  await password.field("Password").fill("canary-password");
  await frame.press("Enter");
  await expect(scan.progress).toContainText("2 of 2 scanned");
  for (const { attempts } of [one, two]) expect(attempts).toEqual(["none", "password canary-password"]);
  await frame.press("Escape");

  const second = await startScan(frame, { servers: [token], askPassword: true });
  const ownPrompt = new PromptDialog(frame.page, "The host prompts");
  await expect(ownPrompt.root).toContainText("Two factors");
  await expect(ownPrompt.root).toContainText("U+202E");
  expect(await camera.photograph("scan-prompts-as-the-host")).toEqual([]);
  await ownPrompt.root.getByRole("textbox").first().fill("canary-code");
  await ownPrompt.field("PIN:").fill("canary-pin");
  await frame.press("Enter");
  await expect(second.progress).toContainText("1 of 1 scanned");
  expect(await findLeaks()).toEqual([]);
});

test("a scan is cancelled from its prompt, which goes with it", async ({ openEmpty }) => {
  await using server = await startPromptingServer({ judge: byPassword("nobody knows") });
  const frame = await openEmpty();
  const scan = await startScan(frame, { servers: [server], askPassword: true });
  const prompt = new PromptDialog(frame.page, "Password");
  await prompt.cancelScan();
  await expect(prompt.root).toBeHidden();
  await expect(scan.root).toContainText("Cancelled");
});

test("at a terminal the built program asks too; what was typed is on no screen, in no file and with no process", async () => {
  test.skip(!existsSync("/usr/bin/script") || !existsSync("/proc/self/environ"), "needs script and /proc");
  await using folder = await makeTemporaryFolder();
  await mkdir(join(folder.path, ".ssh"), { mode: 0o700 });
  const keyFile = join(folder.path, ".ssh/id_ed25519");
  await writeFile(keyFile, makeLockedKey({ passphrase: "canary-right" }), { mode: 0o600 });
  await using server = await startPromptingServer({ judge: byPassword("canary-password") });
  const target = `jo@${server.host}:${server.port}`;
  const words = [
    "out/main/latchkey.js",
    "--db",
    join(folder.path, "latchkey.db"),
    "scan",
    target,
    "--accept-new",
  ];
  const command = [process.execPath, ...words, "--ask-password"].map((word) => `'${word}'`).join(" ");
  const { SSH_AUTH_SOCK: _, ...env } = process.env;
  const terminal = spawn("script", ["--quiet", "--return", "--command", command, "/dev/null"], {
    env: { ...env, HOME: folder.path },
  });

  const replies = ["canary-wrong", "canary-right", "canary-password"];
  let [shown, unread, processes] = ["", "", ""];
  for await (const chunk of terminal.stdout.setEncoding("utf8") as AsyncIterable<string>) {
    shown += chunk;
    unread += chunk;
    if (!/(Passphrase|Password): $/.test(unread)) continue;
    unread = "";
    processes += await describeProcesses(terminal.pid ?? 0);
    terminal.stdin.write(`${replies.shift()}\r`);
  }

  expect(shown).toContain("wrong passphrase; 2 attempts left");
  expect(shown).toContain("cannot run a script");
  expect(server.attempts).toContain("password canary-password");
  expect(processes).toContain("latchkey.js");
  const files = (await readdir(folder.path)).filter((name) => name.startsWith("latchkey.db"));
  const kept = await Promise.all(files.map((name) => readFile(join(folder.path, name), "latin1")));
  for (const text of [shown, processes, ...kept]) expect(text).not.toMatch(/canary/i);
});

/** The arguments and the environment of a process and of all that it has started. */
async function describeProcesses(pid: number): Promise<string> {
  const of = (name: string) => readFile(`/proc/${pid}/${name}`, "utf8");
  const children = (await of(`task/${pid}/children`)).trim().split(" ").filter(Boolean);
  const below = await Promise.all(children.map((child) => describeProcesses(Number(child))));
  return [await of("cmdline"), await of("environ"), ...below].join("\n");
}
