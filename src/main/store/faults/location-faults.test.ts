import { chmod, chown, copyFile, link, mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Refusal } from "#shared/model/refusal.ts";
import { openStore } from "#store/store.ts";
import { recordFault } from "#testing/faults/fault-table.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

const isWindows = process.platform === "win32";
const isRoot = process.geteuid?.() === 0;

/** A database in a folder of its own. */
async function make(folder: string, ...names: string[]): Promise<string> {
  const path = join(folder, ...names, "latchkey.db");
  openStore({ path, access: "write" }).close();
  return path;
}

/** The refusal, which must be the same for reading and for writing. */
function refusal(path: string): string {
  const sentences = (["write", "read"] as const).map((access) => {
    try {
      openStore({ path, access }).close();
      return "opened";
    } catch (error) {
      if (!(error instanceof Refusal && error.code === "unusable")) throw error;
      return error.message;
    }
  });
  expect(new Set(sentences).size).toBe(1);
  return sentences[0] ?? "";
}

test.skipIf(isWindows)(
  "B7: a link to a database and a database with two names are refused, with the reason",
  async ({ task }) => {
    await using folder = await makeTemporaryFolder();
    const path = await make(folder.path, "data");
    const linked = join(folder.path, "linked.db");
    await symlink(path, linked);
    expect(refusal(linked)).toBe(`${linked} is a symbolic link; name the file that it points to`);
    await link(path, join(folder.path, "second.db"));
    expect(refusal(path)).toContain("has another name (a hard link), and SQLite would lose writes");
    recordFault(task, { id: "B7", injected: "symbolic link, hard link", seen: "refused, with the reason" });
  },
);

test.skipIf(isWindows)(
  "B7: a file or a folder that every user may change is refused, with what to do",
  async ({ task }) => {
    await using folder = await makeTemporaryFolder();
    const path = await make(folder.path, "data");
    await chmod(path, 0o666);
    expect(refusal(path)).toContain("may be changed by every user of this computer");
    await chmod(path, 0o600);
    await chmod(join(folder.path, "data"), 0o777);
    expect(refusal(path)).toContain(
      `is in ${join(folder.path, "data")}, where every user of this computer may replace it`,
    );
    // As /tmp is: nobody can replace another user's file there.
    await chmod(join(folder.path, "data"), 0o1777);
    expect(refusal(path)).toBe("opened");
    recordFault(task, { id: "B7", injected: "mode 0666; folder 0777", seen: "refused, with the reason" });
  },
);

test.skipIf(!isRoot)("B7: another user's database is refused, with what to do", async ({ task }) => {
  await using folder = await makeTemporaryFolder();
  const path = await make(folder.path, "data");
  await chown(path, 65_534, 65_534);
  expect(refusal(path)).toBe(`${path} belongs to another user; run Latchkey as its owner`);
  recordFault(task, { id: "B7", injected: "another owner", seen: "refused, with the reason" });
});

test("B7: a folder that is copied to other machines is refused, by its name or by what is left in it", async ({
  task,
}) => {
  await using folder = await makeTemporaryFolder();
  const original = await make(folder.path, "data");
  const places = ["Dropbox", join("OneDrive - A Company", "notes"), "Nextcloud", "marked"];
  for (const place of places) {
    const path = join(folder.path, place, "latchkey.db");
    await mkdir(join(folder.path, place), { recursive: true });
    if (place === "marked") await writeFile(join(folder.path, "marked", ".stfolder"), "");
    await copyFile(original, path);
    expect(refusal(path)).toContain(
      `is in ${join(folder.path, place.split(/[/\\]/)[0] ?? "")}, which another program copies`,
    );
  }
  recordFault(task, {
    id: "B7",
    injected: "folders of four programs that sync",
    seen: "refused, with the reason",
  });
});

test("the home of somebody who has Dropbox, or of a server of files, is as good as any", async () => {
  await using folder = await makeTemporaryFolder();
  for (const home of ["jo", "nextcloud"]) {
    await mkdir(join(folder.path, home, ".dropbox"), { recursive: true });
    expect(refusal(await make(folder.path, home, ".local", "share"))).toBe("opened");
  }
});
