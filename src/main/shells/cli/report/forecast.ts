import { type Command, Option } from "commander";
import {
  type Forecast,
  LoadBy,
  type LoadSeries,
  type WeeklyLoad,
} from "#shared/model/certificates/forecast.ts";
import { formatMost, formatSeries } from "#shared/text/certificates/forecast.ts";
import { formatCount, formatNumber } from "#shared/text/count.ts";
import { printable } from "#shared/text/untrusted-text.ts";
import { openApp } from "#shells/cli/open-app.ts";
import { type CommonOptions, printJson, wholeNumber } from "#shells/cli/options.ts";
import { type Column, printTable } from "#shells/cli/print-table.ts";
import { REPORT, type Session, type World } from "#shells/cli/session.ts";

type Options = CommonOptions & { by?: LoadBy; issuer?: string; owner?: string; weeks?: number };

export function addForecast(program: Command, { world }: Session): void {
  choosing(program.command("forecast"))
    .description("how many certificates must be renewed each quarter until 2029")
    .addHelpText("after", HELP)
    .action((_: object, command: Command) => showForecast(command.optsWithGlobals<Options>(), world));
  choosing(program.command("timeline"))
    .description("how many certificates expire each week")
    .option("--weeks <count>", "how many weeks (default: 26)", wholeNumber(1, 520))
    .action((_: object, command: Command) => showTimeline(command.optsWithGlobals<Options>(), world));
}

const choosing = (command: Command): Command =>
  command
    .helpGroup(REPORT)
    .addOption(new Option("--by <what>", "group by").choices(LoadBy.options).default("issuer"))
    .option("--issuer <name>", "only certificates of this issuer (empty: self-issued)")
    .option("--owner <name>", "only certificates of this owner (empty: none)");

const HELP = `
Assumes that each certificate in use is renewed whenever it is due, until the end of 2029. Public certificates
will be valid for less and less: at most 200, 100, then 47 days; 64, then 45 from Let's Encrypt. All others are
assumed to keep their present lifetime.

Examples:
  latchkey forecast --by owner
  latchkey forecast --json                     every week of it

With --json: { weeks: [day], totals: [n], series: [{ issuer, owner, certificates, counts: [n] }], peaks: [{ from, count,
series, ofIt }], certificates, unknownCount, steps: [{ on, what }] }`;

const queryOf = ({ by = "issuer", issuer, owner }: Options) => ({
  by,
  issuer: issuer ?? null,
  owner: owner ?? null,
});

async function showForecast(options: Options, world: World): Promise<void> {
  await using app = await openApp(options, world, "read");
  const forecast = await app.client.forecast.renewals(queryOf(options));
  if (options.json) return printJson(forecast, world);
  if (forecast.certificates === 0) return world.out(formatNone(options));
  world.out(`${printTable(quartersOf(forecast), forecast.series, world)}\n`);
  printPeaks(forecast, "to renew", world);
  for (const { on, what } of forecast.steps) world.out(`from ${on}: ${what}`);
  const { certificates, unknownCount, totals } = forecast;
  const sum = sumOf(totals);
  world.out(
    `${formatCount(certificates, "certificate")} now, ${formatCount(sum, "renewal")} until the end of 2029`,
  );
  if (unknownCount > 0)
    world.out(
      `for ${formatNumber(unknownCount)} it is unknown whether the issuer is public; they are assumed to keep their lifetime`,
    );
}

const formatNone = ({ issuer, owner }: Options): string =>
  issuer !== undefined || owner !== undefined
    ? "no certificate matches"
    : "no certificate that expires is known yet; scan an endpoint: latchkey scan shop.example";

/** One column for each quarter: one for each week would be wider than any terminal. */
function quartersOf({ weeks }: Forecast): Column<LoadSeries>[] {
  const quarters = [...new Set(weeks.map(quarterOf))];
  return [
    { head: "WHOSE", cell: formatSeries, cut: "middle" },
    { head: "NOW", cell: ({ certificates }) => formatNumber(certificates) },
    ...quarters.map((quarter) => ({
      head: quarter,
      cell: ({ counts }: LoadSeries) =>
        formatNumber(sumOf(counts.filter((_, week) => quarterOf(weeks[week] ?? "") === quarter))),
    })),
  ];
}

const quarterOf = (day: string): string =>
  `${day.slice(2, 4)}Q${Math.floor((Number(day.slice(5, 7)) - 1) / 3) + 1}`;

const WEEKS = 26;

async function showTimeline(options: Options, world: World): Promise<void> {
  await using app = await openApp(options, world, "read");
  const { weeks = WEEKS } = options;
  const timeline = await app.client.forecast.timeline({ ...queryOf(options), weeks });
  if (options.json) return printJson(timeline, world);
  const { expired, later, totals } = timeline;
  const inWeeks = sumOf(totals);
  if (inWeeks + expired + later === 0) return world.out(formatNone(options));
  const rows = timeline.weeks.map((from, week) => ({ from, week, count: totals[week] ?? 0 }));
  world.out(`${printTable(weekColumns(timeline), rows, world)}\n`);
  printPeaks(timeline, "to expire", world);
  world.out(
    `${formatCount(inWeeks, "certificate")} in ${formatCount(weeks, "week")}, ${formatNumber(later)} later, ${formatNumber(expired)} expired`,
  );
}

type Week = { from: string; week: number; count: number };

const BAR = 40;

function weekColumns({ totals, series }: WeeklyLoad): Column<Week>[] {
  const most = Math.max(...totals, 1);
  const largest = (week: number) =>
    series
      .filter(({ counts }) => (counts[week] ?? 0) > 0)
      .toSorted((a, b) => (b.counts[week] ?? 0) - (a.counts[week] ?? 0));
  return [
    { head: "WEEK FROM", cell: ({ from }) => from },
    { head: "COUNT", cell: ({ count }) => formatNumber(count) },
    { head: "", cell: ({ count }) => "#".repeat(Math.ceil((count / most) * BAR)), leaves: 1 },
    {
      head: "MOST OF IT",
      cell({ week }) {
        const [first, ...others] = largest(week);
        if (!first) return "";
        return others.length > 0 ? `${formatSeries(first)} and ${others.length} more` : formatSeries(first);
      },
      cut: "middle",
    },
  ];
}

function printPeaks({ peaks, series }: WeeklyLoad, what: string, world: World): void {
  for (const peak of peaks)
    world.out(
      printable(
        `peak: the week from ${peak.from} has ${formatNumber(peak.count)} ${what}${formatMost(peak, series)}`,
      ),
    );
}

const sumOf = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0);
