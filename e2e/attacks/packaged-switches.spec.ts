/** The attacker can change how the packaged program is started: a shortcut, a menu's entry, a shell's alias. */
import { test as base, expect } from "@playwright/test";
import { startDesktop } from "#testing/electron/start-desktop.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { environmentOf } from "../stages/stage.ts";

base("with a switch that opens it to others the packaged program does not start, and says why", async () => {
  await using folder = await makeTemporaryFolder();
  for (const args of [
    ["--remote-debugging-port=9222"],
    ["--db", "a.db", "-inspect=0"],
    ["certificates", "--js-flags=x"],
  ]) {
    await using desktop = startDesktop({
      args,
      data: folder.path,
      env: environmentOf(folder.path),
      isPackaged: true,
    });
    expect(await desktop.exited).toBe(2);
    expect(desktop.printed().err).toMatch(/^latchkey: --?[a-z-]+ lets other programs into this one/);
    expect(desktop.findCall("BrowserWindow")).toEqual([]);
  }
});
