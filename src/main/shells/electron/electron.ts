/** The desktop program: a command without a window, or the window. */
import { app, dialog, protocol } from "electron";
import { findDefaultDatabase } from "#shells/cli/options.ts";
import { narrowUmask } from "#shells/end-process.ts";
import { runCommand } from "./command.ts";
import { createVaultProcesses, openDesktop } from "./desktop.ts";
import { PAGE_SCHEME } from "./guard/guard-page.ts";
import { findUnsafeSwitch, formatUnsafe } from "./guard/unsafe-switches.ts";
import { argumentsOf, type Launch, readLaunch } from "./opened/launch.ts";

narrowUmask();

// Both must be called before the app is ready.
app.enableSandbox();
protocol.registerSchemesAsPrivileged([PAGE_SCHEME]);

const unsafe = app.isPackaged ? findUnsafeSwitch(process.argv.slice(1)) : null;
const launch = readLaunch(argumentsOf(process.argv, app), process.cwd());
// Chromium has read its switches, but applies them only once the app is ready: it never is.
if (unsafe !== null) process.stderr.write(`${formatUnsafe(unsafe)}\n`, () => app.exit(2));
else if (launch.kind === "command") void runCommand(app, launch.argv, createVaultProcesses());
else if (app.requestSingleInstanceLock()) void open(launch);
// The Latchkey that runs already receives our arguments: it shows what we were to open, or opens another window.
else app.quit();

async function open({ database, files, opened }: Extract<Launch, { kind: "window" }>): Promise<void> {
  try {
    await openDesktop({ database: database ?? findDefaultDatabase(), files, opened });
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    dialog.showErrorBox("Latchkey could not start", error.message);
    app.exit(3);
  }
}
