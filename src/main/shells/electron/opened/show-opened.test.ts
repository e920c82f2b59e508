import { spawnSync } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type DesktopMessage, MOST_FILE_BYTES } from "#shared/contract/desktop.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import type { Opened } from "./launch.ts";
import { showOpened } from "./show-opened.ts";

test("a file's bytes travel to the page, by its name alone", async () => {
  await using folder = await makeTemporaryFolder();
  const path = join(folder.path, "id.pub");
  await writeFile(path, "ssh-ed25519 AAAA");
  expect(await show([{ kind: "file", path }])).toEqual([
    { kind: "file", name: "id.pub", base64: Buffer.from("ssh-ed25519 AAAA").toString("base64") },
  ]);
});

test("as much as the limit is read, and no byte more", async () => {
  await using folder = await makeTemporaryFolder();
  const path = join(folder.path, "large.pem");
  await writeFile(path, Buffer.alloc(MOST_FILE_BYTES));
  expect(await show([{ kind: "file", path }])).toMatchObject([{ kind: "file" }]);
  await writeFile(path, Buffer.alloc(MOST_FILE_BYTES + 1));
  expect(await show([{ kind: "file", path }])).toEqual([
    {
      kind: "unreadable-file",
      name: "large.pem",
      sentence: "large.pem could not be read: it is larger than 700 KiB; latchkey inspect reads it",
    },
  ]);
});

test.runIf(process.platform !== "win32")(
  "what is no regular file is not waited for: a folder, a device without end, a pipe that nobody writes to",
  async () => {
    await using folder = await makeTemporaryFolder();
    const pipe = join(folder.path, "pipe");
    const inner = join(folder.path, "folder");
    spawnSync("mkfifo", [pipe]);
    await mkdir(inner);
    const paths = [inner, "/dev/zero", pipe, join(folder.path, "gone")];
    const said = await show(paths.map((path) => ({ kind: "file", path })));
    expect(said.map((message) => message.kind === "unreadable-file" && message.sentence)).toEqual([
      "folder could not be read: it is not a regular file",
      "zero could not be read: it is not a regular file",
      "pipe could not be read: it is not a regular file",
      expect.stringContaining("gone could not be read: ENOENT"),
    ]);
  },
);

test("a link leads to a row, and what is no link of ours leads nowhere", async () => {
  const links = ["latchkey://open/hosts?open=3", "latchkey://open/hosts?open=1#evil", "latchkey:evil"];
  expect(await show(links.map((link) => ({ kind: "link", link })))).toEqual([
    { kind: "go", screen: "hosts", open: "3" },
  ]);
});

async function show(opened: Opened[]): Promise<DesktopMessage[]> {
  const said: DesktopMessage[] = [];
  await showOpened(opened, (message) => said.push(message));
  return said;
}
