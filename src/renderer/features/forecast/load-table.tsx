import { IconTrendingUp } from "@tabler/icons-react";
import type { Column as ListColumn } from "#renderer/ui/table/column.ts";
import { Tag } from "#renderer/ui/tag.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import type { LoadSeries, WeeklyLoad } from "#shared/model/forecast.ts";
import { formatNumber } from "#shared/text/count.ts";
import { formatSeries } from "#shared/text/load.ts";
import classes from "./forecast.module.css";

export type WeekRow = { from: string; total: number; isPeak: boolean; counts: readonly number[] };

export const toRows = ({ weeks, totals, series, peaks }: WeeklyLoad): WeekRow[] =>
  weeks.map((from, week) => ({
    from,
    total: totals[week] ?? 0,
    isPeak: peaks.some((peak) => peak.from === from),
    counts: series.map(({ counts }) => counts[week] ?? 0),
  }));

/** The same for a file: all series, each in its column. */
export const toCsvColumns = (series: readonly LoadSeries[]): ListColumn<WeekRow>[] => [
  csvColumn("Week from", ({ from }) => from),
  csvColumn("Certificates", ({ total }) => String(total)),
  csvColumn("Peak", ({ isPeak }) => (isPeak ? "peak" : "")),
  ...series.map((one, index) => csvColumn(formatSeries(one), ({ counts }) => String(counts[index] ?? 0))),
];

const csvColumn = (title: string, text: (row: WeekRow) => string): ListColumn<WeekRow> => ({
  id: title,
  title,
  minWidth: 0,
  text,
  cell: text,
});

/** So many series have a column of their own on the page; a file has all. */
const MOST_COLUMNS = 5;

/** What the chart shows, week by week. Weeks without any are left out. */
export function LoadTable({ load, caption }: { load: WeeklyLoad; caption: string }) {
  const shown = load.series.slice(0, MOST_COLUMNS);
  const rows = toRows(load).filter(({ total }) => total > 0);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className={classes.scroll} tabIndex={0} aria-label={caption}>
      <table className={classes.table}>
        <caption className={classes.caption}>{caption}</caption>
        <thead>
          <tr>
            <th scope="col">Week from</th>
            <th scope="col" className={classes.number}>
              Certificates
            </th>
            {shown.map((one) => (
              <th key={`${one.issuer} ${one.owner}`} scope="col" className={classes.number}>
                <Untrusted text={formatSeries(one)} limit={40} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ from, total, isPeak, counts }) => (
            <tr key={from}>
              <th scope="row">
                <time dateTime={from}>{from}</time>{" "}
                {isPeak && (
                  <Tag tone="orange" Icon={IconTrendingUp}>
                    peak
                  </Tag>
                )}
              </th>
              <td className={classes.number}>{formatNumber(total)}</td>
              {shown.map((one, index) => (
                <td key={`${one.issuer} ${one.owner}`} className={classes.number}>
                  {formatNumber(counts[index] ?? 0)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
