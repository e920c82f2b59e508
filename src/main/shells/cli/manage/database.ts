import { resolve } from "node:path";
import type { Command } from "commander";
import { createRecovery } from "#recovery";
import type { Backup } from "#shared/model/backup.ts";
import { formatCount } from "#shared/text/count.ts";
import { formatBytes, formatElapsed } from "#shared/text/elapsed.ts";
import { printable } from "#shared/text/untrusted-text.ts";
import { openApp } from "#shells/cli/open-app.ts";
import { type CommonOptions, findDefaultDatabase, printJson } from "#shells/cli/options.ts";
import { type Column, printTable } from "#shells/cli/print-table.ts";
import { MORE, type Session, type World } from "#shells/cli/session.ts";

export function addDatabase(program: Command, { world, finish }: Session): void {
  const database = program
    .command("database")
    .helpGroup(MORE)
    .helpCommand(false)
    .description("check, back up and restore the database")
    .addHelpText("after", HELP);
  const optionsOf = (command: Command) => command.optsWithGlobals<CommonOptions>();
  database
    .command("check")
    .description("read every page and check the event log; exit 1 if something is wrong")
    .action(async (_: object, command: Command) => finish(await check(optionsOf(command), world)));
  database
    .command("backup")
    .description("make a backup now")
    .action((_: object, command: Command) => backUp(optionsOf(command), world));
  database
    .command("backups")
    .description("list the backups, newest first")
    .action((_: object, command: Command) => listBackups(optionsOf(command), world));
  database
    .command("seal")
    .description("accept pins, approvals, issuers and trusted roots as they are now")
    .action((_: object, command: Command) => seal(optionsOf(command), world));
  database
    .command("restore <backup>")
    .description("replace the database by a backup: its name, a file, or latest")
    .action((backup: string, _: object, command: Command) => restore(backup, optionsOf(command), world));
}

const HELP = `
Pins, approvals, issuers and trusted roots are sealed with a key in FILE.seal-key, beside the database. If
another program changes them, every command says so. A copy of the database cannot be verified without that
file. Review what a warning names before you seal again.

Backups are complete databases in a folder beside the original. An open screen makes one a day, and one is made
before each migration. The ten newest are kept, and all that were made before a migration.

Close every other Latchkey before you restore. The backup is checked first, and the replaced database is kept
as FILE.before-restore-TIME.

Examples:
  latchkey database check
  latchkey database backup --json
  latchkey database restore latest
  latchkey --db /srv/latchkey.db database restore 2026-06-01T12-00-00Z.daily.db

With --json:
  seal      { before: [what had changed since it was sealed], count }
  check     { isWhole, problems: [...], eventCount }
  backup    { name, at, reason, sizeBytes, schema, problem }
  backups   { folder, backups: [as above], total }
  restore   { from, schema, setAside }`;

const openRecovery = ({ db }: CommonOptions, { now }: World) =>
  createRecovery({ path: resolve(db ?? findDefaultDatabase()), now });

async function check(options: CommonOptions, world: World): Promise<number> {
  const { problems, eventCount } = await openRecovery(options, world).check();
  const isWhole = problems.length === 0;
  if (options.json) printJson({ isWhole, problems, eventCount }, world);
  else if (isWhole)
    world.out(
      `the database is intact: every page was read, and its log of ${formatCount(eventCount, "event")}`,
    );
  else world.out(problems.map(printable).join("\n"));
  return isWhole ? 0 : 1;
}

async function backUp(options: CommonOptions, world: World): Promise<void> {
  await using app = await openApp(options, world, "write");
  const backup = await app.client.database.backUp();
  if (options.json) return printJson(backup, world);
  world.out(`${backup.name}: ${formatBytes(backup.sizeBytes)}, checked and on disk`);
}

async function listBackups(options: CommonOptions, world: World): Promise<void> {
  const { folder, backups } = openRecovery(options, world).backups();
  if (options.json) return printJson({ folder, backups, total: backups.length }, world);
  if (backups.length === 0)
    return world.out(`no backup is in ${printable(folder)}; make one: latchkey database backup`);
  world.out(`${printTable(columnsAt(world.now()), backups, world)}\n`);
  world.out(`${formatCount(backups.length, "backup")} in ${printable(folder)}`);
}

const columnsAt = (now: Date): Column<Backup>[] => [
  { head: "BACKUP", cell: ({ name }) => name },
  { head: "MADE", cell: ({ at }) => formatElapsed(at, now) },
  { head: "SIZE", cell: ({ sizeBytes }) => formatBytes(sizeBytes) },
  { head: "SCHEMA", cell: ({ schema }) => String(schema ?? ""), leaves: 1 },
  {
    head: "CHECK",
    cell: ({ problem }) => problem ?? "passed",
    style: ({ problem }) => (problem === null ? "green" : "red"),
    cut: "end",
  },
];

async function restore(backup: string, options: CommonOptions, world: World): Promise<void> {
  const { from, schema, setAside } = openRecovery(options, world).restore(backup);
  if (options.json) return printJson({ from, schema, setAside }, world);
  world.out(`${printable(from)} is the database now`);
  if (setAside !== null) world.out(`the previous database is kept as ${printable(setAside)}`);
}

function seal(options: CommonOptions, world: World): void {
  const { before, count } = openRecovery(options, world).seal();
  if (options.json) printJson({ before, count }, world);
  else
    world.out([...before.map(printable), `${formatCount(count, "row")} sealed as they are now`].join("\n"));
}
