import type { FindingFilter } from "#shared/contract/findings.ts";
import type { RuleId } from "#shared/model/finding.ts";
import { type Total, withoutSome } from "#shared/model/total.ts";
import type { Lists } from "#store/lists/lists.ts";
import { conditions, type Part, valuesOf } from "#store/lists/part.ts";
import type { AcceptanceTable } from "./acceptance-table.ts";
import { type Arm, acceptedFrom } from "./arm.ts";
import { armConditions } from "./finding-arms.ts";

export const EVERYTHING = {
  search: "",
  severity: null,
  rule: null,
  host: null,
} satisfies Partial<FindingFilter>;

/** What an arm has of what was asked for. */
type Looked = { from: string; where: readonly Part[]; total: Total };

type Narrowed = { from: string; where: readonly Part[]; filter: Omit<FindingFilter, "accepted"> };

/** By their place among the severities. */
type Counted = { rule: RuleId; severity: number; count: number };

/** Looks through arms, what was accepted apart from what was not. */
export function armLooker({ lists, acceptances }: { lists: Lists; acceptances: AcceptanceTable }) {
  return { look, seek, countArm };

  /**
   * What of an arm a filter lets through, with how many that is. Few are accepted: they are counted by themselves and
   * taken from the rest, for to ask of each finding whether it is accepted takes as long as there are many.
   */
  function look(arm: Arm, { accepted, ...filter }: FindingFilter, named: { now: string }): Looked | null {
    const where = armConditions(arm, filter);
    if (!where) return null;
    const hasAny = acceptances.hasAny(named.now);
    const isAccepted = { sql: arm.isAccepted, values: [] };
    const acceptedCount = hasAny ? lists.sum(acceptedFrom(arm), [...where, isAccepted], named) : 0;
    if (accepted) return { from: acceptedFrom(arm), where: [...where, isAccepted], total: acceptedCount };
    const from = (filter.host !== null && arm.ofHost) || arm.from;
    const total = withoutSome(countOpen(arm, { from, where, filter }, named), acceptedCount);
    if (acceptedCount === 0) return { from, where, total };
    return { from, where: [...where, { sql: `NOT (${arm.isAccepted})`, values: [] }], total };
  }

  /** What is kept serves where nothing narrows the arm but what is the same for all of it. */
  function countOpen({ tallied }: Arm, { from, where, filter }: Narrowed, named: { now: string }): Total {
    const isWhole = filter.host === null && filter.search.trim() === "";
    if (!tallied || !isWhole) return lists.count(from, where, named);
    return lists.read<{ count: number }>(`SELECT ${tallied} AS count`, [])[0]?.count ?? 0;
  }

  /** The same without counting. */
  function seek(arm: Arm, { accepted, ...filter }: FindingFilter, named: { now: string }) {
    const where = armConditions(arm, filter);
    if (!where) return null;
    if (accepted) return { from: acceptedFrom(arm), where: [...where, { sql: arm.isAccepted, values: [] }] };
    const from = (filter.host !== null && arm.ofHost) || arm.from;
    const isOpen = { sql: `NOT (${arm.isAccepted})`, values: [] };
    return { from, where: acceptances.hasAny(named.now) ? [...where, isOpen] : where };
  }

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
