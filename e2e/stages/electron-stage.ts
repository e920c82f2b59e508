import { existsSync } from "node:fs";
import { join } from "node:path";
import { _electron as electron, type Page } from "@playwright/test";
import { environmentOf, type Stage } from "./stage.ts";

const PACKAGE = "node_modules/electron";

/** Looks for Electron's files: to import it would start a download. */
export const hasElectron = (): boolean =>
  existsSync(join(PACKAGE, "path.txt")) && existsSync(join(PACKAGE, "dist"));

/** The desktop window itself. */
export function createElectronStage(shells: AsyncDisposableStack, listen: (page: Page) => void): Stage {
  let latest: Page | null = null;
  return {
    get page() {
      if (!latest) throw new Error("no window is open yet");
      return latest;
    },
    async open(database, home) {
      // Chromium's sandbox does not run as root, as tests in containers do.
      const isRoot = process.getuid?.() === 0;
      const args = [...(isRoot ? ["--no-sandbox"] : []), ".", "--db", database];
      const own = `--user-data-dir=${join(home, "window")}`;
      const app = await electron.launch({ args: [own, ...args], env: environmentOf(home) });
      let isClosed = false;
      const stop = async () => {
        if (!isClosed) await app.close();
        isClosed = true;
      };
      shells.defer(stop);
      latest = await app.firstWindow();
      listen(latest);
      const readClipboard = () => app.evaluate(({ clipboard }) => clipboard.readText());
      return { page: latest, shell: { stop, readClipboard } };
    },
  };
}
