#!/usr/bin/env node
/** The database driver uses Node-API 10. With an older one it does not fail but crash, so it is not even loaded. */
if (Number(process.versions.napi) < 10) {
  process.stderr.write(
    `latchkey: Node ${process.versions.node} is too old: 22.14, 23.6 or newer is needed; in a checkout, use "npm run -s latchkey --"\n`,
  );
  process.exitCode = 3;
} else {
  // This pool looks names up, and a slow name server would fill its four threads at once. Must be set before its first
  // use.
  process.env.UV_THREADPOOL_SIZE ??= "96";
  await (await import("./start.ts")).start(process.argv.slice(2));
}
