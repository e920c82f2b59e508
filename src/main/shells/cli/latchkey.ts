#!/usr/bin/env node
/** The database driver speaks Node-API 10. With an older one it does not fail but crash, so it is not even loaded. */
if (Number(process.versions.napi) < 10) {
  process.stderr.write(
    `latchkey: Node ${process.versions.node} is too old: 22.14, 23.6 or newer is needed; in a checkout, use "npm run -s latchkey --"\n`,
  );
  process.exitCode = 3;
} else {
  // Names are looked up in this pool, whose four threads a slow name server would fill at once. Set before its first use.
  process.env.UV_THREADPOOL_SIZE ??= "96";
  const { endOnFault } = await import("#shells/end-process.ts");
  endOnFault();
  (await import("#shells/end-process.ts")).narrowUmask();
  const argv = process.argv.slice(2);
  const { findWord } = await import("./find-word.ts");
  const run =
    findWord(argv) === "verify"
      ? (await import("./verify-line.ts")).runVerifyLine
      : (await import("./command-line.ts")).runCommandLine;
  const { openWorld } = await import("./terminal.ts");
  (await import("#shells/end-process.ts")).endProcess(await run(argv, openWorld()));
}
