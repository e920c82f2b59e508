import { evidenceOf, type LogWindow } from "../model/host-use.ts";
import { formatCount } from "./count.ts";

const DAY_MS = 86_400_000;

/** From when to when a log reaches: "2026-02-20 to 2026-05-31, 100 days". Whole days, rounded down; and how strong that is. */
export function formatWindow({ source, from, to }: LogWindow): string {
  const days = Math.floor((Date.parse(to) - Date.parse(from)) / DAY_MS);
  const weak =
    evidenceOf(source) === "file" ? "; claimed: any user of the host can have lines written to it" : "";
  return `${from.slice(0, 10)} to ${to.slice(0, 10)}, ${formatCount(days, "day")}${weak}`;
}
