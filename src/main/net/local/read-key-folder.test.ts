import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readHeldKey } from "#domain/inspect/inspect-bytes.ts";
import { makeKeyFile } from "#testing/ssh/key-files.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { readKeyFolder } from "./read-key-folder.ts";

test("every private key of ~/.ssh is found, whatever its name, and told by its public half where that is in clear", async () => {
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
