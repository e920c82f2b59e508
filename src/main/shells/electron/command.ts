import type { App } from "electron";
import { startVaultProcessesHere } from "./core/vault-processes.ts";

/**
 * The command line of a packaged desktop program: a packaged Electron does not run as Node, so the program itself runs
 * the command, without a window.
 */
export async function runCommand(
  app: App,
  argv: readonly string[],
  vaultProcesses: Parameters<typeof startVaultProcessesHere>[0],
): Promise<void> {
  app.dock?.hide();
  const { runCommandLine } = await import("#shells/cli/command-line.ts");
  const { openWorld } = await import("#shells/cli/terminal.ts");
  const start = startVaultProcessesHere(vaultProcesses);
  const startVaultProcess = () => app.whenReady().then(start);
  const code = await runCommandLine(argv, { ...openWorld(), startVaultProcess });
  process.stdout.write("", () => process.stderr.write("", () => app.exit(code)));
}
