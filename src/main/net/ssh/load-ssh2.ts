import { createRequire } from "node:module";
import type ssh2 from "ssh2";

let loaded: typeof ssh2 | null = null;

/** The library, once there is something for it to do: it takes longer to load than most commands to run (50 ms). */
export function loadSsh2(): typeof ssh2 {
  loaded ??= createRequire(import.meta.url)("ssh2") as typeof ssh2;
  return loaded;
}
