import { readdir, readFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";

const PAUSE_MS = 50;

/** Reads the arguments and the environment of every process of this machine, over and over, until it is stopped. */
export function watchProcesses() {
  const seen = new Set<string>();
  let isOver = false;
  const watching = watch();
  return {
    /** All that was seen. */
    said: () => [...seen].join("\n"),
    async [Symbol.asyncDispose]() {
      isOver = true;
      await watching;
    },
  };

  async function watch(): Promise<void> {
    while (!isOver) {
      const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
      await Promise.all(pids.map(look));
      await pause(PAUSE_MS);
    }
  }

  async function look(pid: string): Promise<void> {
    for (const name of ["cmdline", "environ"])
      seen.add(await readFile(`/proc/${pid}/${name}`, "latin1").catch(() => ""));
  }
}
