import { type Command, Option } from "commander";
import type { GraphLink, GraphNode, SharedKey } from "#shared/model/access/graph.ts";
import { isMoreThan } from "#shared/model/total.ts";
import { HOW_WORDS, nameNode } from "#shared/text/access/graph.ts";
import { formatCount, formatNumber, formatTotal } from "#shared/text/count.ts";
import { printable, toCsvField } from "#shared/text/untrusted-text.ts";
import { openApp } from "#shells/cli/open-app.ts";
import { type CommonOptions, printJson, wholeNumber } from "#shells/cli/options.ts";
import { type Column, listRows, printTable, withOwnNames } from "#shells/cli/print-table.ts";
import { REPORT, type Session, type World } from "#shells/cli/session.ts";

/** A step as a row on a terminal; one that is only possible is marked by ?. */
const LINK_COLUMNS: Column<GraphLink>[] = [
  { head: "FROM", cell: ({ from }) => nameNode(from), hostOf: ({ from }) => hostOf(from), cut: "middle" },
  { head: "HOW", cell: formatHow, style: ({ isCertain }) => (isCertain ? null : "yellow") },
  { head: "TO", cell: ({ to }) => nameNode(to), hostOf: ({ to }) => hostOf(to), cut: "middle" },
  { head: "KEY", cell: ({ fingerprint }) => fingerprint ?? "", cut: "middle" },
  { head: "HELD AT", cell: ({ heldAt }) => heldAt ?? "", cut: "middle", leaves: 2 },
  { head: "WHERE", cell: ({ where }) => where, cut: "middle", leaves: 1 },
  {
    head: "NOTES",
    cell: ({ notes, options }) => [...notes, ...(options ? [options] : [])].join("; "),
    cut: "end",
  },
];

function formatHow({ how, isCertain }: GraphLink): string {
  return `${HOW_WORDS[how]}${isCertain ? "" : "?"}`;
}

const hostOf = (node: GraphNode) => ("host" in node ? { host: node.host } : null);

/** A step as `--json` has it: things by their names. */
const toJson = ({ id: _, from, to, ...link }: GraphLink) => ({
  from: nameNode(from),
  to: nameNode(to),
  ...link,
});

type Format = "table" | "dot" | "csv";
type PathOptions = CommonOptions & { certain?: boolean; format?: Format };
type ListOptions = PathOptions & { root?: boolean; host?: string; limit?: number; search?: string };
type ReachOptions = ListOptions & { to?: boolean };
type LinkOptions = ListOptions & {
  by?: "key-file" | "this-computer" | "person" | "authority" | "account";
  person?: string;
  standing?: "known" | "gone";
};

const format = () =>
  new Option("--format <format>", "a table, Graphviz (dot) or CSV").choices(["table", "dot", "csv"]);

export function addGraph(program: Command, { world }: Session): void {
  const graph = program
    .command("graph")
    .helpGroup(REPORT)
    .helpCommand(false)
    .description("what a key, an account or a host can reach: by keys, certificates, root, sudo and agents")
    .addHelpText("after", HELP);
  narrow(graph.command("reach <name>"), "only accounts of this host")
    .description("what NAME can reach, nearest first, with the last step of a shortest path to each")
    .option("--to", "instead, what can reach NAME")
    .action((name: string, _: object, command: Command) =>
      listReach(name, command.optsWithGlobals<ReachOptions>(), world),
    );
  graph
    .command("path <from> <to>")
    .description("a shortest path from one to the other")
    .option("--certain", "only use steps that are certain")
    .addOption(format())
    .action((from: string, to: string, _: object, command: Command) =>
      showPath({ from, to }, command.optsWithGlobals<PathOptions>(), world),
    );
  narrow(graph.command("list [filter...]"), "only steps to this host")
    .description("every known step")
    .addOption(
      new Option("--by <start>", "only steps that start from this").choices([
        "key-file",
        "this-computer",
        "person",
        "authority",
        "account",
      ]),
    )
    .option("--person <name>", "only steps by keys of this person, by any of their names or logins")
    .addOption(
      new Option(
        "--standing <standing>",
        "only steps by keys of people who are known, or who have left (gone)",
      ).choices(["known", "gone"]),
    )
    .action((words: string[], _: object, command: Command) =>
      listLinks(words, command.optsWithGlobals<LinkOptions>(), world),
    );
  addMutual(graph, world);
}

const narrow = (command: Command, host: string): Command =>
  command
    .option("--certain", "only use steps that are certain")
    .option("--root", "only root accounts")
    .option("--host <name>", host)
    .option("--limit <rows>", "show at most this many rows", wholeNumber(1, 1_000_000))
    .addOption(format());

