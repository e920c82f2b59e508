import type { Command } from "commander";
import { ScanId } from "#shared/model/scan.ts";
import { sayCount } from "#shared/text/count.ts";
import { type CommonOptions, openApp, printJson, wholeNumber } from "./options.ts";
import { MORE, type Session } from "./session.ts";
import type { World } from "./world.ts";

type SetOptions = CommonOptions & { scan?: number };

export function addBaseline(program: Command, { world }: Session): void {
  const baseline = program
    .command("baseline")
    .helpGroup(MORE)
    .helpCommand(false)
    .description("the scan that stands for what is meant to be there")
    .addHelpText("after", HELP);
  baseline
    .command("set")
    .description("take a scan as the baseline; by default the last one")
    .option(
      "--scan <scan>",
      "its number, as latchkey changes says it",
      wholeNumber(1, Number.MAX_SAFE_INTEGER),
    )
    .action((_: object, command: Command) => setBaseline(command.optsWithGlobals<SetOptions>(), world));
  baseline
    .command("show")
    .description("the baseline, and how many grants are new since it")
    .action((_: object, command: Command) => showBaseline(command.optsWithGlobals<CommonOptions>(), world));
  baseline
    .command("clear")
    .description("have no baseline; approvals stay")
    .action((_: object, command: Command) => clearBaseline(command.optsWithGlobals<CommonOptions>(), world));
}

const HELP = `
A grant whose exact line was not there at the baseline, that may let somebody in and that nobody has approved
is a rogue candidate: latchkey access --rogue lists them, and each is a finding.

Examples:
  latchkey baseline set
  latchkey access --rogue
  latchkey approve --rogue --host web1 --owner "Ann Moore" --purpose deploys`;

async function setBaseline({ scan, ...options }: SetOptions, world: World): Promise<void> {
  await using app = openApp(options, world, "write");
  const asked = scan === undefined ? null : ScanId.parse(scan);
  const set = await app.client.changes.setBaseline({ scan: asked });
  if (options.json) return printJson(set, world);
  world.out(`the baseline is scan ${set.scan} (${set.scannedAt})`);
}

async function showBaseline(options: CommonOptions, world: World): Promise<void> {
  await using app = openApp(options, world, "read");
  const baseline = await app.client.changes.baseline();
  if (options.json) return printJson({ baseline }, world);
  if (baseline === null) return world.out("no baseline is set; set one by: latchkey baseline set");
  world.out(`the baseline is scan ${baseline.scan} (${baseline.scannedAt})`);
  world.out(`${sayCount(baseline.rogue, "grant")} new since then and not approved`);
}

async function clearBaseline(options: CommonOptions, world: World): Promise<void> {
  await using app = openApp(options, world, "write");
  const { wasSet } = await app.client.changes.clearBaseline();
  if (options.json) return printJson({ wasSet }, world);
  world.out(wasSet ? "there is no baseline any more" : "no baseline was set");
}
