import type { Pace } from "#shared/model/plan.ts";
import { type Draft, placeOf } from "./draft.ts";

const PRODUCTION: ReadonlySet<string> = new Set(["production", "prod"]);

export const isProduction = ({ facts }: Draft): boolean =>
  facts.labels.some((label) => PRODUCTION.has(label));

/**
 * Each host with its batch, in the order in which they are changed. The first alone, then so many side by side, and hosts
 * that lead to others at the end, one at a time: whatever goes wrong before leaves the way there open.
 */
export function orderHosts(drafts: readonly Draft[], options: Pace): { draft: Draft; batch: number }[] {
  const byRisk = (draft: Draft): number => (isProduction(draft) ? 1 : 0);
  const byName = (one: Draft, other: Draft): number =>
    placeOf(one.facts).localeCompare(placeOf(other.facts), "en");
  const sorted = [...drafts].sort(
    (one, other) =>
      byRisk(one) - byRisk(other) || one.files.length - other.files.length || byName(one, other),
  );
  const plain = sorted.filter(({ facts }) => facts.jumpFor === 0);
  const jumps = sorted.filter(({ facts }) => facts.jumpFor > 0);
  const first = options.canary ? 1 : 0;
  const batchOf = (index: number): number =>
    index < first ? 0 : first + Math.floor((index - first) / options.batchSize);
  const ordered = plain.map((draft, index) => ({ draft, batch: batchOf(index) }));
  const next = (ordered.at(-1)?.batch ?? -1) + 1;
  return [...ordered, ...jumps.map((draft, index) => ({ draft, batch: next + index }))];
}