const HELP = `
NAME, FROM and TO are one of these:
  web1  web1:2222            a host: whoever is root there; as TO, any of its accounts
  deploy@web1                an account
  SHA256:...                 a key
  person:ann                 a person, by any of their names or logins; "person:Ann Moore #12" where two are called so
  "this computer"            whoever has the private keys of this computer

A step is certain when having the first thing is enough to have the second. A step that needs something more is
marked with ?: a passphrase, a sudo password, an address, a grant without a shell, or something that was not read.
What keys a forwarded agent offers is unknown, so a path ends there. There may be paths that are not found: by keys
and machines that were not scanned.

Examples:
  latchkey graph reach web1                    what an attacker on web1 can reach
  latchkey graph reach --to root@db1 --certain who is root on db1
  latchkey graph path web1 db1                 how to get from one to the other
  latchkey graph list --standing gone          what people who have left can still log in to
  latchkey graph reach web1 --format dot | dot -Tsvg > web1.svg

With --json: reach and list { links: [{ from, how, fingerprint, heldAt, to, where, options, isCertain, notes,
distance, isPathCertain }], total }, and of reach isCut; path { steps, isCertain, isCut };
mutual { trusts: [{ there, back }], total, isCut }; shared { keys: [{ kind, fingerprint, sharedBy, sharedByCount }] }`;

async function listReach(start: string, options: ReachOptions, world: World): Promise<void> {
  await using app = await openApp(options, world, "read");
  const query = { start, direction: options.to ? ("to" as const) : ("from" as const), ...narrowed(options) };
  let isCut = false;
  const { rows, total } = await listRows(options.limit, async (page) => {
    const reached = await app.client.graph.reach({ ...query, ...page });
    isCut = reached.isCut;
    return reached;
  });
  if (options.json) return printJson({ links: rows.map(toJson), total, isCut }, world);
  const verb = options.to ? "reached by" : "reaches";
  const sure = rows.filter(({ isPathCertain }) => isPathCertain).length;
  printLinks(rows, await withOwnNames(REACH_COLUMNS, app.client), options, world);
  if (isTable(options)) {
    const certain = total === 0 ? "" : `, ${formatNumber(sure)} of those shown for certain`;
    const what = formatTotal(total, "thing");
    world.out(
      `${printable(start)} ${options.to ? "is " : ""}${verb} ${total === 0 ? "nothing that is known" : what}${certain}`,
    );
  }
  if (isCut) world.err(CUT);
}

async function listLinks(words: readonly string[], options: LinkOptions, world: World): Promise<void> {
  await using app = await openApp(options, world, "read");
  const { by = null, person = null, standing = null } = options;
  const query = { search: words.join(" "), by, person, standing, ...narrowed(options) };
  const { rows, total } = await listRows(options.limit, (page) =>
    app.client.graph.links({ ...query, ...page }),
  );
  if (options.json) return printJson({ links: rows.map(toJson), total }, world);
  printLinks(rows, await withOwnNames(LINK_COLUMNS, app.client), options, world);
  const shown = isMoreThan(total, rows.length) ? `, ${formatNumber(rows.length)} shown` : "";
  if (isTable(options)) world.out(total === 0 ? "no step is known" : `${formatTotal(total, "step")}${shown}`);
}

const narrowed = ({ certain = false, root = false, host }: ListOptions) => ({
  onlyCertain: certain,
  onlyRoot: root,
  host: host ?? null,
});

async function showPath(
  ends: { from: string; to: string },
  options: PathOptions,
  world: World,
): Promise<void> {
  await using app = await openApp(options, world, "read");
  const found = await app.client.graph.path({ ...ends, onlyCertain: options.certain ?? false });
  const { steps, isCertain, isCut } = found;
  if (options.json) return printJson({ steps: steps?.map(toJson) ?? null, isCertain, isCut }, world);
  printLinks(steps ?? [], await withOwnNames(LINK_COLUMNS, app.client), options, world);
  if (isTable(options)) world.out(formatPath(steps, isCertain));
  if (isCut) world.err(CUT);
}

function formatPath(steps: readonly GraphLink[] | null, isCertain: boolean): string {
  if (steps === null) return "no path is known from one to the other";
  if (steps.length === 0) return "they are the same";
  return `${formatCount(steps.length, "step")}, ${isCertain ? "every one certain" : "not certain: see the steps marked with ?"}`;
}

const CUT = "latchkey: there is more than was searched; start nearer, or use --certain";

const isTable = ({ format: as = "table" }: PathOptions): boolean => as === "table";

function printLinks(
  links: readonly GraphLink[],
  columns: Column<GraphLink>[],
  { format: as = "table" }: PathOptions,
  world: World,
): void {
  if (as === "dot") world.out(printDot(links));
  else if (as === "csv") world.out(printCsv(links));
  else if (links.length > 0) world.out(`${printTable(columns, links, world)}\n`);
}

const REACH_COLUMNS: Column<GraphLink>[] = [
  { head: "STEPS", cell: ({ distance, isPathCertain }) => `${distance}${isPathCertain ? "" : "?"}` },
  ...LINK_COLUMNS,
];

