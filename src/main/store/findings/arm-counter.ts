import type { RuleId } from "#shared/model/finding.ts";
import type { Lists } from "#store/lists/lists.ts";
import { conditions, type Part, valuesOf } from "#store/lists/part.ts";
import type { AcceptanceTable } from "./acceptance-table.ts";
import { type Arm, acceptedFrom } from "./arm.ts";
import { armConditions, EVERYTHING } from "./finding-arms.ts";

/** By their place among the severities. */
type Counted = { rule: RuleId; severity: number; count: number };

/** How many of each rule at each severity an arm has, without those that are accepted. */
export function armCounter({ lists, acceptances }: { lists: Lists; acceptances: AcceptanceTable }) {
  return countArm;

  function countArm(arm: Arm, now: string): Counted[] {
    const { severity, rule } = arm.columns;
    if ("same" in severity && "same" in rule) {
      const where = armConditions(arm, EVERYTHING) ?? [];
      const isAccepted = { sql: arm.isAccepted, values: [] };
      const accepted = acceptances.hasAny(now)
        ? lists.sum(acceptedFrom(arm), [...where, isAccepted], { now })
        : 0;
      const count = lists.sum(arm.from, where, { now }) - accepted;
      return [{ severity: Number(severity.same), rule: rule.same as RuleId, count }];
    }
    const counted = (from: string, where: readonly Part[]) =>
      lists.read<Counted>(
        `SELECT severity, rule, count(*) AS count FROM ${from}${conditions(where)} GROUP BY severity, rule`,
        valuesOf(where),
        { now },
      );
    const where = armConditions(arm, EVERYTHING) ?? [];
    const all = counted(arm.from, where);
    if (!acceptances.hasAny(now)) return all;
    const accepted = counted(acceptedFrom(arm), [...where, { sql: arm.isAccepted, values: [] }]);
    return [...all, ...accepted.map((row) => ({ ...row, count: -row.count }))];
  }
}
