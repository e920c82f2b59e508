/** What the kernel tells of a server's processes. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** All that it has started, and what these have. */
export function descendantsOf(pid: number): number[] {
  const own = readOf(pid, `task/${pid}/children`).trim().split(" ").filter(Boolean).map(Number);
  return own.flatMap((child) => [child, ...descendantsOf(child)]);
}

const TICKS = 100;

/** `startedAt`: seconds since the epoch. Null where it has ended. */
export function lookAtProcess(pid: number): { name: string; startedAt: number } | null {
  const text = readOf(pid, "stat");
  const end = text.lastIndexOf(")");
  if (end < 0 || /^[ZX]/.test(text.slice(end + 2))) return null;
  const ticks = Number(text.slice(end + 2).split(" ")[19]);
  const up = Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]);
  return {
    name: text.slice(text.indexOf("(") + 1, end),
    startedAt: Date.now() / 1_000 - up + ticks / TICKS,
  };
}

/** The numbers of the sockets that it has open. */
export function socketsOf(pid: number): Set<string> {
  try {
    const links = readdirSync(`/proc/${pid}/fd`).map((name) => linkOf(`/proc/${pid}/fd/${name}`));
    return new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []));
  } catch {
    return new Set();
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}

/** Nothing of a process that has ended meanwhile, as those that answer one connection do. */
function readOf(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}
