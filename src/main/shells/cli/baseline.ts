import type { Command } from "commander";
import { ScanId } from "#shared/model/scan.ts";
import { formatCount } from "#shared/text/count.ts";
import { type CommonOptions, openApp, printJson, wholeNumber } from "./options.ts";
import { MORE, type Session } from "./session.ts";
import type { World } from "./world.ts";

type SetOptions = CommonOptions & { scan?: number };

export function addBaseline(program: Command, { world }: Session): void {
  const baseline = program
    .command("baseline")
    .helpGroup(MORE)
    .helpCommand(false)
    .description("the scan that later grants are compared with")
    .addHelpText("after", HELP);
  baseline
    .command("set")
    .description("make a scan the baseline (default: the last one)")
    .option(
      "--scan <scan>",
      "the number of the scan, as latchkey changes shows it",
      wholeNumber(1, Number.MAX_SAFE_INTEGER),
    )
    .action((_: object, command: Command) => setBaseline(command.optsWithGlobals<SetOptions>(), world));
  baseline
    .command("show")
    .description("show the baseline, and how many grants are new since then")
    .action((_: object, command: Command) => showBaseline(command.optsWithGlobals<CommonOptions>(), world));
  baseline
    .command("clear")
    .description("remove the baseline; approvals stay")
    .action((_: object, command: Command) => clearBaseline(command.optsWithGlobals<CommonOptions>(), world));
}

const HELP = `
A grant is unapproved when its exact line is not in the baseline, it may log in, and nobody has approved it:
latchkey access --unapproved lists them, and each is a finding.

Examples:
  latchkey baseline set
  latchkey access --unapproved
  latchkey approve --unapproved --host web1 --owner "Ann Moore" --purpose deploys`;

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
  if (baseline === null) return world.out("no baseline is set; set one: latchkey baseline set");
  world.out(`the baseline is scan ${baseline.scan} (${baseline.scannedAt})`);
  world.out(`${formatCount(baseline.rogue, "grant")} new since then, and not approved`);
}

async function clearBaseline(options: CommonOptions, world: World): Promise<void> {
  await using app = openApp(options, world, "write");
  const { wasSet } = await app.client.changes.clearBaseline();
  if (options.json) return printJson({ wasSet }, world);
  world.out(wasSet ? "the baseline is removed" : "no baseline was set");
}
