import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readHeldKey } from "#domain/inspect/inspect-bytes.ts";
import { makeKeyFile } from "#testing/ssh/key-files.ts";
import { makeKeyPair } from "#testing/ssh/ssh-server.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { readKnownHostsFiles } from "./read-ssh-files.ts";
import { inspectThisComputer, readKeyFolder } from "./this-computer.ts";

const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
const LOCKED = { type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "secret" } as const;

async function makeHome(files: Record<string, string | Buffer>) {
  const folder = await makeTemporaryFolder();
  await mkdir(join(folder.path, ".ssh"));
  for (const [name, content] of Object.entries(files))
    await writeFile(join(folder.path, ".ssh", name), content, { mode: 0o600 });
  return folder;
}

test("an empty home has nothing to log in with, and that is no error", async () => {
  await using home = await makeTemporaryFolder();
  const found = await inspectThisComputer({
    user: "jo",
    home: home.path,
    agentSocket: join(home.path, "none"),
  });
  expect(found).toMatchObject({
    user: "jo",
    agent: { isReachable: false, identities: [] },
    identityFiles: [],
  });
});

test.skipIf(process.platform === "win32")(
  "each usual key file is shown, with what is wrong with it and what to do",
  async () => {
    await using home = await makeHome({
      id_ed25519: makeKeyPair().private,
      id_rsa: rsa.export(LOCKED),
      id_ecdsa: "not a key",
      id_other: makeKeyPair().private,
    });
    await chmod(join(home.path, ".ssh/id_ed25519"), 0o644);
    await mkdir(join(home.path, ".ssh/id_dsa"));
    const path = (name: string) => join(home.path, ".ssh", name);
    const { identityFiles } = await inspectThisComputer({ user: "jo", home: home.path, agentSocket: null });
    expect(identityFiles).toEqual([
      {
        path: path("id_rsa"),
        keyType: null,
        fingerprint: null,
        isEncrypted: true,
        isReadableByOthers: false,
        unusable: null,
      },
      {
        path: path("id_ecdsa"),
        keyType: null,
        fingerprint: null,
        isEncrypted: null,
        isReadableByOthers: false,
        unusable: "it is not a private key",
      },
      {
        path: path("id_ed25519"),
        keyType: "ssh-ed25519",
        fingerprint: expect.stringMatching(/^SHA256:/),
        isEncrypted: false,
        isReadableByOthers: true,
        unusable: null,
      },
      {
        path: path("id_dsa"),
        keyType: null,
        fingerprint: null,
        isEncrypted: null,
        isReadableByOthers: true,
        unusable: "it is not a regular file",
      },
    ]);
  },
);

test("known_hosts is counted, hashed names apart, and one that cannot be read is told", async () => {
  await using home = await makeHome({
    known_hosts: "# none\n\nweb1 ssh-ed25519 AAAA\n|1|a=|b= ssh-rsa AAAA\n@revoked |1|c=|d= ssh-rsa AAAA\r\n",
  });
  await mkdir(join(home.path, ".ssh/known_hosts2"));
  const { knownHosts } = await inspectThisComputer({ user: "jo", home: home.path, agentSocket: null });
  expect(knownHosts.files).toContain(join(home.path, ".ssh/known_hosts"));
  expect(knownHosts.entries).toBeGreaterThanOrEqual(3);
  expect(knownHosts.hashed).toBeGreaterThanOrEqual(2);
  const { files, unreadable } = await readKnownHostsFiles(home.path);
  expect(files[0]).toMatchObject({
    path: join(home.path, ".ssh/known_hosts"),
    text: expect.stringContaining("web1"),
  });
  expect(unreadable).toEqual([{ path: join(home.path, ".ssh/known_hosts2"), why: "it is a folder" }]);
});

test.skipIf(process.platform === "win32").each([
  ["rubbish", Buffer.from([0, 0, 0, 9, 12, 0, 0, 0, 7, 255, 255, 255, 255]), true],
  ["an answer that is too long", Buffer.from([255, 255, 255, 255, 12]), false],
  ["nothing", Buffer.alloc(0), false],
])("an agent that answers %s holds no keys", async (_, answer, isReachable) => {
  await using home = await makeTemporaryFolder();
  const agentSocket = join(home.path, "agent");
  const server = createServer((socket) => socket.end(answer)).listen(agentSocket);
  await once(server, "listening");
  try {
    const { agent } = await inspectThisComputer({ user: "jo", home: home.path, agentSocket });
    expect(agent).toEqual({ isReachable, identities: [] });
  } finally {
    server.close();
  }
});

test("every private key of ~/.ssh is found, whatever its name, and told by its public key where that is in clear", async () => {
  await using home = await makeTemporaryFolder();
  expect(await readKeyFolder(home.path)).toEqual([]);
  const folder = join(home.path, ".ssh");
  await mkdir(folder);
  const open = await makeKeyFile(folder, "work");
  const locked = await makeKeyFile(folder, "id_ed25519", ["-t", "ed25519", "-N", "secret"]);
  const hidden = await makeKeyFile(folder, "old.pem", [
    "-t",
    "rsa",
    "-b",
    "2048",
    "-m",
    "PEM",
    "-N",
    "secret",
  ]);
  await symlink("/dev/zero", join(folder, "endless"));
  await writeFile(join(folder, "config"), "Host *\n");
  const found = (await readKeyFolder(home.path)) ?? [];
  expect(found.map(({ path, bytes }) => [path, readHeldKey(path, bytes)])).toEqual([
    [locked.path, locked.fingerprint],
    [hidden.path, null],
    [open.path, open.fingerprint],
  ]);
});
