import { type Command, Option } from "commander";
import type { HostRow } from "#shared/model/host.ts";
import { ProbeState } from "#shared/model/probe.ts";
import { isMoreThan } from "#shared/model/total.ts";
import { formatNumber } from "#shared/text/count.ts";
import { formatElapsed } from "#shared/text/elapsed.ts";
import { formatTarget } from "#shared/text/target.ts";
import { formatAmount, formatTotal } from "#shared/text/total.ts";
import { listRows } from "./all-rows.ts";
import { type CommonOptions, openApp, printJson, wholeNumber } from "./options.ts";
import { type Column, printTable } from "./print-table.ts";
import { LOOK, type Session } from "./session.ts";
import type { World } from "./world.ts";

type Options = CommonOptions & { state?: ProbeState; limit?: number };

export function addHosts(program: Command, { world }: Session): void {
  program
    .command("hosts [filter...]")
    .helpGroup(LOOK)
    .description("scanned hosts, and how much of each could be read")
    .addOption(new Option("--state <state>", "only hosts in this state").choices(ProbeState.options))
    .option("--limit <rows>", "show at most this many rows", wholeNumber(1, 1_000_000))
    .addHelpText(
      "after",
      "\nWith --json: { hosts: [{ host, port, user, state, outcome, message, ... }], total }",
    )
    .action((words: string[], _: object, command: Command) =>
      listHosts(words, command.optsWithGlobals<Options>(), world),
    );
}

async function listHosts(words: readonly string[], options: Options, world: World): Promise<void> {
  await using app = openApp(options, world, "read");
  const filter = { search: words.join(" "), state: options.state ?? null };
  const { list } = app.client.hosts;
  const { rows, total } = await listRows(options.limit, (page) => list({ ...filter, ...page }));
  if (options.json) return printJson({ hosts: rows.map(toHostJson), total }, world);
  if (total === 0) return world.out(formatNone(filter));
  world.out(`${printTable(columnsAt(world.now()), rows, world)}\n`);

  const countOf = async (state: ProbeState) => {
    if (filter.state !== null && filter.state !== state) return 0;
    return (await list({ ...filter, state, limit: 1 })).total;
  };
  const [ok, partial, failed] = [await countOf("ok"), await countOf("partial"), await countOf("failed")];
  const shown = isMoreThan(total, rows.length) ? `, ${formatNumber(rows.length)} shown` : "";
  world.out(
    `${formatTotal(total, "host")}${shown}: ${formatAmount(ok)} read, ${formatAmount(partial)} read in part, ${formatAmount(failed)} not read`,
  );
}

const formatNone = (filter: object): string =>
  Object.values(filter).some(Boolean)
    ? "no host matches"
    : "no host is known yet; scan one: latchkey scan root@web1.example";

const columnsAt = (now: Date): Column<HostRow>[] => [
  { head: "HOST", cell: (host) => formatTarget({ kind: "ssh", ...host }), cut: "middle" },
  { head: "STATE", cell: ({ state }) => state, style: ({ state }) => STYLES[state] },
  { head: "LAST SCAN", cell: ({ lastSeen }) => formatElapsed(lastSeen, now) },
  { head: "SYSTEM", cell: ({ os }) => os ?? "", cut: "middle", leaves: 1 },
  { head: "READ AS", cell: formatReadAs, cut: "middle", leaves: 4 },
  { head: "ACCOUNTS", cell: ({ accountCount }) => String(accountCount), leaves: 2 },
  { head: "GRANTS", cell: ({ grantCount }) => String(grantCount), leaves: 5 },
  { head: "CERTIFICATES", cell: ({ certificateCount }) => String(certificateCount), leaves: 3 },
  { head: "MESSAGE", cell: ({ message }) => message, cut: "end" },
];

/** What nothing shows to be of the host is told from what was read there. */
const formatReadAs = ({ readAs, carried }: HostRow): string =>
  carried === "claimed" ? `claimed, ${readAs ?? ""}` : (readAs ?? "");

const STYLES = { ok: "green", partial: "yellow", failed: "red" } as const;

const toHostJson = ({ id: _, ...host }: HostRow) => host;
