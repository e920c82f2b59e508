import type { LogWindow } from "../model/host-use.ts";
import { sayCount } from "./count.ts";

const DAY_MS = 86_400_000;

/** From when to when a log reaches: "2026-02-20 to 2026-05-31, 100 days". Whole days, rounded down. */
export function sayWindow({ from, to }: Pick<LogWindow, "from" | "to">): string {
  const days = Math.floor((Date.parse(to) - Date.parse(from)) / DAY_MS);
  return `${from.slice(0, 10)} to ${to.slice(0, 10)}, ${sayCount(days, "day")}`;
}