type MutualOptions = CommonOptions & { certain?: boolean; host?: string };
type SharedOptions = CommonOptions & { kind?: SharedKey["kind"] };

/** Adds the trusts that only two hosts together, or several people, show. */
function addMutual(graph: Command, world: World): void {
  graph
    .command("mutual [filter...]")
    .description("pairs of hosts that can log in to each other")
    .option("--certain", "only pairs where both directions are certain")
    .option("--host <name>", "only pairs with this host")
    .action((words: string[], _: object, command: Command) =>
      listMutual(words, command.optsWithGlobals<MutualOptions>(), world),
    );
  graph
    .command("shared [filter...]")
    .description("keys that several people have, and host keys that several hosts have")
    .addOption(
      new Option("--kind <kind>", "only keys of people, or only host keys").choices(["people", "hosts"]),
    )
    .action((words: string[], _: object, command: Command) =>
      listShared(words, command.optsWithGlobals<SharedOptions>(), world),
    );
}

async function listMutual(words: readonly string[], options: MutualOptions, world: World): Promise<void> {
  await using app = await openApp(options, world, "read");
  const { certain: onlyCertain = false, host = null } = options;
  let isCut = false;
  const { rows: mutual, total } = await listRows(undefined, async (page) => {
    const found = await app.client.graph.mutual({ search: words.join(" "), onlyCertain, host, ...page });
    isCut = found.isCut;
    return found;
  });
  if (options.json) {
    const json = mutual.map(({ there, back }) => ({ there: toJson(there), back: toJson(back) }));
    return printJson({ trusts: json, total, isCut }, world);
  }
  const both = mutual.flatMap(({ there, back }) => [there, back]);
  if (isMoreThan(total, 0))
    world.out(`${printTable(await withOwnNames(LINK_COLUMNS, app.client), both, world)}\n`);
  world.out(
    total === 0
      ? "no two hosts are known to be able to log in to each other"
      : `${formatTotal(total, "pair")} of hosts`,
  );
  if (isCut) world.err("latchkey: there are more pairs than were searched");
}

async function listShared(words: readonly string[], options: SharedOptions, world: World): Promise<void> {
  await using app = await openApp(options, world, "read");
  let isCut = false;
  const { rows } = await listRows(undefined, async (page) => {
    const query = { search: words.join(" "), kind: options.kind ?? null, ...page };
    const found = await app.client.graph.shared(query);
    isCut = found.isCut;
    return found;
  });
  const keys = rows.map(({ id: _, ...key }) => key);
  if (options.json) return printJson({ keys, isCut }, world);
  if (keys.length === 0) return world.out("no key is known to be shared by several people or several hosts");
  world.out(`${printTable(SHARED_COLUMNS, keys, world)}\n`);
  world.out(formatCount(keys.length, "shared key"));
  if (isCut) world.err("latchkey: there are more shared keys than are listed");
}

const SHARED_COLUMNS: Column<Omit<SharedKey, "id">>[] = [
  { head: "KIND", cell: ({ kind }) => (kind === "people" ? "key of people" : "host key") },
  { head: "FINGERPRINT", cell: ({ fingerprint }) => fingerprint, cut: "middle" },
  { head: "SHARED BY", cell: ({ sharedByCount }) => String(sharedByCount) },
  { head: "WHO", cell: ({ sharedBy }) => sharedBy.join(", "), cut: "end" },
];

const HEADER = ["from", "how", "key", "held at", "to", "where", "options", "certain", "notes"];

/** Steps by RFC 4180, with a header and every field quoted. What a spreadsheet would run is text. */
export const printCsv = (links: readonly GraphLink[]): string =>
  [HEADER, ...links.map(toFields)].map((fields) => fields.map(toCsvField).join(",")).join("\r\n");

const toFields = (link: GraphLink): string[] => [
  nameNode(link.from),
  HOW_WORDS[link.how],
  link.fingerprint ?? "",
  link.heldAt ?? "",
  nameNode(link.to),
  link.where,
  link.options,
  (link.isPathCertain ?? link.isCertain) ? "yes" : "no",
  link.notes.join("; "),
];

/** Steps in Graphviz's language; one that is only possible is dashed. */
export function printDot(links: readonly GraphLink[]): string {
  const edges = links.map(({ from, to, how, fingerprint, isCertain }) => {
    const label = fingerprint === null ? HOW_WORDS[how] : fingerprint;
    const style = isCertain ? "" : ", style=dashed";
    return `  ${word(nameNode(from))} -> ${word(nameNode(to))} [label=${word(label)}${style}];`;
  });
  return ["digraph latchkey {", "  rankdir=LR;", ...edges, "}"].join("\n");
}

/** To Graphviz, `\` before a letter has a meaning of its own. */
const word = (text: string): string => `"${printable(text).replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
