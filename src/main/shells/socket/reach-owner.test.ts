import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { DatabaseHeld } from "#shared/model/refusal.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { createTinyApp } from "#testing/tiny-app.ts";
import { acceptCommands } from "./accept-commands.ts";
import { reachOwner } from "./reach-owner.ts";
import { socketFolderOf } from "./socket-folder.ts";

const isWindows = process.platform === "win32";

async function makeDatabase() {
  const folder = await makeTemporaryFolder();
  const path = join(folder.path, "latchkey.db");
  await writeFile(path, "");
  return { path, held: new DatabaseHeld(path, "process 1"), folder };
}

test.skipIf(isWindows)(
  "a command gets all warnings of the process that holds the database, however long they are",
  async () => {
    const { path, held, folder } = await makeDatabase();
    await using _folder = folder;
    const warnings = [`hosts that are known no more: ${"web1.example.com ".repeat(5_000)}`, "another"];
    await using _acceptance = await acceptCommands({
      app: { router: createTinyApp().router, warnings, heldPath: path },
    });
    using owner = await reachOwner(held);
    expect(owner?.warnings).toEqual(warnings);
  },
);

test.skipIf(isWindows)(
  "where a process has only begun to make its folder nobody listens yet, and nothing is refused",
  async () => {
    const { path, held, folder } = await makeDatabase();
    await using _folder = folder;
    await mkdir(socketFolderOf(path), { mode: 0o700 });
    expect(await reachOwner(held)).toBeNull();
    await writeFile(join(socketFolderOf(path), "secret"), "", { mode: 0o600 });
    expect(await reachOwner(held)).toBeNull();
  },
);
