import type { FindingFilter } from "#shared/contract/findings.ts";
import { type Total, withoutSome } from "#shared/model/total.ts";
import type { Lists } from "#store/lists/lists.ts";
import type { Part } from "#store/lists/part.ts";
import type { AcceptanceTable } from "./acceptance-table.ts";
import { type Arm, acceptedFrom } from "./arm.ts";
import { armConditions } from "./finding-arms.ts";
import { findInArm } from "./finding-search.ts";

/** So many rows of an arm are looked at for words that many others have, too. */
export const MOST_LOOKED = 1_000;

const isFew = (total: Total): boolean => typeof total === "number" && total <= MOST_LOOKED;

/** What an arm has of what was asked for. */
export type Looked = { from: string; where: readonly Part[]; total: Total };

type Narrowed = { from: string; where: readonly Part[]; filter: Pick<FindingFilter, "host"> };

/** `isMuch` where all of the arm is too much to be looked at; `isWalk` where an index in the order of the list will do. */
type Wanted = { from: string; where: readonly Part[]; isMuch: boolean; isWalk: boolean };

/** Looks through arms, what was accepted apart from what was not. */
export function armLooker({ lists, acceptances }: { lists: Lists; acceptances: AcceptanceTable }) {
  return { look, seek };

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
    if (!tallied || filter.host !== null) return lists.count(from, where, named);
    return lists.read<{ count: number }>(`SELECT ${tallied} AS count`, [])[0]?.count ?? 0;
  }

  /** The same for words, without counting. */
  function seek(
    arm: Arm,
    { accepted, search, ...filter }: FindingFilter,
    named: { now: string },
  ): Wanted | null {
    const plain = armConditions(arm, filter);
    if (!plain) return null;
    const isOne = accepted || filter.host !== null;
    const sought = findInArm(lists, arm, search);
    if (!sought) return null;
    const isAll = !isOne && !sought.isFound;
    const size = isAll ? countOpen(arm, { from: arm.from, where: plain, filter }, named) : 0;
    const where = [...plain, ...sought.where];
    const isAccepted = { sql: arm.isAccepted, values: [] };
    if (accepted)
      return { from: acceptedFrom(arm), where: [...where, isAccepted], isMuch: false, isWalk: false };
    const isOpen = { sql: `NOT (${arm.isAccepted})`, values: [] };
    return {
      from: (filter.host !== null && arm.ofHost) || sought.from,
      where: acceptances.hasAny(named.now) ? [...where, isOpen] : where,
      isMuch: isAll && !isFew(size),
      isWalk: !isOne,
    };
  }
}
