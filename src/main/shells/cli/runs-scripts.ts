import type { Command } from "commander";
import { Refusal } from "#shared/model/refusal.ts";
import { RunId } from "#shared/model/run.ts";
import { UNSIGNED_CHECK } from "#shared/text/consent.ts";
import { type CommonOptions, openApp, printJson } from "./options.ts";
import { gatherConsents } from "./rotate-apply.ts";
import { collect } from "./target-text.ts";
import type { World } from "./world.ts";
import { sayScripts, writeScripts } from "./write-scripts.ts";

type Options = CommonOptions & { signWith?: string; consent?: string[] };

/** The next part of a run that is carried by hand. */
export function addRunsScripts(runs: Command, world: World): void {
  runs
    .command("scripts <run> <folder>")
    .description("write what is to be carried next of a run whose scripts have told so far")
    .option("--sign-with <key>", "sign them with this private key, or the agent's by its .pub file")
    .option(
      "--consent <check>",
      "agree to this: unsigned-scripts, where none signs them; may be given again",
      collect,
    )
    .addHelpText("after", HELP)
    .action((id: string, folder: string, _: object, command: Command) =>
      write(id, folder, command.optsWithGlobals<Options>(), world),
    );
}

const HELP = `
A plan for several hosts is carried in parts: all add the new lines, and only when the results of all are back are the
scripts written that remove the old ones. Those that are not back yet are written again.

Example:
  latchkey rotate key SHA256:2vN... --new-key new.pub --script stick --sign-with ~/.ssh/id_ed25519
  latchkey import stick/latchkey-result-*.txt
  latchkey runs scripts 7 stick --sign-with ~/.ssh/id_ed25519

With --json: { files, signer, notes }`;

async function write(text: string, folder: string, options: Options, world: World): Promise<void> {
  const id = RunId.safeParse(Number(text));
  if (!id.success) throw new Refusal("invalid-input", `${text} is no run; latchkey runs list numbers them`);
  await using app = openApp(options, world, "write");
  const { planId } = await app.client.runbooks.find({ runId: id.data });
  const asked = options.signWith === undefined ? [UNSIGNED_CHECK] : [];
  const consents = await gatherConsents(asked, options, world);
  const wish = { planId, folder, signWith: options.signWith ?? null, consents };
  const scripts = await writeScripts(wish, app.client);
  if (options.json) printJson(scripts, world);
  else sayScripts(scripts, folder, world);
}
