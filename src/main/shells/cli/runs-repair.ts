import type { Command } from "commander";
import { Refusal } from "#shared/model/refusal.ts";
import type { RunDetail, RunId } from "#shared/model/run.ts";
import { sayHost } from "#shared/text/plan.ts";
import { printable } from "#shared/text/printable.ts";
import { repairsOf, sayRepair } from "#shared/text/repair.ts";
import { codeOf, followRun, printEnd } from "./follow-run.ts";
import { type CommonOptions, openApp, printJson } from "./options.ts";
import { readRunId } from "./run-id.ts";
import type { Session } from "./session.ts";
import { collect } from "./target-text.ts";
import type { World } from "./world.ts";

type Options = CommonOptions & { identity?: string[]; yes?: boolean };

/** What a person would do by hand, shown first, and done by the run's own session. */
export function addRunsRepair(runs: Command, { world, finish }: Session): void {
  runs
    .command("repair <run>")
    .description("show what puts its stuck files right, and do it once that is agreed to; then it goes on")
    .option("--identity <file>", "log in with this private key; may be given again", collect)
    .option("--yes", "do not ask")
    .addHelpText("after", HELP)
    .action(async (id: string, _: object, command: Command) =>
      finish(await repair(id, command.optsWithGlobals<Options>(), world)),
    );
}

const HELP = `
Of a file that somebody has changed in the very lines of the run, its own lines go and those that it took come back; all else
stays. It is written as its owner, over the very bytes that were seen: what is another file by then is left, and shown anew.

Exit codes: 0 it is so; 1 somebody must look again; 2 refused; 3 stopped.
With --json: { run }`;

async function repair(text: string, options: Options, world: World): Promise<number> {
  const runId = readRunId(text);
  await using app = openApp(options, world, "write");
  const { runbooks } = app.client;
  const before = await runbooks.find({ runId });
  const approved = repairsOf(before);
  for (const line of sayAll(before)) world.out(printable(line));
  if (approved.length === 0)
    throw new Refusal(
      "conflict",
      `run ${runId} has no file that a repair is known for; latchkey runs show ${runId} says how it stands`,
    );
  await agree(options, world);
  const rows = await runbooks.entries({ runId, limit: 1 });
  const begin = async (): Promise<RunId> => {
    await runbooks.repair({
      runId,
      approved,
      identityFiles: options.identity ?? [],
      mayAsk: world.prompt !== null,
    });
    return runId;
  };
  const run = await followRun(app.client, begin, world, { isQuiet: true, since: rows.rows[0]?.id ?? 0 });
  if (options.json) printJson({ run }, world);
  else printEnd(run, world);
  return codeOf(run, run.state === "rolled-back" ? "rolled-back" : "committed");
}

const sayAll = ({ files }: RunDetail): string[] =>
  files
    .filter(({ fate }) => fate === "stuck")
    .flatMap((file) => [`${sayHost(file)}: ${file.path}`, ...sayRepair(file).map((line) => `  ${line}`)]);

async function agree({ yes = false }: Options, { ask }: World): Promise<void> {
  if (yes) return;
  if (!ask) throw new Refusal("conflict", "nobody is there to be asked; --yes repairs it so");
  const reply = await ask("Repair it so? [y/N] ");
  if (!/^y(es)?$/i.test(reply.trim())) throw new Refusal("conflict", "not agreed; nothing was changed");
}
