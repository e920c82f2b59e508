import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { gatherIdentities } from "#net/ssh/identities.ts";
import { makeKeyFile, startSshAgent } from "#testing/ssh/key-files.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { inspectThisComputer } from "./this-computer.ts";

test("the agent's keys are listed, also one that cannot be used here, and a locked file in the agent can", async () => {
  await using home = await makeTemporaryFolder();
  await mkdir(join(home.path, ".ssh"));
  const plain = await makeKeyFile(join(home.path, ".ssh"), "id_ed25519");
  const rsa = await makeKeyFile(home.path, "rsa", ["-t", "rsa", "-b", "2048", "-N", "", "-C", "work laptop"]);
  const authority = await makeKeyFile(home.path, "authority");
  await authority.sign(rsa);
  await using agent = await startSshAgent(home.path, [plain.path, rsa.path]);
  await plain.lock("secret");

  const found = await inspectThisComputer({ user: "jo", home: home.path, agentSocket: agent.socketPath });
  expect(found.agent).toMatchObject({
    isReachable: true,
    identities: [
      { keyType: "ssh-ed25519", fingerprint: plain.fingerprint },
      { keyType: "ssh-rsa", fingerprint: rsa.fingerprint, comment: "work laptop" },
      { keyType: "ssh-rsa-cert-v01@openssh.com", comment: "work laptop" },
    ],
  });
  expect(found.identityFiles).toMatchObject([
    { path: plain.path, fingerprint: plain.fingerprint, isEncrypted: true, unusable: null },
  ]);

  const gathered = await gatherIdentities({
    identityFiles: [plain.path],
    home: home.path,
    agentSocket: agent.socketPath,
  });
  expect(gathered.identities.map(({ source, fingerprint }) => [source, fingerprint])).toEqual([
    ["agent", plain.fingerprint],
    ["agent", rsa.fingerprint],
  ]);
  expect(gathered.unusable).toMatchObject([{ why: expect.stringContaining("certificate") }]);
});
