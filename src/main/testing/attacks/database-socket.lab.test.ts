/** Another user of this computer, where commands reach the process that holds a database in a folder that all share. */
import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createApp } from "#app";
import { acceptCommandsOrWarn } from "#shells/socket/accept-commands.ts";
import { openTerminal } from "#testing/open-terminal.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { startAttack } from "./start-attack.ts";

/** As /tmp is: everybody may create files there, and remove their own. */
async function makeSharedFolder() {
  const folder = await makeTemporaryFolder();
  await chmod(folder.path, 0o1777);
  return folder;
}

test("a socket that another user has planted gets nothing, and nobody listens in that user's folder", async () => {
  await using folder = await makeSharedFolder();
  const databasePath = join(folder.path, "latchkey.db");
  await using attack = await startAttack("plant-socket.py", databasePath);
  expect(await attack.until("planted")).toEqual({ planted: 65_534 });
  await using app = createApp({ databasePath });
  const warnings: string[] = [];
  expect(await acceptCommandsOrWarn({ app, warn: (sentence) => warnings.push(sentence) })).toBeNull();
  const why = `${databasePath}.socket belongs to another user; nothing is sent there: remove it once no Latchkey runs`;
  expect(warnings).toEqual([`other commands cannot write meanwhile: ${why}`]);
  expect(await openTerminal(databasePath)("targets", "add", "web1")).toEqual({
    code: 3,
    out: "",
    err: `latchkey: ${why}`,
  });
  expect(attack.said.filter((what) => "received" in what)).toEqual([]);
});

test("another user can neither connect to a socket of ours, nor read its secret, nor move it away", async () => {
  await using folder = await makeSharedFolder();
  const databasePath = join(folder.path, "latchkey.db");
  await using app = createApp({ databasePath });
  await using acceptance = await acceptCommandsOrWarn({ app, warn: () => undefined });
  expect(acceptance).not.toBeNull();
  await using attack = await startAttack("plant-socket.py", databasePath);
  expect(await attack.until("connected")).toEqual({
    connected: "Permission denied",
    read: "Permission denied",
    renamed: "Operation not permitted",
  });
  expect(await openTerminal(databasePath)("targets", "add", "web1")).toMatchObject({ code: 0 });
});
