import type { App } from "electron";

/**
 * The command line of a packaged desktop: a packaged Electron will not run as Node, so the program itself answers,
 * without a window.
 */
export async function runCommand(app: Pick<App, "exit" | "dock">, argv: readonly string[]): Promise<void> {
  app.dock?.hide();
  const { runCommandLine } = await import("#shells/cli/command-line.ts");
  const { openWorld } = await import("#shells/cli/terminal.ts");
  const code = await runCommandLine(argv, openWorld());
  process.stdout.write("", () => process.stderr.write("", () => app.exit(code)));
}
