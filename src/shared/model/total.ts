import { z } from "zod";

/**
 * How many rows a list has. Where counting them all would take too long, it is only known that there are more than so
 * many, and then there is no number that could be mistaken for their count.
 */
export const Total = z.union([z.int(), z.object({ moreThan: z.int() })]);
export type Total = z.infer<typeof Total>;

/** Whether there are more rows than these. Of a total that is not known there always may be. */
export const isMoreThan = (total: Total, count: number): boolean =>
  typeof total !== "number" || total > count;

/** How many there are at the least. */
export const leastOf = (total: Total): number => (typeof total === "number" ? total : total.moreThan + 1);

/** The rest of a total without so many. */
export const withoutSome = (total: Total, count: number): Total =>
  typeof total === "number" ? total - count : { moreThan: Math.max(0, total.moreThan - count) };

/** The total, once so many rows were read, to the end of the list or not. */
export function totalOnceRead(total: Total, { count, isEnd }: { count: number; isEnd: boolean }): Total {
  if (typeof total === "number") return total;
  return isEnd ? count : { moreThan: Math.max(total.moreThan, count) };
}

/** The total of lists that share no row. */
export function addTotals(totals: readonly Total[]): Total {
  const more = totals.flatMap((total) => (typeof total === "number" ? [] : [total.moreThan]));
  if (more.length > 0) return { moreThan: Math.max(...more) };
  return totals.reduce<number>((sum, total) => sum + leastOf(total), 0);
}
