import type { Command } from "commander";
import type { Inventory } from "#shared/model/person.ts";
import { formatGaps } from "#shared/text/key-gap.ts";
import { printable } from "#shared/text/printable.ts";
import { type CommonOptions, openApp, printJson } from "./options.ts";
import { MORE, type Session } from "./session.ts";
import type { World } from "./world.ts";

type Options = CommonOptions & { note?: string };

export function addInventory(program: Command, { world }: Session): void {
  const inventory = program
    .command("inventory")
    .helpGroup(MORE)
    .helpCommand(false)
    .description("whether the inventory is complete: every machine with private keys is scanned")
    .addHelpText("after", HELP);
  const note = "what is not scanned, for whoever reads the verdicts";
  inventory
    .command("show", { isDefault: true })
    .description("show whether it is marked complete")
    .action((_: object, command: Command) => show(command.optsWithGlobals<Options>(), world));
  inventory
    .command("complete")
    .description("every machine with private keys is scanned, or its keys are in a people source")
    .option("--note <text>", note)
    .action((_: object, command: Command) => mark(true, command.optsWithGlobals<Options>(), world));
  inventory
    .command("incomplete")
    .description("private keys may be on machines that were not scanned")
    .option("--note <text>", note)
    .action((_: object, command: Command) => mark(false, command.optsWithGlobals<Options>(), world));
}

const HELP = `
A private key that was not found may be on a laptop that nobody has scanned. Once the inventory is marked complete,
and every host was read completely (as root), a grant whose private key was not found, and whose key is in no people
source, is an orphan. This computer counts as scanned; add the keys of other people's computers to a people source.

Examples:
  latchkey people import team-keys
  latchkey inventory complete --note "laptops, whose keys are in team-keys"

With --json: { isWhole, note, declaredAt, gaps: { total, first: [{ host, port, gap }] } }`;

async function show(options: Options, world: World): Promise<void> {
  await using app = openApp(options, world, "read");
  print(await app.client.people.inventory(), options, world);
}

/** Without a new note, the one of before stays. */
async function mark(isWhole: boolean, options: Options, world: World): Promise<void> {
  await using app = openApp(options, world, "write");
  const { note = (await app.client.people.inventory()).note } = options;
  print(await app.client.people.markInventory({ isWhole, note }), options, world);
}

function print(inventory: Inventory, { json }: Options, world: World): void {
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
        `${formatGaps(inventory.gaps)}; until then, no grant is an orphan for want of its private key`,
      ),
    );
}
