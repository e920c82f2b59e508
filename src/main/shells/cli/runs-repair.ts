import type { Command } from "commander";
import { Refusal } from "#shared/model/refusal.ts";
import type { RunDetail, RunId } from "#shared/model/run.ts";
import { formatHost } from "#shared/text/plan.ts";
import { printable } from "#shared/text/printable.ts";
import { formatRepair, repairsOf } from "#shared/text/repair.ts";
import { codeOf, followRun, printEnd } from "./follow-run.ts";
import { type CommonOptions, openApp, printJson } from "./options.ts";
import { readRunId } from "./run-id.ts";
import type { Session } from "./session.ts";
import { collect } from "./target-text.ts";
import type { World } from "./world.ts";

type Options = CommonOptions & { identity?: string[]; yes?: boolean };

/** Shows what a person would do by hand, and does it in the session of the run. */
export function addRunsRepair(runs: Command, { world, finish }: Session): void {
  runs
    .command("repair <run>")
    .description("show how to repair the files that stop a run, repair them after confirmation, and resume")
    .option("--identity <file>", "log in with this private key (repeatable)", collect)
    .option("--yes", "do not ask for confirmation")
    .addHelpText("after", HELP)
    .action(async (id: string, _: object, command: Command) =>
      finish(await repair(id, command.optsWithGlobals<Options>(), world)),
    );
}

const HELP = `
If somebody edited the lines that a run had changed, a repair removes the run's own lines and restores the ones it had
removed; the rest of the file stays. It writes as the file's owner, and only if the file is still as it was read; otherwise
it leaves the file, and shows it again.

Exit codes: 0 done; 1 needs attention; 2 refused; 3 stopped.
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
      `run ${runId} has no file that can be repaired; see latchkey runs show ${runId}`,
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
    .flatMap((file) => [
      `${formatHost(file)}: ${file.path}`,
      ...formatRepair(file).map((line) => `  ${line}`),
    ]);

async function agree({ yes = false }: Options, { ask }: World): Promise<void> {
  if (yes) return;
  if (!ask) throw new Refusal("conflict", "this is not a terminal: confirm with --yes");
  const reply = await ask("Repair? [y/N] ");
  if (!/^y(es)?$/i.test(reply.trim())) throw new Refusal("conflict", "not confirmed; nothing was changed");
}
