import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Page } from "@playwright/test";
import { environmentOf, type Stage } from "./stage.ts";

/** The web shell, served to Chromium. */
export function createWebStage(page: Page, shells: AsyncDisposableStack): Stage {
  return {
    page,
    async open(database, home) {
      const shell = shells.use(await serve(database, home));
      // A browser asks its user, who is not here.
      await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
      await page.goto(shell.url);
      return {
        page,
        shell: { ...shell, readClipboard: () => page.evaluate(() => navigator.clipboard.readText()) },
      };
    },
  };
}

async function serve(database: string, home: string) {
  const shell = spawn(process.execPath, ["out/main/latchkey.js", "--db", database, "serve"], {
    stdio: "pipe",
    env: environmentOf(home),
  });
  let complaints = "";
  shell.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaints += text;
  });
  const line = await Promise.race([
    once(createInterface(shell.stdout), "line").then(String),
    once(shell, "exit").then(() => {
      throw new Error(`Latchkey did not start: ${complaints}`);
    }),
  ]);
  const stop = async () => {
    if (shell.exitCode !== null) return;
    shell.kill("SIGTERM");
    await once(shell, "exit");
  };
  return { url: line.replace("Latchkey is at ", ""), stop, [Symbol.asyncDispose]: stop };
}
