import type { OrphanState } from "../model/grant.ts";
import type { Verdict } from "../model/verdict.ts";
import { formatBound } from "./bound.ts";

/** The sentences of a verdict that matter, the deciding one first. `orphan`: why it is an orphan; null when it is none. */
export function formatWhy({ effective, owner, use }: Verdict, orphan: OrphanState | null): string[] {
  return [
    ...(orphan !== null && orphan !== "unused" ? owner.reasons : []),
    ...(orphan !== null && use.state === "unused" ? use.reasons : []),
    ...effective.reasons,
    ...(effective.onlyFrom.length > 0 ? [formatBound(effective.onlyFrom)] : []),
  ];
}
