import type {
  Forecast,
  LoadBy,
  LoadPeak,
  LoadSeries,
  Timeline,
} from "#shared/model/certificates/forecast.ts";
import { PUBLIC_LIMITS } from "#shared/text/findings/certificate-finding.ts";

/** Certificates that are due on one day, live as long as one another and are of one issuer and one owner. */
export type DueGroup = Owned & {
  dueOn: string;
  lifeDays: number;
  /** Whether a public authority has issued them. */
  public: "yes" | "no" | "unknown";
  count: number;
};

/** The last day of a forecast: by then the last announced limit has been in force for most of a year. */
const LAST_DAY = "2029-12-31";

/** Of a longer life, so much counts, as for when a certificate is due. */
const LONGEST_LIFE = 398;
const SHORT_LIFE = 10;

/** A shorter life than this is renewed as often as this; nobody plans by the hour. */
const LEAST_DAYS = 1;

/**
 * How many certificates have to be renewed in each week. Each certificate of now is renewed when it is due, for as long
 * as it lives now or as its authority may let it by then, and so on: one that is overdue is renewed in the first week. For
 * what no public authority has issued, or may not have, no limit is assumed. Who adds or drops certificates meanwhile
 * changes the numbers.
 */
export function forecastRenewals(
  groups: readonly DueGroup[],
  { today, by }: { today: string; by: LoadBy },
): Forecast {
  const from = toDayNumber(today);
  const until = toDayNumber(LAST_DAY);
  const weekCount = countWeeks(from, until);
  const weeks = listWeeks(from, weekCount);
  const gathered = createSeries(by, weekCount);
  for (const group of groups) {
    const { counts } = gathered.of(group, group.count);
    for (const day of renewalsOf(group, { from, until })) {
      const week = weekOf(day, from);
      counts[week] = (counts[week] ?? 0) + group.count;
    }
  }
  const series = gathered.list();
  const totals = addWeeks(series, weekCount);
  return {
    weeks,
    totals,
    series,
    peaks: findPeaks(weeks, totals, series),
    certificates: sumOf(groups.map(({ count }) => count)),
    unknownCount: sumOf(groups.map((group) => (group.public === "unknown" ? group.count : 0))),
    steps: stepsWithin(groups, today),
  };
}

/** The days on which a certificate and those that follow it are renewed. */
function* renewalsOf(group: DueGroup, { from, until }: { from: number; until: number }): Generator<number> {
  const limits = group.public === "yes" ? stepsOf(group.issuer).map(toLimit) : [];
  let life = group.lifeDays;
  for (let day = Math.max(toDayNumber(group.dueOn), from); day <= until; day += keptFor(life)) {
    yield day;
    life = Math.min(life, ...limits.flatMap(({ on, days }) => (on <= day ? [days] : [])));
  }
}

const toLimit = ({ on, days }: Step) => ({ on: toDayNumber(on), days });

/** How long one is kept until it is due: a third of its life is left then, and half of one below ten days. */
function keptFor(life: number): number {
  const left = life < SHORT_LIFE ? life / 2 : Math.min(life, LONGEST_LIFE) / 3;
  return Math.max(life - left, LEAST_DAYS);
}

/** The steps that are still to come, of plans that any of these certificates has to keep to. */
function stepsWithin(groups: readonly DueGroup[], today: string): Forecast["steps"] {
  const issuers = new Set(groups.flatMap((group) => (group.public === "yes" ? [group.issuer] : [])));
  const kept = new Set([...issuers].flatMap((issuer) => stepsOf(issuer)));
  return STEPS.filter((step) => kept.has(step) && step.on > today && step.on <= LAST_DAY).map(
    ({ on, what }) => ({
      on,
      what,
    }),
  );
}

/** A step of an announced plan: from this day on, certificates live so many days at the most. */
type Step = { on: string; days: number; what: string };

/** What all public authorities have to keep to (BR 6.3.2, ballot SC-081v3), the newest first. */
const FOR_ALL: readonly Step[] = PUBLIC_LIMITS.map(({ from, days }) => ({
  on: from.slice(0, 10),
  days,
  what: `public certificates live ${days} days at most`,
}));

/** What Let's Encrypt has announced for its default profile, the newest first. */
const LETS_ENCRYPT: readonly Step[] = [
  { on: "2028-02-16", days: 45, what: "Let's Encrypt issues for 45 days" },
  { on: "2027-02-10", days: 64, what: "Let's Encrypt issues for 64 days" },
];

/** An issuer's name as RFC 2253 writes it. Whether it is theirs is told by the chain, not by the name. */
const IS_LETS_ENCRYPT = /(?:^|,)O=Let's Encrypt(?:,|$)/;

/** All plans that a forecast goes by, in the order of their days. */
const STEPS: readonly Step[] = [...FOR_ALL, ...LETS_ENCRYPT].toSorted((a, b) => a.on.localeCompare(b.on));

/** The steps that an issuer of public certificates has to keep to. */
const stepsOf = (issuer: string): readonly Step[] =>
  IS_LETS_ENCRYPT.test(issuer) ? [...LETS_ENCRYPT, ...FOR_ALL] : FOR_ALL;

/** Certificates that expire on one day and are of one issuer and one owner. */
type EndGroup = Owned & { endsOn: string; count: number };

type TimelineOptions = { today: string; weekCount: number; by: LoadBy };

/** How many certificates expire in each week; what expires today is not over yet. */
export function lineUpExpiries(
  groups: readonly EndGroup[],
  { today, weekCount, by }: TimelineOptions,
): Timeline {
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

/** So many series are told apart; what others have is one more. */
const MOST_SERIES = 12;

type Owned = { issuer: string; owner: string };

/** Adds up what many groups have in each week, by issuer, by owner, or by both. */
function createSeries(by: LoadBy, weekCount: number) {
  const known = new Map<string, LoadSeries>();
  return {
    /** The series of a group, which has so many certificates more. */
    of({ issuer, owner }: Owned, certificates: number): LoadSeries {
      const labels = {
        issuer: by === "owner" ? null : issuer,
        owner: by === "issuer" ? null : owner,
      };
      const key = JSON.stringify(labels);
      const found = known.get(key) ?? { ...labels, certificates: 0, counts: new Array(weekCount).fill(0) };
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
const addWeeks = (series: readonly LoadSeries[], weekCount: number): number[] =>
  Array.from({ length: weekCount }, (_, week) => sumOf(series.map(({ counts }) => counts[week] ?? 0)));

const merge = (series: readonly LoadSeries[]): LoadSeries => ({
  issuer: null,
  owner: null,
  certificates: sumOf(series.map(({ certificates }) => certificates)),
  counts: addWeeks(series, series[0]?.counts.length ?? 0),
});

const DAY_MS = 24 * 60 * 60 * 1000;
const WEEK_DAYS = 7;

/** A day as a number: those since 1970. Fractions are hours. */
const toDayNumber = (day: string): number => Date.parse(`${day}T00:00:00Z`) / DAY_MS;

const toDay = (number: number): string => new Date(number * DAY_MS).toISOString().slice(0, 10);

/** The first days of so many weeks. */
const listWeeks = (from: number, count: number): string[] =>
  Array.from({ length: count }, (_, week) => toDay(from + week * WEEK_DAYS));

/** Which week a day is in. */
const weekOf = (day: number, from: number): number => Math.floor((day - from) / WEEK_DAYS);

/** How many weeks there are up to the end of a day. */
const countWeeks = (from: number, until: number): number =>
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
function findPeaks(
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
