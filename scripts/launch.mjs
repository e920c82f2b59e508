/** Opens the built program. Options go to `latchkey serve`, such as `--read-only`. */
import { openShell } from "./open-shell.mjs";
import { endWithParent } from "./run.mjs";

endWithParent();
process.exitCode = await openShell({ serveArgs: process.argv.slice(2) });
