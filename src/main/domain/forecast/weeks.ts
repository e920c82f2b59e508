import type { LoadPeak } from "#shared/model/forecast.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const WEEK_DAYS = 7;

/** A day as a number: those since 1970. Fractions are hours. */
export const toDayNumber = (day: string): number => Date.parse(`${day}T00:00:00Z`) / DAY_MS;

export const toDay = (number: number): string => new Date(number * DAY_MS).toISOString().slice(0, 10);

/** The first days of so many weeks. */
export const listWeeks = (from: number, count: number): string[] =>
  Array.from({ length: count }, (_, week) => toDay(from + week * WEEK_DAYS));

/** Which week a day is in. */
export const weekOf = (day: number, from: number): number => Math.floor((day - from) / WEEK_DAYS);

/** How many weeks there are up to the end of a day. */
export const countWeeks = (from: number, until: number): number =>
  Math.max(1, Math.ceil((until - from + 1) / WEEK_DAYS));

/** A peak has so many times what a usual week has, and is no less than this. */
const PEAK_FACTOR = 2;
const LEAST_PEAK = 5;
const MOST_PEAKS = 5;

type Counted = { counts: readonly number[] };

/**
 * The weeks that have at least twice the load of a usual one (the median of those with any), the largest first. Each names
 * the series that has the most of it.
 */
export function findPeaks(
  weeks: readonly string[],
  totals: readonly number[],
  series: readonly Counted[],
): LoadPeak[] {
  const some = totals.filter((count) => count > 0).toSorted((a, b) => a - b);
  const usual = some[Math.floor((some.length - 1) / 2)] ?? 0;
  const least = Math.max(usual * PEAK_FACTOR, LEAST_PEAK);
  return totals
    .flatMap((count, week) => (count >= least ? [{ week, count }] : []))
    .toSorted((a, b) => b.count - a.count || a.week - b.week)
    .slice(0, MOST_PEAKS)
    .map(({ week, count }) => {
      const parts = series.map(({ counts }) => counts[week] ?? 0);
      const ofIt = Math.max(...parts);
      return { from: weeks[week] ?? "", count, series: parts.indexOf(ofIt), ofIt };
    });
}
