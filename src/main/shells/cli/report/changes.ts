import { type Command, Option } from "commander";
import { ChangeKind, type ChangeRow, ChangeWhat } from "#shared/model/access/change.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { isMoreThan } from "#shared/model/total.ts";
import { CHANGE_MARK, KIND_WORD } from "#shared/text/access/change.ts";
import { formatNumber, formatTotal } from "#shared/text/count.ts";
import { openApp } from "#shells/cli/open-app.ts";
import { type CommonOptions, days, printJson, wholeNumber } from "#shells/cli/options.ts";
import { type Column, listRows, printTable, withOwnNames } from "#shells/cli/print-table.ts";
import { REPORT, type Session, type World } from "#shells/cli/session.ts";

type Options = CommonOptions & {
  from?: number;
  to?: number;
  sinceBaseline?: boolean;
  since?: number;
  host?: string;
  kind?: ChangeRow["kind"];
  what?: ChangeRow["what"];
  limit?: number;
};

const MOST_SCAN = Number.MAX_SAFE_INTEGER;

export function addChanges(program: Command, { world }: Session): void {
  program
    .command("changes [filter...]")
    .helpGroup(REPORT)
    .description("what appeared, changed or went between two scans (default: the last two)")
    .option("--from <scan>", "the earlier scan; 0: before the first", wholeNumber(0, MOST_SCAN))
    .option("--to <scan>", "the later scan", wholeNumber(0, MOST_SCAN))
    .option("--since <days>", "from the last scan of so many days ago, such as 7d", days)
    .option("--since-baseline", "use the baseline as the earlier scan")
    .option("--host <name>", "only changes on this host")
    .addOption(new Option("--kind <kind>", "only changes of this kind of thing").choices(ChangeKind.options))
    .addOption(new Option("--what <what>", "only changes of this sort").choices(ChangeWhat.options))
    .option("--limit <rows>", "show at most this many rows", wholeNumber(1, 1_000_000))
    .addHelpText("after", HELP)
    .action((words: string[], _: object, command: Command) =>
      listChanges(words, command.optsWithGlobals<Options>(), world),
    );
}

const HELP = `
+ is new since the earlier scan, ~ has changed, - has gone: a scan read the place where it was, and it was not
there. What could not be read is never shown as gone. An edited line of authorized_keys with the same key is the
same grant, changed. (first scan) marks a host that had not been read before.

Examples:
  latchkey changes                             what the last scan found that the one before did not
  latchkey changes --since 7d                  what is otherwise than a week ago
  latchkey changes --from 3 --to 9 --host web1
  latchkey changes --since-baseline --kind grant --what appeared

With --json: { from, to, counts: [{ kind, appeared, changed, gone }], changes: [{ what, kind, host, title,
location, details, isFirstReading, scan, at }], total }`;

async function listChanges(words: readonly string[], options: Options, world: World): Promise<void> {
  await using app = await openApp(options, world, "read");
  const { list, summary, baseline } = app.client.changes;
  const between = { from: options.from ?? null, to: options.to ?? null, days: options.since ?? null };
  if (between.days !== null && (between.from !== null || options.sinceBaseline))
    throw new Refusal("invalid-input", "--since excludes --from and --since-baseline; name one of them");
  if (options.sinceBaseline) {
    if (between.from !== null)
      throw new Refusal("invalid-input", "--from and --since-baseline exclude each other; name one of them");
    between.from = (await baseline())?.scan ?? refuseNoBaseline();
  }
  const host = options.host ?? null;
  const { from, to, counts } = await summary({ ...between, host });
  const filter = { search: words.join(" "), host, kind: options.kind ?? null, what: options.what ?? null };
  // The two scans stay the same for every page, for another one may end meanwhile.
  const query = { ...filter, from: from?.scan ?? 0, to: to?.scan ?? 0 };
  const { rows, total } = await listRows(options.limit, (page) => list({ ...query, ...page }));
  if (options.json) return printJson({ from, to, counts, changes: rows.map(toJson), total }, world);
  if (from === null && to === null)
    return world.out("nothing was scanned yet; start with: latchkey scan web1.example");
  if (isMoreThan(total, 0))
    world.out(`${printTable(await withOwnNames(COLUMNS, app.client), rows, world)}\n`);
  const shown = isMoreThan(total, rows.length) ? `, ${formatNumber(rows.length)} shown` : "";
  world.out(`${formatTotal(total, "change")}${shown}, from ${formatSide(from)} to ${formatSide(to)}`);
}

const formatSide = (side: { scan: number; at: string } | null): string =>
  side === null ? "before all scans" : `scan ${side.scan} (${side.at})`;

function refuseNoBaseline(): never {
  throw new Refusal("not-found", "no baseline is set; set one: latchkey baseline set");
}

const COLUMNS: Column<ChangeRow>[] = [
  { head: "", cell: ({ what }) => CHANGE_MARK[what], style: ({ what }) => STYLES[what] },
  { head: "HOST", cell: ({ host }) => host, hostOf: ({ host }) => ({ host }), cut: "middle" },
  { head: "KIND", cell: ({ kind }) => KIND_WORD[kind] },
  { head: "THING", cell: ({ title }) => title, cut: "middle" },
  {
    head: "WHERE",
    cell: ({ location, title }) => (location === title ? "" : location),
    cut: "middle",
    leaves: 1,
  },
  {
    head: "DETAILS",
    cell: ({ details, isFirstReading }) =>
      [...(isFirstReading ? ["(first scan)"] : []), ...details].join("; "),
    cut: "end",
  },
];

const STYLES = { appeared: "green", changed: "yellow", gone: "red" } as const;

const toJson = ({ id: _, opens: __, ...change }: ChangeRow) => change;
