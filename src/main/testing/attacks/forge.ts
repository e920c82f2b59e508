import { execFileSync } from "node:child_process";
import { join } from "node:path";

const PROGRAM = join(import.meta.dirname, "forge-bundle.py");

/** What forge-bundle.py makes of the bundle at `path`. */
export const forge = (path: string, ...wish: string[]): Buffer =>
  execFileSync("python3", [PROGRAM, path, ...wish], { maxBuffer: 64 * 1024 * 1024 });
