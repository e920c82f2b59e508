import type { LoadBy, LoadSeries } from "#shared/model/forecast.ts";

/** So many series are told apart; what others have is one more. */
const MOST_SERIES = 12;

export type Owned = { issuer: string; owner: string };

/** Adds up what many groups have in each week, by issuer, by owner, or by both. */
export function createSeries(by: LoadBy, weekCount: number) {
  const known = new Map<string, LoadSeries>();
  return {
    /** The series of a group, which has so many certificates more. */
    of({ issuer, owner }: Owned, certificates: number): LoadSeries {
      const wanted = {
        issuer: by === "owner" ? null : issuer,
        owner: by === "issuer" ? null : owner,
      };
      const key = JSON.stringify(wanted);
      const found = known.get(key) ?? { ...wanted, certificates: 0, counts: new Array(weekCount).fill(0) };
      found.certificates += certificates;
      known.set(key, found);
      return found;
    },

    /** All of them, the largest first, and what is beyond the first few as one. */
    list(): LoadSeries[] {
      const all = [...known.values()]
        .map((series) => ({ series, sum: sumOf(series.counts) }))
        .toSorted((a, b) => b.sum - a.sum || b.series.certificates - a.series.certificates)
        .map(({ series }) => series);
      if (all.length <= MOST_SERIES + 1) return all;
      return [...all.slice(0, MOST_SERIES), merge(all.slice(MOST_SERIES))];
    },
  };
}

export const sumOf = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0);

/** What all series have together in each week. */
export const addWeeks = (series: readonly LoadSeries[], weekCount: number): number[] =>
  Array.from({ length: weekCount }, (_, week) => sumOf(series.map(({ counts }) => counts[week] ?? 0)));

const merge = (series: readonly LoadSeries[]): LoadSeries => ({
  issuer: null,
  owner: null,
  certificates: sumOf(series.map(({ certificates }) => certificates)),
  counts: addWeeks(series, series[0]?.counts.length ?? 0),
});
