import type { PlanReview, PlanWhat } from "../../model/access/review.ts";
import { Refusal } from "../../model/refusal.ts";
import type { PlanKind } from "../../model/runs/plan.ts";

/** Items of a review by their numbers, and how a plan leaves them out. */

/** Numbers of items as a command takes them: `13,20-25`. Of many, the first. */
export function formatNumbers(items: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const item of items.toSorted((one, other) => one - other)) {
    const last = ranges.at(-1);
    if (last && item <= last[1] + 1) last[1] = item;
    else ranges.push([item, item]);
  }
  const words = ranges.slice(0, MOST_RANGES).map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`));
  return `${words.join(",")}${ranges.length > MOST_RANGES ? ",..." : ""}`;
}

const MOST_RANGES = 20;

/** So many items a review may have. */
const MOST_IN_RANGE = 1_000_000;

/** Items as somebody types them, `13,20-25`, with blanks or without; refuses what is none. */
export const parseNumbers = (text: string): number[] => [
  ...new Set(
    text
      .split(/[\s,]+/)
      .filter(Boolean)
      .flatMap(parseRange),
  ),
];

function parseRange(word: string): number[] {
  const [, from, to = from] = /^(\d{1,7})(?:-(\d{1,7}))?$/.exec(word) ?? [];
  const [first, last] = [Number(from), Number(to)];
  if (from === undefined || first < 1 || last < first || last - first >= MOST_IN_RANGE)
    throw new Refusal("invalid-input", `${word} is no item; write a number, or a range such as 7-12`);
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

/** The command that plans a review without some of its items; none: their numbers are not known here. */
export const formatLeaveOut = ({
  name,
  what,
  items,
}: {
  name: string;
  what: PlanWhat;
  items: readonly number[];
}): string =>
  `latchkey reviews plan ${name}${what === "accounts" ? " --accounts" : ""} --except ${items.length === 0 ? "ITEM" : formatNumbers(items)}`;

/** How the rest of a review is planned where its plan is refused, or could not be made; empty where a plan is of no review. */
export function formatRest(review: PlanReview | null, kind: PlanKind | null): string {
  if (review === null) return "";
  const what = kind === "disable-account" ? "accounts" : "grants";
  const command = formatLeaveOut({ name: review.name, what, items: review.refused });
  return `; to plan the rest of review ${review.name}, leave it out: ${command}`;
}
