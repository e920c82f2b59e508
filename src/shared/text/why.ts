import type { Verdict } from "../model/verdict.ts";

/** There is evidence that nobody owns or uses a grant that may still let someone in. Without evidence it is false. */
export const isOrphaned = ({ effective, owner, use }: Verdict): boolean =>
  effective.state !== "no" && (owner.state === "gone" || use.state === "unused");

/** The sentences of a verdict that matter, the deciding one first. */
export function sayWhy({ effective, owner, use }: Verdict): string[] {
  const orphaned = isOrphaned({ effective, owner, use });
  return [
    ...(orphaned && owner.state === "gone" ? owner.reasons : []),
    ...(orphaned && use.state === "unused" ? use.reasons : []),
    ...effective.reasons,
    ...(effective.onlyFrom.length > 0 ? [`only from ${effective.onlyFrom.join(", ")}`] : []),
  ];
}
