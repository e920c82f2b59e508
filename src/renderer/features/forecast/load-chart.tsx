import { Untrusted } from "#renderer/ui/text.tsx";
import type { WeeklyLoad } from "#shared/model/forecast.ts";
import { formatNumber } from "#shared/text/count.ts";
import { formatSeries } from "#shared/text/load.ts";
import classes from "./forecast.module.css";

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

type Props = { load: WeeklyLoad; label: string };

/** A bar a week, with a part for each series. All that it says stands in the table below it. */
export function LoadChart({ load, label }: Props) {
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

/** What the tones stand for, and how much each has now. */
export function Legend({ load: { series } }: { load: WeeklyLoad }) {
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
