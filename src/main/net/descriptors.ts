import { readdirSync, readFileSync } from "node:fs";

/** Kept for all that is no connection: the database, pipes, look-ups, the agent, key files. */
const RESERVE = 24;

/** Where the system does not tell, so many connections are dared; what fails for want of one is tried again. */
const UNTOLD = 4_096;

/** How many more descriptors this process may open for connections; at least two. */
export function countFreeDescriptors(): number {
  try {
    const limit = readLimit(readFileSync("/proc/self/limits", "utf8"));
    if (limit === null) return UNTOLD;
    return Math.max(2, limit - readdirSync("/proc/self/fd").length - RESERVE);
  } catch {
    // Only Linux tells it so.
    return UNTOLD;
  }
}

/** The soft limit in /proc/PID/limits (proc_pid_limits(5)); null: it is unlimited, or is not told. */
export function readLimit(limits: string): number | null {
  const soft = /^Max open files\s+(\d+)\s/m.exec(limits)?.[1];
  return soft === undefined ? null : Number(soft);
}
