import type { HostWithGap, Inventory, KeyGap } from "../model/person.ts";
import { formatCount } from "./count.ts";

const GAP: Record<KeyGap, string> = {
  "never-read": "never read",
  "cut-short": "its last reading was cut short",
  "not-root": "read without root",
  "hidden-places": "some places of private keys could not be read",
};

/** The hosts on which private keys may lie unseen, the first of them with why: `2 hosts were not read completely: db-1 (never read), ...`. */
export function formatGaps({ total, first }: Inventory["gaps"]): string {
  const more = total - first.length;
  const named = first.map(formatGap).join(", ");
  const were = total === 1 ? "was" : "were";
  return `${formatCount(total, "host")} ${were} not read completely: ${named}${more > 0 ? `, and ${more} more` : ""}`;
}

const formatGap = ({ host, port, gap }: HostWithGap): string =>
  `${port === 22 ? host : `${host}:${port}`} (${GAP[gap]})`;
