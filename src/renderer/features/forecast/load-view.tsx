import { Button } from "@mantine/core";
import { IconDownload, IconTrendingUp } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { Panel } from "#renderer/ui/panel.tsx";
import { download, type Column as ListColumn, printCsv } from "#renderer/ui/table/column.ts";
import { Facet, FixedFacet } from "#renderer/ui/table/filters.tsx";
import { Tag } from "#renderer/ui/tag.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { useKeys } from "#renderer/ui/use-keys.ts";
import type { LoadSeries, WeeklyLoad } from "#shared/model/certificates/forecast.ts";
import { formatMost, formatSeries } from "#shared/text/certificates/forecast.ts";
import { formatNumber } from "#shared/text/count.ts";
import classes from "./forecast.module.css";
import type { LoadSearch } from "./queries.ts";

const BY = [
  { value: "owner" as const, label: "owner" },
  { value: "both" as const, label: "issuer and owner" },
];

type Props<Search extends LoadSearch> = {
  /** Of the file: latchkey-forecast.csv. */
  name: string;
  title: string;
  /** What the week's certificates need: to renew. */
  what: string;
  load: WeeklyLoad;
  search: Search;
  onChange: (patch: Partial<LoadSearch>) => void;
  filters?: ReactNode;
  /** What the page has to say beside the numbers. */
  children: ReactNode;
};

/** A load week by week: as a diagram, as a table, as a file. */
export function LoadView<Search extends LoadSearch>(props: Props<Search>) {
  const { name, title, what, load, search, onChange, filters, children } = props;
  const exportCsv = () =>
    download(
      `latchkey-${name}.csv`,
      "text/csv;charset=utf-8",
      printCsv(toCsvColumns(load.series), toRows(load)),
    );
  useKeys([["e", exportCsv]]);
  const total = load.totals.reduce((sum, count) => sum + count, 0);
  const label = `${formatNumber(total)} certificates ${what} in ${load.weeks.length} weeks, by week; the table below has the numbers`;
  return (
    <>
      <div className={classes.toolbar}>
        <Facet title="By" usual="issuer" value={search.by} options={BY} onChange={(by) => onChange({ by })} />
        {filters}
        {search.issuer !== undefined && (
          <FixedFacet
            title="Issuer"
            value={search.issuer || "self-issued"}
            onDrop={() => onChange({ issuer: undefined })}
          />
        )}
        {search.owner !== undefined && (
          <FixedFacet
            title="Owner"
            value={search.owner || "nobody"}
            onDrop={() => onChange({ owner: undefined })}
          />
        )}
        <Button
          variant="default"
          size="xs"
          h={30}
          className={classes.export}
          leftSection={<IconDownload size={15} />}
          title="Export every week as CSV (e)"
          onClick={exportCsv}
        >
          Export CSV
        </Button>
      </div>
      <Panel title={title}>
        <LoadChart load={load} label={label} />
        <Legend load={load} />
      </Panel>
      <Peaks load={load} what={what} />
      {children}
      <LoadTable load={load} caption={`Certificates ${what}, week by week`} />
    </>
  );
}

function Peaks({ load: { peaks, series }, what }: { load: WeeklyLoad; what: string }) {
  if (peaks.length === 0) return null;
  return (
    <Panel title="Load peaks">
      <ul className={classes.peaks}>
        {peaks.map((peak) => (
          <li key={peak.from}>
            <IconTrendingUp size={15} aria-hidden /> the week from {peak.from}: {formatNumber(peak.count)}{" "}
            {what}
            <Untrusted text={formatMost(peak, series)} limit={200} />
          </li>
        ))}
      </ul>
    </Panel>
  );
}

const HEIGHT = 100;
/** In parts of a week's width. */
const BAR = { width: 8, step: 10 };

const TONES = [
  classes.tone0,
  classes.tone1,
  classes.tone2,
  classes.tone3,
  classes.tone4,
  classes.tone5,
] as const;

