import { readFile } from "node:fs/promises";
import { kill } from "node:process";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { startChild } from "#testing/faults/child.ts";
import type { Desk } from "#testing/lab/desk.ts";

const FULL_DISK_CHILD = fileURLToPath(new URL("./full-disk-child.ts", import.meta.url));

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

/** `script`: the bundle of `run-child`. `passphrase`: of the vault, if the plan needs it. `undoes`: its run is undone. */
type Request = { desk: Desk; planId: number; script: string; passphrase?: string; undoes?: number };

const envOf = ({ desk, planId, passphrase, undoes }: Omit<Request, "script">) => ({
  LATCHKEY_TEST_DB: desk.databasePath,
  HOME: desk.home,
  LATCHKEY_TEST_PLAN: String(planId),
  ...(passphrase !== undefined && { LATCHKEY_TEST_PASSPHRASE: passphrase }),
  ...(undoes !== undefined && { LATCHKEY_TEST_UNDO: String(undoes) }),
});

const startRun = (request: Request, env: Record<string, string>) =>
  startChild({ script: request.script, env: { ...envOf(request), ...env } });

/**
 * Executes a plan with the database on a disk that is full once the first file has changed; returns what was printed.
 */
export async function runOnFullDisk(
  request: Omit<Request, "script">,
  { disk, file, other }: Record<"disk" | "file" | "other", string>,
): Promise<string> {
  const mount = 'mount -t tmpfs -o size=32m,mode=700 none "$LATCHKEY_TEST_DISK" && exec "$@"';
  const env = { LATCHKEY_TEST_DISK: disk, LATCHKEY_TEST_FILE: file, LATCHKEY_TEST_OTHER: other };
  await using child = startChild({
    script: "--input-type=module",
    args: ["-e", LOAD, FULL_DISK_CHILD],
    env: { ...envOf(request), ...env },
    under: ["unshare", "--mount", "sh", "-c", mount, "sh"],
  });
  const { code, lines, complaints } = await child.ended;
  if (code !== 0) throw new Error(complaints);
  return lines.at(-1) ?? "";
}

/**
 * Executes a plan in a process of its own, which is killed once the journal has its nth entry. Returns how many entries
 * the journal had if the run ended before that; null if it was killed.
 */
export async function killRunAt(request: Request, nth: number): Promise<number | null> {
  await using child = startRun(request, { LATCHKEY_TEST_NTH: String(nth) });
  const { signal, lines, complaints } = await child.ended;
  if (signal === "SIGKILL") return null;
  if (complaints !== "") throw new Error(complaints);
  return Number(lines.at(-1));
}

/** Executes a plan in a process of its own, and kills it once a condition holds. */
export async function killRunOnce(request: Request, isTime: () => Promise<boolean>): Promise<void> {
  await using child = startRun(request, {});
  const first = await Promise.race([untilTrue(isTime), child.ended]);
  if (first) throw new Error(`the run ended before it was killed: ${first.complaints}`);
}

type StillChild = ReturnType<typeof startChild>;

/**
 * Executes a plan in a process of its own that stands still once it has changed this file, until something has been
 * done to it or around it; then it continues, and is killed when all is over.
 */
export async function standStillAfter(
  request: Request & { file: string },
  { strike, watch }: { strike: (pid: number) => Promise<void>; watch: (child: StillChild) => Promise<void> },
): Promise<void> {
  await using child = startRun(request, { LATCHKEY_TEST_STILL: request.file });
  const { pid = 0 } = child;
  const isStill = async () =>
    / [Tt] /.test((await readFile(`/proc/${pid}/stat`, "utf8")).replace(/^.*\)/s, ""));
  const first = await Promise.race([untilTrue(isStill), child.ended]);
  if (first) throw new Error(`the child did not stand still: ${first.complaints}`);
  await strike(pid);
  kill(pid, "SIGCONT");
  await watch(child);
}

/** Waits until it ends by itself. */
export async function untilEnded(child: StillChild): Promise<void> {
  const { complaints, code } = await child.ended;
  if (code !== 0) throw new Error(complaints);
}

export async function untilTrue(ask: () => Promise<boolean>): Promise<null> {
  while (!(await ask().catch(() => false))) await pause(50);
  return null;
}
