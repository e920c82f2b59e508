import { readdir, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { type Command, Option } from "commander";
import type { LatchkeyClient } from "#shared/contract/index.ts";
import { MOST_LABELLED } from "#shared/contract/labels.ts";
import type {
  ImportedPeopleSource,
  Inventory,
  PersonDetail,
  PersonRow,
} from "#shared/model/access/person.ts";
import { addDays } from "#shared/model/instant.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { isMoreThan } from "#shared/model/total.ts";
import { formatGaps, formatLeft } from "#shared/text/access/owner.ts";
import { formatCount, formatNumber, formatTotal } from "#shared/text/count.ts";
import { formatElapsed } from "#shared/text/elapsed.ts";
import { formatLabelled } from "#shared/text/hosts/target.ts";
import { printable } from "#shared/text/untrusted-text.ts";
import { openApp } from "#shells/cli/open-app.ts";
import { type CommonOptions, printJson, wholeNumber } from "#shells/cli/options.ts";
import { type Column, listRows, printTable } from "#shells/cli/print-table.ts";
import { MORE, type Session, type World } from "#shells/cli/session.ts";
import { readFileOrRefuse } from "#shells/cli/terminal.ts";

type ListOptions = CommonOptions & { standing?: PersonRow["standing"]; limit?: number };
type MoveOptions = CommonOptions & { to: string; review?: string; dryRun?: boolean };
type ImportOptions = CommonOptions & { name?: string; complete?: boolean };

export function addPeople(program: Command, { world, finish }: Session): void {
  const people = program
    .command("people")
    .helpGroup(MORE)
    .helpCommand(false)
    .description("people and their keys, from people sources: whose key is it, and who has left")
    .addHelpText("after", HELP);
  people
    .command("list [filter...]")
    .description("list the people of all sources")
    .addOption(
      new Option("--standing <standing>", "only people who are known, or who have left (gone)").choices([
        "known",
        "gone",
      ]),
    )
    .option("--limit <rows>", "show at most this many rows", wholeNumber(1, 1_000_000))
    .action((words: string[], _: object, command: Command) =>
      listPeople(words, command.optsWithGlobals<ListOptions>(), world),
    );
  people
    .command("import <path...>")
    .description("import people sources; replaces one of the same name")
    .option("--name <name>", "the name of the source (default: its file or folder name)")
    .option("--complete", "the source is complete: whoever is missing since the last import has left")
    .action(async (paths: string[], _: object, command: Command) =>
      finish(await importPeopleSources(paths, command.optsWithGlobals<ImportOptions>(), world)),
    );
  people
    .command("move <name>")
    .description(
      "somebody changes teams or leaves: what they answer for gets another owner, and a review date",
    )
    .requiredOption("--to <owner>", "who answers for it from now on: a team or a person")
    .option("--review <day>", "the day of the review, such as 2027-01-31 (default: in 30 days)")
    .option("--dry-run", "only list it")
    .addHelpText(
      "after",
      `\nExamples:\n  latchkey people move "Ann Moore" --to "team web"\n  latchkey people move "Ann Moore" --to "Ben Hall" --review 2027-01-31 --dry-run`,
    )
    .action((name: string, _: object, command: Command) =>
      movePerson(name, command.optsWithGlobals<MoveOptions>(), world),
    );
  people
    .command("remove <name>")
    .description("delete a people source, and what only it knows")
    .action((name: string, _: object, command: Command) =>
      removeSource(name, command.optsWithGlobals<CommonOptions>(), world),
    );
}

const HELP = `
A people source is one of these, and is named after its file or folder:
  people.csv      a table. The first line names the columns: name, email or login; key or fingerprint;
                  state (active, gone) or left on (2026-03-31)
  team-keys/      a folder of NAME.keys files, as GitHub serves them (https://github.com/NAME.keys)
  people.ldif     an LDAP export with sshPublicKey; disabled accounts count as gone
Sources are joined by login and mail address: one may have the keys, and another know who has left.

Examples:
  latchkey people import people.csv team-keys
  latchkey people move "Ann Moore" --to "team web"   all that she answers for, to be reviewed in 30 days
  latchkey people import people.csv --complete       whoever is missing from it has left
  latchkey access --orphaned                         what people who have left can still log in to`;

async function importPeopleSources(
  paths: readonly string[],
  { name, complete = false, ...options }: ImportOptions,
  world: World,
): Promise<number> {
  if (name !== undefined && paths.length > 1)
    throw new Refusal(
      "invalid-input",
      "--name names one source; import several without it, or one at a time",
    );
  const sources = [];
  for (const path of paths) sources.push(await readPeopleSourceFiles(path));
  await using app = await openApp(options, world, "write");
  const imported = [];
  for (const { name: found, files } of sources) {
    const source = name ?? found;
    imported.push({
      name: source,
      ...(await app.client.people.import({ name: source, files, isWhole: complete })),
    });
  }
  if (options.json) printJson({ sources: imported }, world);
  for (const one of imported) {
    if (!options.json) world.out(formatImported(one));
    for (const note of one.notes) world.err(`  ${printable(note)}`);
    for (const { where, why } of one.broken.first) world.err(`  ${printable(where)}: ${printable(why)}`);
    const left = one.broken.total - one.broken.first.length;
    if (left > 0) world.err(`  and ${formatNumber(left)} more that could not be read`);
  }
  return imported.some(({ broken }) => broken.total > 0) ? 1 : 0;
}

type Imported = { name: string; people: number; keys: number; gone: number; missing: number };

function formatImported({ name, people, keys, gone, missing }: Imported): string {
  const read = `${printable(name)}: ${formatCount(people, "person", "people")} with ${formatCount(keys, "key")}`;
  const lost = missing > 0 ? `; ${formatNumber(missing)} of the last import are missing from it` : "";
  const left = gone > 0 ? `; ${formatLeft(gone)}` : "";
  return `${read}${lost}${left}`;
}

/** In so many days somebody has another look at what has changed hands. */
const REVIEW_DAYS = 30;

async function movePerson(name: string, options: MoveOptions, world: World): Promise<void> {
  await using app = await openApp(options, world, options.dryRun ? "read" : "write");
  const { labels, people } = app.client;
  const { id, name: person, owned, ownedTags, grantCount, fingerprints } = await findPerson(name, app.client);
  const reviewOn = options.review ?? addDays(world.now(), REVIEW_DAYS).toISOString().slice(0, 10);
  const { to: owner } = options;
  const things: string[] = [];
  const changes: number[] = [];
  for (let left = owned; left.length > 0; ) {
    things.push(...left.map(formatLabelled));
    if (options.dryRun) break;
    const { change } = await labels.set({ things: left, owner, reviewOn });
    if (change === null) break;
    changes.push(change);
    left = (await people.find({ id })).owned;
  }
  things.push(...ownedTags.map((tag) => `tag ${tag}`));
  if (!options.dryRun) for (const tag of ownedTags) await labels.setTag({ name: tag, owner });
  if (options.json) return printJson({ person, things, changes, grantCount }, world);
  for (const thing of things) world.out(printable(thing));
  const counted = formatCount(things.length, "thing");
  if (things.length === 0) world.out(`nothing names ${printable(person)} as its owner`);
  else if (options.dryRun)
    world.out(
      `${counted}${owned.length < MOST_LABELLED ? "" : " and more"} of ${printable(person)}; nothing was changed`,
    );
  else
    world.out(
      `${counted} of ${printable(person)} moved to ${printable(owner)}, to be reviewed on ${reviewOn}${formatUndo(changes, ownedTags)}`,
    );
  if (grantCount === 0) return;
  world.out(`their keys are in ${formatCount(grantCount, "grant")}, which stay as they are:`);
  for (const fingerprint of fingerprints) world.out(printable(`  latchkey access ${fingerprint}`));
}

function formatUndo(changes: readonly number[], tags: readonly string[]): string {
  const times = changes.length > 1 ? `, typed ${changes.length} times,` : "";
  const rest = tags.length > 0 ? "; tags are set by latchkey tags" : "";
  return `${changes.length > 0 ? `; latchkey label --undo${times} undoes it` : ""}${rest}`;
}

/** The one person with this name, address or login. */
async function findPerson(name: string, { people }: LatchkeyClient): Promise<PersonDetail> {
  const { rows } = await people.list({ search: name, limit: 100 });
  const named = rows.filter((row) => [row.name, row.email, ...row.logins].some((one) => one === name));
  const [found, ...others] = named.length > 0 ? named : rows;
  if (!found) throw new Refusal("not-found", `nobody is listed as ${name}; latchkey people list lists them`);
  if (others.length > 0)
    throw new Refusal(
      "invalid-input",
      `several people are listed as ${name}: name one by an address or a login`,
    );
  return people.find({ id: found.id });
}

async function removeSource(name: string, options: CommonOptions, world: World): Promise<void> {
  await using app = await openApp(options, world, "write");
  const { people } = await app.client.people.remove({ name });
  if (options.json) return printJson({ people }, world);
  world.out(`${printable(name)} is deleted, with ${formatCount(people, "person", "people")}`);
}

async function listPeople(words: readonly string[], options: ListOptions, world: World): Promise<void> {
  await using app = await openApp(options, world, "read");
  const { list, sources: listPeopleSources } = app.client.people;
  const filter = { search: words.join(" "), standing: options.standing ?? null };
  const sources = await listPeopleSources();
  const { rows, total } = await listRows(options.limit, (page) => list({ ...filter, ...page }));
  if (options.json) return printJson({ people: rows.map(toJson), total, sources }, world);
  if (sources.length === 0)
    return world.out("no people source was imported yet; import one: latchkey people import people.csv");
  if (total === 0) world.out("no person matches");
  else world.out(`${printTable(COLUMNS, rows, world)}\n`);
  const shown = isMoreThan(total, rows.length) ? `, ${formatNumber(rows.length)} shown` : "";
  world.out(`${formatTotal(total, "person", "people")}${shown}`);
  for (const source of sources) world.out(formatPeopleSource(source, world.now()));
}

const formatPeopleSource = (
  { name, people, keys, isWhole, readAt }: ImportedPeopleSource,
  now: Date,
): string =>
  `${printable(name)}: ${formatCount(people, "person", "people")} with ${formatCount(keys, "key")}, read ${formatElapsed(readAt, now)}${isWhole ? ", complete" : ""}`;

const COLUMNS: Column<PersonRow>[] = [
  { head: "NAME", cell: ({ name }) => name, cut: "middle" },
  { head: "LOGIN", cell: ({ logins }) => logins.join(" "), cut: "middle" },
  { head: "STANDING", cell: ({ standing }) => standing, style: ({ standing }) => STYLES[standing] },
  { head: "KEYS", cell: ({ keyCount }) => String(keyCount) },
  { head: "GRANTS", cell: ({ grantCount }) => String(grantCount) },
  { head: "WHY", cell: ({ why }) => why, cut: "end" },
];

const STYLES = { known: "green", gone: "red" } as const;

const toJson = ({ id: _, ...person }: PersonRow) => person;

const MOST_BYTES = 16 * 1024 * 1024;

type PeopleSourceFiles = { name: string; files: { name: string; base64: string }[] };

/** The files of a folder that are a people source. */
const OF_A_PEOPLE_SOURCE = /\.(keys|pub|csv|tsv|ldif|ldi)$/i;

/**
 * The files of a people source: the file at the path, or those in the folder at the path, as the contract takes them.
 */
async function readPeopleSourceFiles(path: string): Promise<PeopleSourceFiles> {
  const name = basename(resolve(path));
  const about = await stat(path).catch(() => null);
  if (!about?.isDirectory()) return { name, files: [await readOne(path, name)] };
  const names = (await readdir(path)).filter((entry) => OF_A_PEOPLE_SOURCE.test(entry)).toSorted();
  if (names.length === 0)
    throw new Refusal(
      "invalid-input",
      `${path} contains no people source: NAME.keys, NAME.pub, .csv or .ldif`,
    );
  const files = [];
  for (const entry of names) files.push(await readOne(join(path, entry), entry));
  return { name, files };
}

async function readOne(path: string, name: string): Promise<PeopleSourceFiles["files"][number]> {
  const bytes = await readFileOrRefuse(path, MOST_BYTES);
  if (bytes === null)
    throw new Refusal("too-many", `${path} is larger than 16 MiB, too large for a people source`);
  return { name, base64: Buffer.from(bytes).toString("base64") };
}

type InventoryOptions = CommonOptions & { note?: string };

export function addInventory(program: Command, { world }: Session): void {
  const inventory = program
    .command("inventory")
    .helpGroup(MORE)
    .helpCommand(false)
    .description("whether the inventory is complete: every machine with private keys is scanned")
    .addHelpText("after", INVENTORY_HELP);
  const note = "what is not scanned, for whoever reads the verdicts";
  inventory
    .command("show", { isDefault: true })
    .allowExcessArguments()
    .description("show whether it is marked complete")
    .action((_: object, command: Command) => {
      const [word] = command.args;
      if (word !== undefined)
        throw new Refusal("invalid-input", `the inventory is marked complete or incomplete, not ${word}`);
      return show(command.optsWithGlobals<InventoryOptions>(), world);
    });
  inventory
    .command("complete")
    .description("every machine with private keys is scanned, or its keys are in a people source")
    .option("--note <text>", note)
    .action((_: object, command: Command) => mark(true, command.optsWithGlobals<InventoryOptions>(), world));
  inventory
    .command("incomplete")
    .description("private keys may be on machines that were not scanned")
    .option("--note <text>", note)
    .action((_: object, command: Command) => mark(false, command.optsWithGlobals<InventoryOptions>(), world));
}

const INVENTORY_HELP = `
A private key that was not found may be on a laptop that nobody has scanned. Once the inventory is marked complete,
and every host was read completely (as root), a grant whose private key was not found, and whose key is in no people
source, is an orphan. This computer counts as scanned; add the keys of other people's computers to a people source.

Examples:
  latchkey people import team-keys
  latchkey inventory complete --note "laptops, whose keys are in team-keys"

With --json: { isWhole, note, markedAt, gaps: { total, first: [{ host, port, gap }] } }`;

async function show(options: InventoryOptions, world: World): Promise<void> {
  await using app = await openApp(options, world, "read");
  print(await app.client.people.inventory(), options, world);
}

/** Without a new note, the previous one stays. */
async function mark(isWhole: boolean, options: InventoryOptions, world: World): Promise<void> {
  await using app = await openApp(options, world, "write");
  const { note = (await app.client.people.inventory()).note } = options;
  print(await app.client.people.markInventory({ isWhole, note }), options, world);
}

function print(inventory: Inventory, { json }: InventoryOptions, world: World): void {
  if (json) {
    printJson(inventory, world);
    return;
  }
  world.out(
    inventory.isWhole
      ? "the inventory is marked complete: every machine with private keys is scanned, or its keys are in a people source"
      : "the inventory is not marked complete: private keys may be on machines that were not scanned",
  );
  if (inventory.note !== "") world.out(`not scanned: ${printable(inventory.note)}`);
  if (inventory.isWhole && inventory.gaps.total > 0)
    world.out(
      printable(
        `${formatGaps(inventory.gaps)}; until then, no grant is an orphan because its private key was not found`,
      ),
    );
}