/** The tone of a series; those beyond the first few share the last one. */
const toneOf = (series: number): string => TONES[Math.min(series, TONES.length - 1)] ?? "";

type LoadChartProps = { load: WeeklyLoad; label: string };

/** A bar a week, with a part for each series. The table below it has all of its numbers. */
function LoadChart({ load, label }: LoadChartProps) {
  const { weeks, totals, peaks } = load;
  const most = Math.max(...totals, 1);
  const isPeak = new Set(peaks.map(({ from }) => from));
  return (
    <div className={classes.chart}>
      <span className={classes.most} aria-hidden>
        {formatNumber(most)}
      </span>
      <svg
        role="img"
        aria-label={label}
        className={classes.bars}
        viewBox={`0 0 ${weeks.length * BAR.step} ${HEIGHT}`}
        preserveAspectRatio="none"
      >
        {weeks.map((from, week) => (
          <g key={from}>
            {isPeak.has(from) && (
              <rect x={week * BAR.step} y={0} width={BAR.step} height={HEIGHT} className={classes.peak} />
            )}
            <Bar load={load} week={week} scale={HEIGHT / most} />
          </g>
        ))}
      </svg>
      <ol className={classes.years} aria-hidden>
        {marksOf(weeks).map(({ at, text }) => (
          <li key={text} className={classes.year} style={{ left: `${(at / weeks.length) * 100}%` }}>
            {text}
          </li>
        ))}
      </ol>
    </div>
  );
}

function Bar({ load: { series }, week, scale }: { load: WeeklyLoad; week: number; scale: number }) {
  let top = HEIGHT;
  return series.map(({ issuer, owner, counts }, index) => {
    const height = (counts[week] ?? 0) * scale;
    top -= height;
    return (
      height > 0 && (
        <rect
          key={`${issuer} ${owner}`}
          x={week * BAR.step + (BAR.step - BAR.width) / 2}
          y={top}
          width={BAR.width}
          height={height}
          className={toneOf(index)}
        />
      )
    );
  });
}

/** The first week of each quarter, or of each month where there are few. */
function marksOf(weeks: readonly string[]): { at: number; text: string }[] {
  const months = weeks.length > 80 ? 6 : weeks.length > 30 ? 3 : 1;
  return weeks.flatMap((from, at) => {
    const month = Number(from.slice(5, 7)) - 1;
    const isFirst = at === 0 || weeks[at - 1]?.slice(0, 7) !== from.slice(0, 7);
    return isFirst && at > 0 && month % months === 0 ? [{ at, text: from.slice(0, 7) }] : [];
  });
}

/** The series of each tone, and how many certificates it has now. */
function Legend({ load: { series } }: { load: WeeklyLoad }) {
  return (
    <ul className={classes.legend} aria-label="Whose">
      {series.map((one, index) => (
        <li key={`${one.issuer} ${one.owner}`} className={classes.entry}>
          <svg className={classes.swatch} viewBox="0 0 10 10" aria-hidden>
            <rect width={10} height={10} rx={2} className={toneOf(index)} />
          </svg>
          <Untrusted text={formatSeries(one)} limit={80} />
          <span className={classes.dim}>{formatNumber(one.certificates)}</span>
        </li>
      ))}
    </ul>
  );
}

type WeekRow = { from: string; total: number; isPeak: boolean; counts: readonly number[] };

const toRows = ({ weeks, totals, series, peaks }: WeeklyLoad): WeekRow[] =>
  weeks.map((from, week) => ({
    from,
    total: totals[week] ?? 0,
    isPeak: peaks.some((peak) => peak.from === from),
    counts: series.map(({ counts }) => counts[week] ?? 0),
  }));

/** The same for a file: all series, each in its column. */
const toCsvColumns = (series: readonly LoadSeries[]): ListColumn<WeekRow>[] => [
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
function LoadTable({ load, caption }: { load: WeeklyLoad; caption: string }) {
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
