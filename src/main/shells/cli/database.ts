import { resolve } from "node:path";
import type { Command } from "commander";
import { createRescue } from "#rescue";
import type { Backup } from "#shared/model/backup.ts";
import { sayCount } from "#shared/text/count.ts";
import { sayBytes, sayElapsed } from "#shared/text/elapsed.ts";
import { printable } from "#shared/text/printable.ts";
import { findDefaultDatabase } from "./default-database.ts";
import { type CommonOptions, openApp, printJson } from "./options.ts";
import { type Column, printTable } from "./print-table.ts";
import { MORE, type Session } from "./session.ts";
import type { World } from "./world.ts";

export function addDatabase(program: Command, { world, finish }: Session): void {
  const database = program
    .command("database")
    .helpGroup(MORE)
    .helpCommand(false)
    .description("check the database, back it up, and put a backup in its place")
    .addHelpText("after", HELP);
  const optionsOf = (command: Command) => command.optsWithGlobals<CommonOptions>();
  database
    .command("check")
    .description("read every page and follow the record of events; 1 when something is wrong")
    .action(async (_: object, command: Command) => finish(await check(optionsOf(command), world)));
  database
    .command("backup")
    .description("make a backup now")
    .action((_: object, command: Command) => backUp(optionsOf(command), world));
  database
    .command("backups")
    .description("list the backups, the newest first")
    .action((_: object, command: Command) => listBackups(optionsOf(command), world));
  database
    .command("seal")
    .description("take pins, approvals, issuers and trusted roots as they stand for right")
    .action((_: object, command: Command) => seal(optionsOf(command), world));
  database
    .command("restore <backup>")
    .description("put a backup in the place of the database: one of the list, a file, or latest")
    .action((backup: string, _: object, command: Command) => restore(backup, optionsOf(command), world));
}

const HELP = `
Pins, approvals, issuers and trusted roots are sealed by a key that lies beside the database, in
FILE.seal-key: check and each command say which of them were changed by others than Latchkey. A copy
of the database elsewhere cannot be verified without that file. Look at what is named before you seal
it anew.

Backups are whole databases in a folder beside their own. A screen that is open makes one a day, and every
migration is preceded by one; ten of those made daily and on demand are kept, and all that precede a migration.

Before a restore, close every other Latchkey. The backup is looked through first, and the database that it
replaces is kept beside it as FILE.before-restore-TIME.

Examples:
  latchkey database check
  latchkey database backup --json
  latchkey database restore latest
  latchkey --db /srv/latchkey.db database restore 2026-06-01T12-00-00Z.daily.db

With --json:
  seal      { before: [what was not as it was sealed], count }
  check     { isWhole, problems: [...], eventCount }
  backup    { name, at, reason, sizeBytes, schema, problem }
  backups   { folder, backups: [as above], total }
  restore   { from, schema, setAside }`;

const openRescue = ({ db }: CommonOptions, { now }: World) =>
  createRescue({ path: resolve(db ?? findDefaultDatabase()), now });

async function check(options: CommonOptions, world: World): Promise<number> {
  const { problems, eventCount } = await openRescue(options, world).check();
  const isWhole = problems.length === 0;
  if (options.json) printJson({ isWhole, problems, eventCount }, world);
  else if (isWhole)
    world.out(
      `the database is whole: every page was read, and its record of ${sayCount(eventCount, "event")}`,
    );
  else world.out(problems.map(printable).join("\n"));
  return isWhole ? 0 : 1;
}

async function backUp(options: CommonOptions, world: World): Promise<void> {
  await using app = openApp(options, world, "write");
  const backup = await app.client.database.backUp();
  if (options.json) return printJson(backup, world);
  world.out(`${backup.name}: ${sayBytes(backup.sizeBytes)}, looked through and on the disk`);
}

async function listBackups(options: CommonOptions, world: World): Promise<void> {
  const { folder, backups } = openRescue(options, world).backups();
  if (options.json) return printJson({ folder, backups, total: backups.length }, world);
  if (backups.length === 0)
    return world.out(`no backup is in ${printable(folder)}; make one by: latchkey database backup`);
  world.out(`${printTable(columnsAt(world.now()), backups, world)}\n`);
  world.out(`${sayCount(backups.length, "backup")} in ${printable(folder)}`);
}

const columnsAt = (now: Date): Column<Backup>[] => [
  { head: "BACKUP", cell: ({ name }) => name },
  { head: "MADE", cell: ({ at }) => sayElapsed(at, now) },
  { head: "SIZE", cell: ({ sizeBytes }) => sayBytes(sizeBytes) },
  { head: "SCHEMA", cell: ({ schema }) => String(schema ?? ""), leaves: 1 },
  {
    head: "CHECK",
    cell: ({ problem }) => problem ?? "passed",
    style: ({ problem }) => (problem === null ? "green" : "red"),
    cut: "end",
  },
];

async function restore(backup: string, options: CommonOptions, world: World): Promise<void> {
  const { from, schema, setAside } = openRescue(options, world).restore(backup);
  if (options.json) return printJson({ from, schema, setAside }, world);
  world.out(`${printable(from)} is in the place of the database now`);
  if (setAside !== null) world.out(`what was there is kept as ${printable(setAside)}`);
}

function seal(options: CommonOptions, world: World): void {
  const { before, count } = openRescue(options, world).seal();
  if (options.json) printJson({ before, count }, world);
  else world.out([...before.map(printable), `${sayCount(count, "row")} sealed as they stand now`].join("\n"));
}
