import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { NODE_FLAGS } from "../../src/main/shells/node-flags.ts";
import { bundle } from "./bundle.mjs";
import { startTlsFarm } from "./tls-farm.mjs";

const CHILD = fileURLToPath(new URL("scan-child.mjs", import.meta.url));

/**
 * Scans so many endpoints of this machine into a new database, in a process that does nothing else.
 *
 * @param {number} count
 * @returns {Promise<{ ok: number, cpuUs: number, peakBytes: number, ownBytes: number }>} how many were read, and what that
 *   process took: the most memory that was resident, and what of it was no file that is shared, at the end
 */
export async function measureScan(count) {
  await using bundled = await bundle({
    app: "app.ts",
    "recording-worker": "features/scans/recording-worker.ts",
  });
  await using folder = await mkdtempDisposable(join(tmpdir(), "latchkey-bench-"));
  await using farm = await startTlsFarm(folder.path, count);
  const targets = join(folder.path, "targets");
  await writeFile(targets, farm.targets.map(({ host, port }) => `${host}:${port}`).join("\n"));
  const child = fork(CHILD, [bundled.hrefOf("app"), join(folder.path, "latchkey.db"), targets], {
    execArgv: [...NODE_FLAGS],
    // As the command line sets it: each thread has memory of its own.
    env: { ...process.env, UV_THREADPOOL_SIZE: "96" },
  });
  const [told] = await Promise.race([
    once(child, "message"),
    once(child, "exit").then(([code]) => Promise.reject(new Error(`the scan ended with ${code}`))),
  ]);
  return told;
}
