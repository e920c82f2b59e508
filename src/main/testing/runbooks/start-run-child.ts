import { fileURLToPath } from "node:url";
import { startChild } from "#testing/faults/child.ts";
import type { Desk } from "#testing/lab/desk.ts";

const CHILD = fileURLToPath(new URL("./run-child.ts", import.meta.url));

/** Runs a script of the program from its source. */
const LOAD = `
  const { createServer } = await import("vite");
  const server = await createServer({
    configFile: false,
    appType: "custom",
    logLevel: "error",
    optimizeDeps: { noDiscovery: true },
    server: { middlewareMode: true, hmr: false, watch: null, ws: false },
  });
  await server.ssrLoadModule(process.argv[1]);`;

/**
 * Carries out a plan in a process of its own, which is killed once the journal has its nth entry. How many entries it
 * had where it came to its end before that; null where it was killed.
 */
export async function killRunAt(desk: Desk, planId: number, nth: number): Promise<number | null> {
  await using child = startChild({
    ...{ script: "--input-type=module", args: ["-e", LOAD, CHILD] },
    env: {
      ...{ LATCHKEY_TEST_DB: desk.databasePath, HOME: desk.home },
      ...{ LATCHKEY_TEST_PLAN: String(planId), LATCHKEY_TEST_NTH: String(nth) },
    },
  });
  const { signal, lines, complaints } = await child.ended;
  if (signal === "SIGKILL") return null;
  if (complaints !== "") throw new Error(complaints);
  return Number(lines.at(-1));
}
