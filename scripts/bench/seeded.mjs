import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * A database for a benchmark: made anew and removed with it, or a file that is named, which is made where there is none and
 * kept for the next time. Reading alone changes nothing in it.
 *
 * @param {string | undefined} kept
 * @param {(path: string) => void} make
 */
export async function seeded(kept, make) {
  if (kept !== undefined) {
    if (!existsSync(kept)) make(kept);
    return { path: kept, [Symbol.asyncDispose]: async () => undefined };
  }
  const folder = await mkdtemp(join(tmpdir(), "latchkey-bench-"));
  const path = join(folder, "latchkey.db");
  make(path);
  return { path, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}
