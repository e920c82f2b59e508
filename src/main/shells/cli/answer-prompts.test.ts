import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openTerminal } from "#testing/open-terminal.ts";
import { makeLockedKey } from "#testing/ssh/key-files.ts";
import {
  byPassword,
  type PromptingServer,
  promptFor,
  startPromptingServer,
} from "#testing/ssh/ssh-server.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import type { World } from "./session.ts";

type Prompt = NonNullable<World["prompt"]>;

/** Types these lines at a terminal, one after the other, and then cancels; on a workstation with a locked key. */
async function sitDown(replies: readonly string[] | Prompt) {
  const folder = await makeTemporaryFolder();
  const home = join(folder.path, "home");
  await mkdir(join(home, ".ssh"), { recursive: true });
  const keyPath = join(home, ".ssh/id_ed25519");
  await writeFile(keyPath, makeLockedKey({ passphrase: "canary-right" }), { mode: 0o600 });
  const prompts: string[] = [];
  const drawn: string[][] = [];
  const prompt: Prompt = async (text, options) => {
    prompts.push(`${options.isHidden ? "hidden " : ""}${text}`);
    return typeof replies === "function" ? replies(text, options) : (replies[prompts.length - 1] ?? null);
  };
  const type = openTerminal(join(folder.path, "latchkey.db"), {
    workstation: { user: "jo", home, agentSocket: null },
    prompt,
    showStatus: (lines) => drawn.push([...lines]),
  });
  const scan = (servers: readonly PromptingServer[], ...options: string[]) =>
    type("scan", ...servers.map(({ host, port }) => `jo@${host}:${port}`), "--accept-new", ...options);
  return { scan, keyPath, prompts, drawn, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

const startKeyServer = () =>
  startPromptingServer({
    judge: (attempt) => (attempt.method === "publickey" ? attempt.accept() : attempt.reject(["publickey"])),
  });

test("a passphrase is asked for at the terminal, with the progress out of the way, until it is right", async () => {
  await using server = await startKeyServer();
  await using desk = await sitDown(["canary-wrong", "canary-right"]);
  const said = await desk.scan([server]);
  expect(desk.prompts).toEqual(["hidden Passphrase: ", "hidden Passphrase: "]);
  expect(said.err).toContain(`${desk.keyPath} (SHA256:`);
  expect(said.err).toContain("wrong passphrase; 2 attempts left");
  expect(desk.drawn).toContainEqual([]);
  expect(server.attempts).toContain("publickey");
  expect(said.out + said.err + desk.drawn.join()).not.toContain("canary");
});

test("Enter alone, or Ctrl-D, goes on without the key, and the scan says what was missing", async () => {
  for (const replies of [[""], []]) {
    await using server = await startKeyServer();
    await using desk = await sitDown(replies);
    const { out } = await desk.scan([server]);
    expect(desk.prompts).toHaveLength(1);
    expect(out).toContain(`${desk.keyPath}: it was not unlocked`);
  }
});

test("a password is asked for once for several hosts, when that is wanted", async () => {
  await using one = await startPromptingServer({ judge: byPassword("canary-password") });
  await using two = await startPromptingServer({ judge: byPassword("canary-password") });
  await using desk = await sitDown(["", "canary-password", "y"]);
  const said = await desk.scan([one, two], "--ask-password");
  expect(desk.prompts).toEqual([
    "hidden Passphrase: ",
    "hidden Password: ",
    "Use it for jo on the other hosts of this scan that need a password? [y/N] ",
  ]);
  expect(said.err).toMatch(
    /no key can log in as jo at 127\.0\.0\.1:\d+; press Enter to go on without a password/,
  );
  for (const { attempts } of [one, two]) expect(attempts).toEqual(["none", "password canary-password"]);
  expect(said.out + said.err).not.toContain("canary");
});

test("what a host asks is shown in its words, which move no cursor, and shown as typed only where it says so", async () => {
  await using server = await startPromptingServer({
    judge: async (attempt) => {
      if (attempt.method !== "keyboard-interactive") return attempt.reject(["keyboard-interactive"]);
      await promptFor(
        attempt,
        { prompt: "Code\u001b[2J\u202e: ", echo: true },
        { prompt: "PIN:", echo: false },
      );
      attempt.accept();
    },
  });
  await using desk = await sitDown(["", "123", ""]);
  const { err } = await desk.scan([server], "--ask-password");
  expect(desk.prompts.slice(1)).toEqual(["Code<U+001B>[2J<U+202E>: ", "hidden PIN: "]);
  expect(err).toContain("and the host prompts:\n  Two factors\n  Take out your token");
});

test("a question that the scan has withdrawn gives its prompt up, and the next one is put", async () => {
  let hangUp = () => {};
  await using server = await startPromptingServer({
    judge: (attempt, hang) => {
      hangUp = hang;
      attempt.reject(["password"]);
    },
  });
  await using next = await startPromptingServer({ judge: byPassword("canary-password") });
  await using desk = await sitDown(async (text, { signal }) => {
    if (text.startsWith("Passphrase")) return "";
    if (next.attempts.length > 0) return "canary-password";
    hangUp();
    return new Promise((resolve) => signal.addEventListener("abort", () => resolve(null)));
  });
  const { out } = await desk.scan([server, next], "--ask-password", "--concurrency", "1");
  expect(next.attempts).toEqual(["none", "password canary-password"]);
  expect(out).toContain("hung up while an answer was waited for");
});

test("without a terminal nothing is asked, and what failed says the way out", async () => {
  await using server = await startPromptingServer({ judge: byPassword("canary-password") });
  await using folder = await makeTemporaryFolder();
  const key = join(folder.path, "key");
  await writeFile(key, makeLockedKey({ passphrase: "canary-right" }));
  const type = openTerminal(join(folder.path, "latchkey.db"), {
    workstation: { user: "jo", home: folder.path, agentSocket: null },
  });
  const target = `jo@${server.host}:${server.port}`;
  expect(await type("scan", target, "--accept-new", "--identity", key)).toEqual({
    code: 2,
    out: "",
    err: `latchkey: ${key} cannot be used to log in: it has a passphrase: load it into ssh-agent with ssh-add, or scan at a terminal, which asks for it`,
  });
  expect(server.attempts).toEqual([]);
});
