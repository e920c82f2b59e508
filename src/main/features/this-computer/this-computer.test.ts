import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createApp } from "#app";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

test("what ssh_config names is counted, with what of it cannot be read or followed", async () => {
  await using home = await makeTemporaryFolder();
  await mkdir(join(home.path, ".ssh"));
  const text = 'Host web1 web2 *.corp\n  Prot 22\nMatch exec "true"\n  User x\n';
  await writeFile(join(home.path, ".ssh/config"), text, { mode: 0o600 });
  const workstation = { user: "jo", home: home.path, agentSocket: null };
  await using app = createApp({ databasePath: ":memory:", workstation });
  const { sshConfig } = await app.client.thisComputer.inspect();
  expect(sshConfig).toEqual({
    files: expect.arrayContaining(["~/.ssh/config"]),
    hosts: 2,
    broken: 1,
    notes: ["Match exec is not evaluated: what stands under it is left out (~/.ssh/config:3)"],
  });
});
