import type { Command } from "commander";
import { Refusal } from "#shared/model/refusal.ts";
import { RunId } from "#shared/model/run.ts";
import { UNSIGNED_CHECK } from "#shared/text/consent.ts";
import { type CommonOptions, openApp, printJson } from "./options.ts";
import { gatherAcknowledgements } from "./rotate-apply.ts";
import { collect } from "./target-text.ts";
import type { World } from "./world.ts";
import { formatScripts, writeScripts } from "./write-scripts.ts";

type Options = CommonOptions & { signWith?: string; acknowledge?: string[] };

/** The next part of an offline run. */
export function addRunsScripts(runs: Command, world: World): void {
  runs
    .command("scripts <run> <folder>")
    .description("write the next offline scripts of a run")
    .option("--sign-with <key>", "sign them with this private key, or with the agent's key of this .pub file")
    .option(
      "--acknowledge <check>",
      "accept a risk: unsigned-scripts, if they are not signed (repeatable)",
      collect,
    )
    .addHelpText("after", HELP)
    .action((id: string, folder: string, _: object, command: Command) =>
      write(id, folder, command.optsWithGlobals<Options>(), world),
    );
}

const HELP = `
A plan for several hosts runs in parts: first every host adds the new lines. Only when all results are imported does
this write the scripts that remove the old lines. Scripts without a result yet are written again.

Example:
  latchkey rotate key SHA256:2vN... --new-key new.pub --script stick --sign-with ~/.ssh/id_ed25519
  latchkey import stick/latchkey-result-*.txt
  latchkey runs scripts 7 stick --sign-with ~/.ssh/id_ed25519

With --json: { files, signer, notes }`;

async function write(text: string, folder: string, options: Options, world: World): Promise<void> {
  const id = RunId.safeParse(Number(text));
  if (!id.success)
    throw new Refusal("invalid-input", `${text} is not the number of a run; latchkey runs list shows them`);
  await using app = openApp(options, world, "write");
  const { planId } = await app.client.runbooks.find({ runId: id.data });
  const asked = options.signWith === undefined ? [UNSIGNED_CHECK] : [];
  const consents = await gatherAcknowledgements(asked, options, world);
  const wish = { planId, folder, signWith: options.signWith ?? null, consents };
  const scripts = await writeScripts(wish, app.client);
  if (options.json) printJson(scripts, world);
  else formatScripts(scripts, folder, world);
}
