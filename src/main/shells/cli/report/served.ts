import { type Command, Option } from "commander";
import { MISMATCHES, type ServedRow, ServedState } from "#shared/model/certificates/served.ts";
import { isMoreThan } from "#shared/model/total.ts";
import {
  formatFileLine,
  formatHandshake,
  formatListener,
  formatServedState,
  formatWhyUnseen,
} from "#shared/text/certificates/deployment.ts";
import { formatNumber, formatTotal } from "#shared/text/count.ts";
import { formatElapsed } from "#shared/text/elapsed.ts";
import { formatKey } from "#shared/text/hosts/key.ts";
import { printable } from "#shared/text/untrusted-text.ts";
import { openApp } from "#shells/cli/open-app.ts";
import { type CommonOptions, printJson, wholeNumber } from "#shells/cli/options.ts";
import { type Column, listRows, printTable, withOwnNames } from "#shells/cli/print-table.ts";
import { REPORT, type Session, type World } from "#shells/cli/session.ts";

type Options = CommonOptions & { host?: string; state?: ServedState; limit?: number };

export function addServed(program: Command, { world }: Session): void {
  program
    .command("served [filter...]")
    .helpGroup(REPORT)
    .description("certificates in server configurations, and whether they are served; mismatches first")
    .option("--host <name>", "only certificates of this host")
    .addOption(new Option("--state <state>", "only rows in this state").choices(ServedState.options))
    .option("--limit <rows>", "show at most this many rows", wholeNumber(1, 1_000_000))
    .addHelpText("after", HELP)
    .action((words: string[], _: object, command: Command) =>
      listServed(words, command.optsWithGlobals<Options>(), world),
    );
}

const HELP = `
A row is listed when it contains every word of FILTER: in its host, listener (nginx 0.0.0.0:443 shop.example), path
or line. To know what is served, scan the endpoints as well, by the host's name or one of its addresses; SEEN is the
time of that scan, and STATE is as of then.

Examples:
  latchkey served --state not-reloaded         renewed, but not served yet
  latchkey served --host web1 --json | jq '.served[] | [.name, .certificate.path]'

With --json: { served: [{ host, server, state, address, port, name, isDefault, protocol, at, certificate, keyPath,
keyMatches, unsure, sights, handshake, whyUnseen }], total }; handshake: the endpoint to scan for a row that was not seen;
whyUnseen: why no scan would show it`;

async function listServed(words: readonly string[], options: Options, world: World): Promise<void> {
  await using app = await openApp(options, world, "read");
  const filter = { search: words.join(" "), host: options.host ?? null, state: options.state ?? null };
  const { rows, total } = await listRows(options.limit, (page) =>
    app.client.served.list({ ...filter, ...page }),
  );
  if (options.json) return printJson({ served: rows.map(toJson), total }, world);
  if (total === 0) return world.out(formatNone(filter));
  world.out(`${printTable(await withOwnNames(columnsAt(world.now()), app.client), rows, world)}\n`);
  const shown = isMoreThan(total, rows.length) ? `, ${formatNumber(rows.length)} shown` : "";
  world.out(`${formatTotal(total, "listener")}${shown}, ${formatStates(rows)}`);
  if (rows.some(({ state }) => MISMATCHES.has(state)))
    world.out("what to do about mismatches: latchkey findings --details");
  const unseen = rows.flatMap((row) => (row.state === "not-seen" ? (formatHandshake(row) ?? []) : []));
  if (unseen[0] !== undefined)
    world.out(`to see the rest, scan the listener and name: latchkey scan ${printable(unseen[0])}`);
  const [unreached] = rows.filter(
    ({ state, shownBy }) => state === "not-seen" && shownBy?.kind === "unreached",
  );
  const whyUnreached = unreached && formatWhyUnseen(unreached);
  if (unreached && whyUnreached)
    world.out(
      `a scan from here cannot show ${printable(unreached.certificate?.path ?? formatListener(unreached))}: ${printable(whyUnreached)}`,
    );
  const [never] = rows.filter(({ state }) => state === "never-served");
  const why = never && formatWhyUnseen(never);
  if (never && why)
    world.out(`no client is ever served ${printable(never.certificate?.path ?? "")}: ${printable(why)}`);
}

/** Row ids belong to one database, so `--json` does not promise them. */
const toJson = ({ id: _, hostId: __, shownBy, ...row }: ServedRow) => ({
  ...row,
  handshake: row.state === "not-seen" ? formatHandshake({ ...row, shownBy }) : null,
  whyUnseen: isUnseen(row) ? formatWhyUnseen({ shownBy }) : null,
});

const isUnseen = ({ state }: Pick<ServedRow, "state">): boolean =>
  state === "not-seen" || state === "never-served";

const formatNone = ({
  search,
  host,
  state,
}: {
  search: string;
  host: string | null;
  state: string | null;
}): string =>
  search || host || state
    ? "nothing matches"
    : "no server configuration is known yet; scan a host: latchkey scan root@web1.example";

function formatStates(rows: readonly ServedRow[]): string {
  const counts = ServedState.options.map(
    (state) => [state, rows.filter((row) => row.state === state).length] as const,
  );
  return counts
    .flatMap(([state, count]) => (count > 0 ? [`${count} ${formatServedState(state)}`] : []))
    .join(", ");
}

const columnsAt = (now: Date): Column<ServedRow>[] => [
  { head: "STATE", cell: ({ state }) => formatServedState(state), style: ({ state }) => STYLES[state] },
  { head: "HOST", cell: ({ host }) => host, hostOf: ({ host }) => ({ host }), cut: "middle" },
  { head: "LISTENER", cell: (row) => `${row.server} ${formatListener(row)}`, cut: "middle" },
  {
    head: "KEY",
    cell: ({ certificate }) => (certificate?.key ? formatKey(certificate.key) : "not read"),
    leaves: 2,
  },
  { head: "FILE", cell: ({ certificate }) => certificate?.path ?? "not known", cut: "middle" },
  {
    head: "BY",
    cell: ({ certificate, at }) => formatFileLine(certificate?.at ?? at),
    cut: "middle",
    leaves: 1,
  },
  { head: "SEEN", cell: ({ sights }) => formatSeen(sights, now), leaves: 3 },
];

/** When it was last seen what is served there. */
function formatSeen(sights: ServedRow["sights"], now: Date): string {
  const last = sights
    .map(({ lastSeen }) => lastSeen)
    .toSorted()
    .at(-1);
  return last === undefined ? "never" : formatElapsed(last, now);
}

const STYLES: Record<ServedState, "red" | "yellow" | "dim" | null> = {
  "not-reloaded": "red",
  "other-process": "yellow",
  "other-listed": "yellow",
  differs: "yellow",
  unknown: "dim",
  "not-seen": "dim",
  agrees: null,
  "never-served": "yellow",
};
