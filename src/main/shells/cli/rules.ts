import { type Command, Option } from "commander";
import { OptionalRule } from "#shared/contract/findings.ts";
import { sayRule } from "#shared/text/rule.ts";
import { type CommonOptions, openApp, printJson } from "./options.ts";
import { MORE, type Session } from "./session.ts";
import type { World } from "./world.ts";

type Options = CommonOptions & { on?: OptionalRule; off?: OptionalRule };

export function addRules(program: Command, { world }: Session): void {
  program
    .command("rules")
    .helpGroup(MORE)
    .description("the rules that are looked at only when they are turned on")
    .addOption(new Option("--on <rule>", "look at it from now on").choices(OptionalRule.options))
    .addOption(new Option("--off <rule>", "look at it no more").choices(OptionalRule.options))
    .addHelpText("after", HELP)
    .action((_: object, command: Command) => runRules(command.optsWithGlobals<Options>(), world));
}

const HELP = `
certificate-changed tells of each endpoint whose certificate was replaced other than by a run of this program, for
thirty days.

Examples:
  latchkey rules --on certificate-changed`;

async function runRules(options: Options, world: World): Promise<void> {
  const { on, off } = options;
  await using app = openApp(options, world, on || off ? "write" : "read");
  const { turnRule, optionalRules } = app.client.findings;
  if (on) await turnRule({ rule: on, isOn: true });
  if (off) await turnRule({ rule: off, isOn: false });
  const rules = await optionalRules();
  if (options.json) return printJson({ rules }, world);
  for (const { rule, since } of rules)
    world.out(`${rule} (${sayRule(rule)}): ${since === null ? "off" : `on since ${since}`}`);
}
