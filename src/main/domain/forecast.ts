import type {
  Forecast,
  LoadBy,
  LoadPeak,
  LoadSeries,
  Timeline,
} from "#shared/model/certificates/forecast.ts";
import { PUBLIC_LIMITS } from "#shared/text/findings/certificate-finding.ts";

/** Certificates with one due day, one lifetime, one issuer and one owner. */
export type DueGroup = Owned & {
  dueOn: string;
  lifeDays: number;
  /** Whether a public authority issued them. */
  public: "yes" | "no" | "unknown";
  count: number;
};

/** The last day of a forecast: by then, the last announced limit has been in force for most of a year. */
const LAST_DAY = "2029-12-31";

/** A longer life counts as this, as in expiringFrom. */
const LONGEST_LIFE = 398;
const SHORT_LIFE = 10;

/** The shortest interval between renewals: nobody plans by the hour. */
const LEAST_DAYS = 1;

/**
 * How many certificates are due for renewal in each week. Each current certificate is renewed when it is due, with its
 * current lifetime or the limit of its authority by then, and so on; an overdue one is renewed in the first week.
 * Assumes no limit where no public authority issued it, or where that is not known. Certificates that are added or
 * dropped meanwhile change the numbers.
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

/** The days on which a certificate and its successors are renewed. */
function* renewalsOf(group: DueGroup, { from, until }: { from: number; until: number }): Generator<number> {
  const limits = group.public === "yes" ? stepsOf(group.issuer).map(toLimit) : [];
  let life = group.lifeDays;
  for (let day = Math.max(toDayNumber(group.dueOn), from); day <= until; day += keptFor(life)) {
    yield day;
    life = Math.min(life, ...limits.flatMap(({ on, days }) => (on <= day ? [days] : [])));
  }
}

const toLimit = ({ on, days }: Step) => ({ on: toDayNumber(on), days });

/** Days until a new certificate is due: with a third of its life left, or half of a life below ten days. */
function keptFor(life: number): number {
  const left = life < SHORT_LIFE ? life / 2 : Math.min(life, LONGEST_LIFE) / 3;
  return Math.max(life - left, LEAST_DAYS);
}

/** The future steps that apply to any of these certificates. */
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

/** A step of an announced plan: from this day on, certificates live at most this many days. */
type Step = { on: string; days: number; what: string };

/** The limits for all public authorities (BR 6.3.2, ballot SC-081v3), the newest first. */
const FOR_ALL: readonly Step[] = PUBLIC_LIMITS.map(({ from, days }) => ({
  on: from.slice(0, 10),
  days,
  what: `public certificates live ${days} days at most`,
}));

/** The steps that Let's Encrypt has announced for its default profile, the newest first. */
const LETS_ENCRYPT: readonly Step[] = [
  { on: "2028-02-16", days: 45, what: "Let's Encrypt issues for 45 days" },
  { on: "2027-02-10", days: 64, what: "Let's Encrypt issues for 64 days" },
];

/** Matches an issuer's name in the form of RFC 2253. The chain shows that it is really theirs, not the name. */
const IS_LETS_ENCRYPT = /(?:^|,)O=Let's Encrypt(?:,|$)/;

/** All steps that a forecast uses, in the order of their days. */
const STEPS: readonly Step[] = [...FOR_ALL, ...LETS_ENCRYPT].toSorted((a, b) => a.on.localeCompare(b.on));

/** The steps that apply to an issuer of public certificates. */
const stepsOf = (issuer: string): readonly Step[] =>
  IS_LETS_ENCRYPT.test(issuer) ? [...LETS_ENCRYPT, ...FOR_ALL] : FOR_ALL;

/** Certificates with one day of expiry, one issuer and one owner. */
type EndGroup = Owned & { endsOn: string; count: number };

type TimelineOptions = { today: string; weekCount: number; by: LoadBy };

/** How many certificates expire in each week; one that expires today has not expired yet. */
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

/** How many series are separate; the others are summed up in one more. */
const MOST_SERIES = 12;

type Owned = { issuer: string; owner: string };

/** Sums the groups in each week, by issuer, by owner, or by both. */
function createSeries(by: LoadBy, weekCount: number) {
  const known = new Map<string, LoadSeries>();
  return {
    /** The series of a group, after adding this many certificates to it. */
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

    /** All series, the largest first, with those beyond the first few merged into one. */
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

/** The sum of all series in each week. */
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

/** Days since 1970. */
const toDayNumber = (day: string): number => Date.parse(`${day}T00:00:00Z`) / DAY_MS;

const toDay = (number: number): string => new Date(number * DAY_MS).toISOString().slice(0, 10);

/** The first days of this many weeks. */
const listWeeks = (from: number, count: number): string[] =>
  Array.from({ length: count }, (_, week) => toDay(from + week * WEEK_DAYS));

/** The index of the week of a day. */
const weekOf = (day: number, from: number): number => Math.floor((day - from) / WEEK_DAYS);

/** How many weeks there are up to a day, inclusive. */
const countWeeks = (from: number, until: number): number =>
  Math.max(1, Math.ceil((until - from + 1) / WEEK_DAYS));

/** A peak has at least PEAK_FACTOR times the load of a usual week, and at least LEAST_PEAK certificates. */
const PEAK_FACTOR = 2;
const LEAST_PEAK = 5;
const MOST_PEAKS = 5;

type Counted = { counts: readonly number[] };

/**
 * The weeks with at least twice the load of a usual one (the median of weeks with any), the largest first. Each names
 * the series with the largest part.
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
