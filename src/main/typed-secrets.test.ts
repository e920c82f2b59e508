import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { inspect } from "node:util";
import type { AuthContext } from "ssh2";
import { expect, test } from "vitest";
import type { PromptRequest } from "#shared/model/hosts/prompt.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { type App, createApp } from "./app.ts";
import { makeLockedKey } from "./testing/ssh/key-files.ts";
import {
  byPassword,
  type PromptingServer,
  promptFor,
  startPromptingServer,
} from "./testing/ssh/ssh-server.ts";

const CANARY = /canary/i;

/** A workstation with one locked key, and Latchkey on a database file; keeps all that Latchkey logs. */
async function openDesk() {
  const folder = await makeTemporaryFolder();
  const home = join(folder.path, "home");
  await mkdir(join(home, ".ssh"), { recursive: true });
  const keyPath = join(home, ".ssh/id_ed25519");
  await writeFile(keyPath, makeLockedKey({ passphrase: "canary-passphrase-right" }), { mode: 0o600 });
  const logged: unknown[] = [];
  const app = createApp({
    databasePath: join(folder.path, "latchkey.db"),
    workstation: { user: "jo", home, agentSocket: null },
    log: (error) => logged.push(error),
  });
  return {
    app,
    keyPath,
    folder: folder.path,
    logged,
    async [Symbol.asyncDispose]() {
      await app[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

type Answer = (question: PromptRequest) => string[] | null;

/** Scans, and answers the prompts. Returns the prompts, the announcements, and what each probe met. */
async function scan({ client }: App, servers: readonly PromptingServer[], wish: object, answer: Answer) {
  const said: unknown[] = [];
  const asked: PromptRequest[] = [];
  const announcements = await client.events.watch();
  const text = servers.map(({ host, port }) => `ssh://${host}:${port}`).join(" ");
  const { scanId } = await client.scans.start({ text, acceptNew: true, mayPrompt: true, ...wish });
  for await (const announcement of announcements) {
    said.push(announcement);
    if (announcement.kind === "scan-finished") break;
    for (const question of await client.scans.prompts({ scanId })) {
      if (asked.some(({ id }) => id === question.id)) continue;
      asked.push(question);
      const given = { scanId, promptId: question.id, answers: answer(question), isForSameUser: true };
      said.push(await client.scans.answer(given));
    }
  }
  const probes = await client.scans.probes({ scanId });
  return { scanId, asked, said, probes: probes.rows, state: (await client.scans.find({ scanId })).state };
}

const keysOnly = (attempt: AuthContext) =>
  attempt.method === "publickey" ? attempt.accept() : attempt.reject(["publickey"]);

test("a passphrase is asked for once a scan, before any host is visited, and the key logs in", async () => {
  await using desk = await openDesk();
  await using one = await startPromptingServer({ judge: keysOnly });
  await using two = await startPromptingServer({ judge: keysOnly });
  const { asked, probes } = await scan(desk.app, [one, two], {}, ({ wrongAnswers }) => {
    expect([...one.attempts, ...two.attempts]).toEqual([]);
    return [wrongAnswers === 0 ? "canary-passphrase-wrong" : "canary-passphrase-right"];
  });
  expect(asked).toMatchObject([
    { about: { kind: "passphrase", file: desk.keyPath }, wrongAnswers: 0 },
    { about: { kind: "passphrase", file: desk.keyPath }, wrongAnswers: 1 },
  ]);
  expect(probes.map(({ outcome }) => outcome)).toEqual(["restricted-shell", "restricted-shell"]);
  expect(one.attempts).toContain("publickey");
});

test("a passphrase that is wrong three times leaves the key out: hosts that have no other say so", async () => {
  await using desk = await openDesk();
  await using server = await startPromptingServer({ judge: keysOnly });
  const { asked, probes, state } = await scan(desk.app, [server], {}, () => ["canary-wrong"]);
  expect(asked.map(({ wrongAnswers }) => wrongAnswers)).toEqual([0, 1, 2]);
  expect(state).toBe("finished");
  expect(probes).toMatchObject([
    {
      outcome: "login-refused",
      message: expect.stringMatching(/no key to log in with .*id_ed25519: it was not unlocked: three/),
    },
  ]);
  expect(server.attempts).toEqual([]);
});

test("where nobody may be asked, nothing is; a locked file that was named is refused before anything is visited", async () => {
  await using desk = await openDesk();
  await using server = await startPromptingServer({ judge: keysOnly });
  const alone = await scan(desk.app, [server], { mayPrompt: false, promptsForPassword: true }, () => [
    "canary",
  ]);
  expect(alone).toMatchObject({ asked: [], probes: [{ message: expect.stringContaining("ssh-add") }] });
  await expect(
    scan(desk.app, [server], { mayPrompt: false, identityFiles: [desk.keyPath] }, () => null),
  ).rejects.toThrow(/cannot be used to log in: it has a passphrase: load it into ssh-agent .* at a terminal/);
});

test("a scan that is cancelled while it asks ends, and its question with it", async () => {
  await using desk = await openDesk();
  await using server = await startPromptingServer({ judge: keysOnly });
  const { client } = desk.app;
  const announcements = await client.events.watch();
  const text = `ssh://${server.host}:${server.port}`;
  const { scanId } = await client.scans.start({ text, acceptNew: true, mayPrompt: true });
  for await (const { kind } of announcements) {
    if (kind === "scan-prompts") await client.scans.cancel({ scanId });
    if (kind === "scan-finished") break;
  }
  expect(await client.scans.find({ scanId })).toMatchObject({ state: "cancelled", failed: 0 });
  expect(await client.scans.prompts({ scanId })).toEqual([]);
  expect(server.attempts).toEqual([]);
});

test("nothing that was typed is in the database, the log, an announcement or a reply", async () => {
  await using desk = await openDesk();
  await using locked = await startPromptingServer({ judge: keysOnly });
  await using password = await startPromptingServer({ judge: byPassword("canary-password-right") });
  await using token = await startPromptingServer({
    judge: async (attempt) => {
      if (attempt.method !== "keyboard-interactive") return attempt.reject(["keyboard-interactive"]);
      const [code] = await promptFor(attempt, { prompt: "Code", echo: true });
      return code === "canary-code-right" ? attempt.accept() : attempt.reject(["keyboard-interactive"]);
    },
  });
  const answers = {
    passphrase: "passphrase",
    password: "password",
    "keyboard-interactive": "code",
    proxy: "proxy",
  };
  const replies: unknown[] = [];
  const { client } = desk.app;
  const met = await scan(desk.app, [locked, password, token], { promptsForPassword: true }, (question) => {
    const misshaped = (shape: object) =>
      client.scans
        .answer({ ...WRONG, promptId: question.id, ...shape } as never)
        .catch((error) => replies.push(error));
    for (const shape of MISSHAPED) void misshaped(shape);
    return [`canary-${answers[question.about.kind]}-${question.wrongAnswers === 0 ? "wrong" : "right"}`];
  });
  expect(met.asked).toHaveLength(6);
  expect(met.probes.map(({ outcome }) => outcome)).toEqual(Array(3).fill("restricted-shell"));
  expect(password.attempts).toContain("password canary-password-right");

  expect(replies).toHaveLength(6 * MISSHAPED.length);
  const said = inspect([met, replies, desk.logged], { depth: null, showHidden: true });
  expect(said).not.toMatch(CANARY);
  const files = (await readdir(desk.folder)).filter((name) => name.startsWith("latchkey.db"));
  expect(files).toContain("latchkey.db-wal");
  for (const file of files)
    expect((await readFile(join(desk.folder, file))).toString("latin1"), file).not.toMatch(CANARY);
});

const WRONG = { scanId: 1, isForSameUser: false };

/** Answers that do not fit the contract, or the prompt. */
const MISSHAPED = [
  { answers: ["canary-one", "canary-two"] },
  { answers: "canary" },
  { answers: [{ canary: "canary" }] },
  { answers: { canary: "canary" } },
  { answers: [`canary${"x".repeat(5_000)}`] },
  { answers: Array(20).fill("canary") },
  { answers: ["canary"], isForSameUser: "canary" },
  { answers: ["canary"], promptId: "no such question" },
  { answers: ["canary"], scanId: 999 },
];
