import { type Command, Option } from "commander";
import { OptionalRule } from "#shared/contract/findings.ts";
import { formatRule } from "#shared/text/rule.ts";
import { type CommonOptions, openApp, printJson } from "./options.ts";
import { MORE, type Session } from "./session.ts";
import type { World } from "./world.ts";

type Options = CommonOptions & { on?: OptionalRule; off?: OptionalRule };

export function addRules(program: Command, { world }: Session): void {
  program
    .command("rules")
    .helpGroup(MORE)
    .description("optional rules, which are off by default")
    .addOption(new Option("--on <rule>", "turn this rule on").choices(OptionalRule.options))
    .addOption(new Option("--off <rule>", "turn this rule off").choices(OptionalRule.options))
    .addHelpText("after", HELP)
    .action((_: object, command: Command) => runRules(command.optsWithGlobals<Options>(), world));
}

const HELP = `
certificate-changed reports endpoints whose certificate was replaced by something other than a Latchkey run, for
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
    world.out(`${rule} (${formatRule(rule)}): ${since === null ? "off" : `on since ${since}`}`);
}
