import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readKeyFolder } from "#net/local/read-key-folder.ts";
import { listAgentKeys } from "#net/ssh/agent.ts";
import { makeKeyFile } from "#testing/ssh/key-files.ts";
import { startSshAgent } from "#testing/ssh/ssh-agent.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { createHeldKeys } from "./held-keys.ts";

const list = (home: string, agentSocket: string | null = null) =>
  createHeldKeys({ workstation: { user: "jo", home, agentSocket }, readKeyFolder, listAgentKeys })();

test("every private key of ~/.ssh is held, whatever its name, and one that hides its public half is only likely", async () => {
  await using home = await makeTemporaryFolder();
  const folder = join(home.path, ".ssh");
  await mkdir(folder);
  const open = await makeKeyFile(folder, "work");
  const locked = await makeKeyFile(folder, "id_ed25519", ["-t", "ed25519", "-N", "secret"]);
  const pem = await makeKeyFile(folder, "old.pem", ["-t", "rsa", "-b", "2048", "-m", "PEM", "-N", "secret"]);
  const lost = await makeKeyFile(folder, "lost.pem", [
    "-t",
    "rsa",
    "-b",
    "2048",
    "-m",
    "PEM",
    "-N",
    "secret",
  ]);
  await rm(`${lost.path}.pub`);
  await symlink("/dev/zero", join(folder, "endless"));
  await writeFile(join(folder, "config"), "Host *\n");
  expect(await list(home.path)).toEqual({
    keys: [
      held(locked, { isEncrypted: true }),
      held(pem, { isEncrypted: true, isProven: false, keyType: "ssh-rsa" }),
      held(open, {}),
    ],
    wasFolderRead: true,
    wasAgentReached: false,
  });
});

const held = ({ path, fingerprint }: { path: string; fingerprint: string }, more: object) => ({
  ...{ place: path, kind: "file", keyType: "ssh-ed25519", fingerprint, isEncrypted: false, isProven: true },
  ...more,
});

test("what the agent holds is held here as well, and a home without keys is no error", async () => {
  await using home = await makeTemporaryFolder();
  const key = await makeKeyFile(home.path, "key");
  await using agent = await startSshAgent(home.path, [key.path]);
  expect(await list(home.path, agent.socketPath)).toEqual({
    keys: [
      {
        place: "agent",
        kind: "agent",
        keyType: "ssh-ed25519",
        fingerprint: key.fingerprint,
        isEncrypted: null,
        isProven: true,
      },
    ],
    wasFolderRead: true,
    wasAgentReached: true,
  });
});
