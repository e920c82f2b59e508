import type { LoadBy, Timeline } from "#shared/model/forecast.ts";
import { addWeeks, createSeries, type Owned } from "./gather-series.ts";
import { findPeaks, listWeeks, toDayNumber, weekOf } from "./weeks.ts";

/** Certificates that expire on one day and are of one issuer and one owner. */
export type EndGroup = Owned & { endsOn: string; count: number };

type Asked = { today: string; weekCount: number; by: LoadBy };

/** How many certificates expire in each week; what expires today is not over yet. */
export function lineUpExpiries(groups: readonly EndGroup[], { today, weekCount, by }: Asked): Timeline {
  const from = toDayNumber(today);
  const gathered = createSeries(by, weekCount);
  let [expired, later] = [0, 0];
  for (const group of groups) {
    const week = weekOf(toDayNumber(group.endsOn), from);
    if (week < 0) expired += group.count;
    else if (week >= weekCount) later += group.count;
    else {
      const { counts } = gathered.of(group, group.count);
      counts[week] = (counts[week] ?? 0) + group.count;
    }
  }
  const weeks = listWeeks(from, weekCount);
  const series = gathered.list();
  const totals = addWeeks(series, weekCount);
  return { weeks, totals, series, peaks: findPeaks(weeks, totals, series), expired, later };
}
