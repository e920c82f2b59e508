import type { Command } from "commander";
import type { Scope } from "#shared/model/person.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { printable } from "#shared/text/printable.ts";
import { type CommonOptions, openApp, printJson } from "./options.ts";
import { MORE, type Session } from "./session.ts";
import type { World } from "./world.ts";

type Options = CommonOptions & { complete?: boolean; incomplete?: boolean; note?: string };

export function addScope(program: Command, { world }: Session): void {
  program
    .command("scope")
    .helpGroup(MORE)
    .description("whether every machine that holds private keys is scanned; without options, what was said")
    .option("--complete", "every machine that holds private keys is scanned, or its keys are in a roster")
    .option("--incomplete", "there are others")
    .option("--note <text>", "what is outside, for whoever reads the verdicts")
    .addHelpText("after", HELP)
    .action((_: object, command: Command) => runScope(command.optsWithGlobals<Options>(), world));
}

const HELP = `
A key whose private half was found nowhere is unmatched: it may be on a laptop that nobody has scanned.
Where the scope is declared complete, an unmatched key that no roster has is an orphan. The keys of this
computer count as scanned; those of other people's computers belong into a roster.

Examples:
  latchkey people import team-keys
  latchkey scope --complete --note "laptops, whose keys are in team-keys"`;

async function runScope(options: Options, world: World): Promise<void> {
  const { complete = false, incomplete = false, note } = options;
  if (complete && incomplete)
    throw new Refusal("invalid-input", "--complete and --incomplete exclude each other; name one of them");
  if (!complete && !incomplete && note === undefined) return showScope(options, world);
  await using app = openApp(options, world, "write");
  const before = await app.client.people.scope();
  const isWhole = complete || (before.isWhole && !incomplete);
  printScope(await app.client.people.declareScope({ isWhole, note: note ?? before.note }), options, world);
}

async function showScope(options: Options, world: World): Promise<void> {
  await using app = openApp(options, world, "read");
  printScope(await app.client.people.scope(), options, world);
}

function printScope(scope: Scope, { json }: Options, world: World): void {
  if (json) {
    printJson(scope, world);
    return;
  }
  world.out(
    scope.isWhole
      ? "the scope is declared whole: every machine that holds private keys is scanned, or its keys are in a roster"
      : "the scope is not declared whole: private keys may be on machines that were not scanned",
  );
  if (scope.note !== "") world.out(`outside: ${printable(scope.note)}`);
}
