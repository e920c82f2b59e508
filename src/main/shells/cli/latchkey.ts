#!/usr/bin/env node
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);

if (major < 24 || (major === 24 && minor < 15)) {
  process.stderr.write(
    `latchkey: this needs Node 24.15 or newer, not ${process.versions.node}; run it as "npm run -s latchkey --"\n`,
  );
  process.exitCode = 3;
} else {
  // Names are looked up in this pool, whose four threads a slow name server would fill at once. Set before its first use.
  process.env.UV_THREADPOOL_SIZE ??= "96";
  // Imported late: an older Node could not even load the database driver.
  const { runCommandLine } = await import("./command-line.ts");
  const { openWorld } = await import("./terminal.ts");
  const code = await runCommandLine(process.argv.slice(2), openWorld());
  // Names that were given up are still being looked up, and would keep the process for minutes; what was said is written out.
  process.stdout.write("", () => process.stderr.write("", () => process.exit(code)));
}
