import type { FindingBrief } from "#shared/model/finding.ts";
import { toInstant } from "#shared/model/instant.ts";
import type { AcceptanceTable, Accepted } from "./acceptance-table.ts";

export type Deps = { acceptances: AcceptanceTable; now: () => Date };

/** Leaves out what is accepted now. */
export function countingOnly({ acceptances, now }: Deps) {
  return {
    counting,

    /** Of what queries find of a thing. */
    computed({ kind, about }: Accepted, found: readonly FindingBrief[]): FindingBrief[] {
      if (found.length === 0) return [];
      return counting(found.map((brief) => ({ brief, kind, about, rule: brief.rule }))).map(
        ({ brief }) => brief,
      );
    },
  };

  function counting<Found extends Accepted & Pick<FindingBrief, "rule">>(found: readonly Found[]): Found[] {
    const at = toInstant(now());
    if (!acceptances.hasAny(at)) return [...found];
    return found.filter(({ rule, kind, about }) => !acceptances.holding(rule, { kind, about }, at));
  }
}
