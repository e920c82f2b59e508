import { type Command, Option } from "commander";
import { Refusal } from "#shared/model/refusal.ts";
import { PlanKind } from "#shared/model/runs/plan.ts";
import { type RunDetail, type RunId, type RunRow, RunState } from "#shared/model/runs/run.ts";
import { isMoreThan } from "#shared/model/total.ts";
import { formatNumber, formatTotal } from "#shared/text/count.ts";
import { formatHost } from "#shared/text/hosts/target.ts";
import { checkOfUse, formatAccessCheck, formatKeptKey } from "#shared/text/runs/old-key.ts";
import { formatPhase, isAcknowledged, UNSIGNED_CHECK } from "#shared/text/runs/plan.ts";
import { TRUST, trustChecksOf } from "#shared/text/runs/renewal-trust.ts";
import { CLAIM_REMEDY, describeClaim } from "#shared/text/runs/result-claim.ts";
import { formatRepair, formatStepState, repairsOf } from "#shared/text/runs/run.ts";
import { printable } from "#shared/text/untrusted-text.ts";
import { addVaultOption, openVaultFor, type VaultOptions } from "#shells/cli/manage/vault.ts";
import { type CommandApp, openApp } from "#shells/cli/open-app.ts";
import { type CommonOptions, printJson, wholeNumber } from "#shells/cli/options.ts";
import { type Column, listRows, printTable, type Style, withOwnNames } from "#shells/cli/print-table.ts";
import { collect } from "#shells/cli/scan/targets.ts";
import { CHANGE, type Session, type World } from "#shells/cli/session.ts";
import { clearOver, codeOf, followRun, printEnd, readRunId } from "./follow-run.ts";
import {
  formatMissing,
  gatherAcknowledgements,
  gatherWord,
  printScripts,
  writeScripts,
} from "./rotate-apply.ts";
import { addRunsCertificate, addRunsConfirm } from "./runs-confirm.ts";

type ListOptions = CommonOptions & { state?: RunState; kind?: PlanKind; limit?: number };
type GoOptions = CommonOptions &
  VaultOptions & {
    identity?: string[];
    now?: boolean;
    removeOld?: boolean;
    yes?: boolean;
    acknowledge?: string[];
  };

export function addRuns(program: Command, { world, finish }: Session): void {
  const runs = program
    .command("runs")
    .helpGroup(CHANGE)
    .description("plans that were applied: show, resume or roll them back");
  runs
    .command("list [filter...]")
    .description("list all runs, newest first")
    .addOption(new Option("--state <state>", "only runs in this state").choices(RunState.options))
    .addOption(new Option("--kind <kind>", "only runs of this kind of plan").choices(PlanKind.options))
    .option("--limit <rows>", "show at most this many rows", wholeNumber(1, 1_000_000))
    .addHelpText("after", "\nWith --json: { runs, total }")
    .action((words: string[], _: object, command: Command) =>
      list(words, command.optsWithGlobals<ListOptions>(), world),
    );
  runs
    .command("show <run>")
    .description("show a run: its steps, its journal, and what must be done by hand")
    .addHelpText("after", "\nWith --json: { run, entries }")
    .action((id: string, _: object, command: Command) =>
      show(id, command.optsWithGlobals<CommonOptions>(), world),
    );
  addRunsRepair(runs, { world, finish });
  addRunsScripts(runs, world);
  addRunsCertificate(runs, world);
  addRunsConfirm(runs, world);
  for (const move of GOING) addGoing(runs, move, { world, finish });
}

function addGoing(runs: Command, move: Going, { world, finish }: Session): void {
  const { name, about, endState } = move;
  const going = runs
    .command(`${name} <run>`)
    .description(about)
    .option("--identity <file>", "log in with this private key (repeatable)", collect);
  if (endState === "committed")
    going
      .option(
        "--now",
        "do not wait any longer: revoke the old key, run the post-deployment check, or delete what an undo would need",
      )
      .option("--remove-old", "delete the old private keys that it kept, also after it is committed")
      .option("--yes", "with --now or --remove-old: do not ask for confirmation")
      .option(
        "--acknowledge <use>",
        "with --now: accept that this user of the old key can no longer log in; trust: install what clients would refuse (repeatable)",
        collect,
      );
  addVaultOption(going)
    .addHelpText("after", GOING_ENDS)
    .action(async (id: string, _: object, command: Command) =>
      finish(await go(id, move, command.optsWithGlobals<GoOptions>(), world)),
    );
}

const GOING_ENDS = `
Exit codes: 0 done, or waiting for the days of grace; 1 paused, or needs attention; 2 refused; 3 stopped.
With --json: { run }`;

const GOING = [
  {
    name: "resume",
    about: "continue a run that stopped, was paused or killed, or waits",
    endState: "committed",
  },
  {
    name: "rollback",
    about: "roll back everything that a run has done, before it has finished",
    endState: "rolled-back",
  },
  {
    name: "undo",
    about: "undo a run that has finished, as long as it keeps what that needs (rotate --keep-old)",
    endState: "rolled-back",
  },
] as const;

type Going = (typeof GOING)[number];

async function list(words: readonly string[], options: ListOptions, world: World): Promise<void> {
  await using app = await openApp(options, world, "read");
  const limit = options.limit ?? (options.json ? undefined : 100);
  const filter = { search: words.join(" "), state: options.state ?? null, kind: options.kind ?? null };
  const { rows, total } = await listRows(limit, (page) => app.client.runs.list({ ...filter, ...page }));
  if (options.json) return printJson({ runs: rows, total }, world);
  if (rows.length === 0) {
    world.out(Object.values(filter).some(Boolean) ? "no run matches" : "no plan was applied yet");
    return;
  }
  world.out(printTable(await withOwnNames(COLUMNS, app.client), rows, world));
  world.out(
    `\n${formatTotal(total, "run")}${isMoreThan(total, rows.length) ? `, ${formatNumber(rows.length)} shown` : ""}`,
  );
}

const STYLES: Partial<Record<RunRow["state"], Style>> = {
  committed: "green",
  stopped: "red",
  interrupted: "yellow",
  "needs-attention": "red",
};

const nameFirst = ({ firstHost }: RunRow): string => (firstHost ? formatHost(firstHost) : "");

const COLUMNS: readonly Column<RunRow>[] = [
  { head: "RUN", cell: ({ id }) => String(id) },
  { head: "STARTED", cell: ({ startedAt }) => startedAt, leaves: 1 },
  { head: "STATE", cell: ({ state }) => state, style: ({ state }) => STYLES[state] ?? null },
  { head: "STEPS", cell: ({ stepsDone, steps }) => `${stepsDone}/${steps}`, leaves: 4 },
  { head: "WHAT", cell: ({ title }) => title, cut: "middle" },
  { head: "HOSTS", cell: ({ hosts }) => String(hosts), leaves: 2 },
  { head: "FIRST HOST", cell: nameFirst, hostOf: ({ firstHost }) => firstHost, cut: "middle", leaves: 3 },
  { head: "WHY", cell: ({ message }) => message, cut: "end", leaves: 5 },
];

async function show(text: string, options: CommonOptions, world: World): Promise<void> {
  const runId = readRunId(text);
  await using app = await openApp(options, world, "read");
  const run = await app.client.runs.find({ runId });
  const { rows } = await listRows(undefined, (page) => app.client.runs.entries({ runId, ...page }));
  if (options.json) return printJson({ run, entries: rows }, world);
  world.out(printable(`${run.title}, started at ${run.startedAt}`));
  for (const order of run.orders) world.out(printable(formatOrder(order)));
  for (const claim of run.claims) world.out(printable(describeClaim(claim)));
  if (run.claims.length > 0) world.out(`  ${CLAIM_REMEDY}`);
  if (run.newKey) world.out(printable(`new key: ${run.newKey.fingerprint}`));
  world.out(`\n${printTable(stepColumns(run), run.stepList, world)}\n`);
  for (const { at, kind, text } of rows) world.out(printable(`${at} ${kind}: ${text}`));
  if (rows.length > 0) world.out("");
  for (const check of run.accessChecks)
    world.out(printable(`${check.fingerprint}, asked of sshd at ${check.at}: ${formatAccessCheck(check)}`));
  printEnd(run, world);
}

const formatOrder = ({ host, port, names, state, message, sha256 }: RunDetail["orders"][number]): string =>
  [`${formatHost({ host, port })}: ${names.join(", ")}: ${state}`, sha256, message]
    .filter(Boolean)
    .join(": ");

type Step = RunDetail["stepList"][number];

const stepColumns = ({ kind }: RunDetail): readonly Column<Step>[] => [
  { head: "STEP", cell: ({ ordinal }) => String(ordinal) },
  { head: "WHAT", cell: ({ phase }) => formatPhase(phase, kind) },
  {
    head: "WHERE",
    cell: ({ host, port }) => (host === null ? "here" : formatHost({ host, port })),
    cut: "middle",
  },
  { head: "STATE", cell: formatStepState },
  { head: "WHY", cell: ({ message }) => message, cut: "end", leaves: 1 },
];

async function go(
  text: string,
  { name, endState }: Going,
  options: GoOptions,
  world: World,
): Promise<number> {
  const runId = readRunId(text);
  await using app = await openApp(options, world, "write");
  const { runs } = app.client;
  await openIfNeeded(runId, app, options, world);
  const { typed, acknowledgements } = options.now
    ? await confirmEnd(runId, options, app, world)
    : {
        typed: null,
        acknowledgements: name === "resume" ? await acceptTrust(runId, options, app, world) : [],
      };
  const common = { runId, identityFiles: options.identity ?? [], mayPrompt: world.prompt !== null };
  const removesOld = options.removeOld ?? false;
  if (removesOld) await agreeToRemove(await runs.find({ runId }), options, world);
  const ending = {
    ...common,
    endsGrace: options.now ?? false,
    removesOld,
    typed,
    acknowledgements: [...acknowledgements],
  };
  const { rows } = await listRows(undefined, (page) => runs.entries({ runId, ...page }));
  const begin = async (): Promise<RunId> => {
    await {
      resume: () => runs.resume(ending),
      rollback: () => runs.rollBack(common),
      undo: () => runs.undo(common),
    }[name]();
    return runId;
  };
  const run = await followRun(app.client, begin, world, {
    isQuiet: options.json ?? false,
    since: rows.at(-1)?.id ?? 0,
  });
  if (options.json) printJson({ run }, world);
  else printEnd(run, world);
  // The logins of the old key are known only once the hosts were read again.
  if (options.now) refuseUsed(run, acknowledgements);
  await clearOver(app.client, world, options.json ?? false);
  // What was not undone is as it was.
  if (name === "undo" && run.state === "committed") return 2;
  return codeOf(run, endState);
}

/** What clients would refuse is installed by an acknowledgement alone; without a terminal, the run checks it again. */
async function acceptTrust(
  runId: RunId,
  { acknowledge = [] }: GoOptions,
  { client }: CommandApp,
  world: World,
): Promise<readonly string[]> {
  const checks = trustChecksOf(await client.runs.find({ runId }));
  if (checks.length === 0 || !world.promptUser) return acknowledge;
  await gatherAcknowledgements(checks, { acknowledge }, world);
  return [TRUST];
}

function refuseUsed({ state, oldKeyWatch }: RunDetail, acknowledgements: readonly string[]): void {
  const checks = (oldKeyWatch?.uses ?? []).map(checkOfUse);
  if (state === "waiting" && checks.some((check) => !isAcknowledged(check, acknowledgements)))
    throw new Refusal("conflict", `the old key is not revoked: ${formatMissing(checks, acknowledgements)}`);
}

/** Deletes the old private keys: whoever still logs in with them elsewhere may have no other copy. */
async function agreeToRemove(
  { id, kept }: RunDetail,
  { yes = false, json = false }: GoOptions,
  { promptUser, out }: World,
): Promise<void> {
  if (kept.length === 0 || yes) return;
  if (!json) for (const key of kept) out(printable(`will be deleted: ${formatKeptKey(key)}`));
  if (!promptUser)
    throw new Refusal(
      "conflict",
      `this is not a terminal: --yes deletes the old private keys that run ${id} has kept`,
    );
  const reply = await promptUser(
    "Delete the old private keys? Nobody can log in with them afterwards. [y/N] ",
  );
  if (!/^y(es)?$/i.test(reply.trim())) throw new Refusal("conflict", "not confirmed; nothing was deleted");
}

/** A renewal would pause at once while the vault is locked. */
async function openIfNeeded(runId: RunId, app: CommandApp, options: GoOptions, world: World): Promise<void> {
  const { kind } = await app.client.runs.find({ runId });
  if (kind !== "rotate-certificate") return;
  const { state } = await app.client.vault.status();
  const canOpen = options.vaultPassphraseFile !== undefined || world.prompt !== null;
  if (state === "locked" && canOpen) await openVaultFor({ app, options, world });
}

/**
 * Each known use of the old key is acknowledged by its name; and the confirmation word that the plan needed before its
 * run is typed again, if there was one.
 */
async function confirmEnd(
  runId: RunId,
  { yes = false, acknowledge = [] }: GoOptions,
  { client }: CommandApp,
  world: World,
): Promise<{ typed: string | null; acknowledgements: string[] }> {
  const { planId, oldKeyWatch } = await client.runs.find({ runId });
  const known = await gatherAcknowledgements(
    (oldKeyWatch?.uses ?? []).map(checkOfUse),
    { acknowledge },
    world,
  );
  const { plan } = await client.runs.findPlan({ planId });
  return {
    typed: plan && (await gatherWord(plan, { yes }, world)),
    acknowledgements: [...known, ...acknowledge],
  };
}

type RepairOptions = CommonOptions & { identity?: string[]; yes?: boolean };

/** Shows the commands that a person would run by hand, and runs them in the session of the run. */
function addRunsRepair(runs: Command, { world, finish }: Session): void {
  runs
    .command("repair <run>")
    .description("show how to repair the files that stop a run, repair them after confirmation, and resume")
    .option("--identity <file>", "log in with this private key (repeatable)", collect)
    .option("--yes", "do not ask for confirmation")
    .addHelpText("after", REPAIR_HELP)
    .action(async (id: string, _: object, command: Command) =>
      finish(await repair(id, command.optsWithGlobals<RepairOptions>(), world)),
    );
}

const REPAIR_HELP = `
If somebody edited the lines that a run had changed, a repair removes the run's own lines and restores the ones it had
removed; the rest of the file stays. It writes as the file's owner, and only if the file is still as it was read; otherwise
it leaves the file, and shows it again.

Exit codes: 0 done; 1 needs attention; 2 refused; 3 stopped.
With --json: { run }`;

async function repair(text: string, options: RepairOptions, world: World): Promise<number> {
  const runId = readRunId(text);
  await using app = await openApp(options, world, "write");
  const { runs } = app.client;
  const before = await runs.find({ runId });
  const approved = repairsOf(before);
  for (const line of printAll(before)) world.out(printable(line));
  if (approved.length === 0)
    throw new Refusal(
      "conflict",
      `run ${runId} has no file that can be repaired; see latchkey runs show ${runId}`,
    );
  await agree(options, world);
  const rows = await runs.entries({ runId, limit: 1 });
  const begin = async (): Promise<RunId> => {
    await runs.repair({
      runId,
      approved,
      identityFiles: options.identity ?? [],
      mayPrompt: world.prompt !== null,
    });
    return runId;
  };
  const run = await followRun(app.client, begin, world, { isQuiet: true, since: rows.rows[0]?.id ?? 0 });
  if (options.json) printJson({ run }, world);
  else printEnd(run, world);
  return codeOf(run, run.state === "rolled-back" ? "rolled-back" : "committed");
}

const printAll = ({ files }: RunDetail): string[] =>
  files
    .filter(({ fate }) => fate === "stuck")
    .flatMap((file) => [
      `${formatHost(file)}: ${file.path}`,
      ...formatRepair(file).map((line) => `  ${line}`),
    ]);

async function agree({ yes = false }: RepairOptions, { promptUser }: World): Promise<void> {
  if (yes) return;
  if (!promptUser) throw new Refusal("conflict", "this is not a terminal: confirm with --yes");
  const reply = await promptUser("Repair? [y/N] ");
  if (!/^y(es)?$/i.test(reply.trim())) throw new Refusal("conflict", "not confirmed; nothing was changed");
}

type ScriptsOptions = CommonOptions & { signWith?: string; acknowledge?: string[] };

/** The next part of an offline run. */
function addRunsScripts(runs: Command, world: World): void {
  runs
    .command("scripts <run> <folder>")
    .description("write the next offline scripts of a run")
    .option("--sign-with <key>", "sign them with this private key, or with the agent's key of this .pub file")
    .option(
      "--acknowledge <check>",
      "accept a risk: unsigned-scripts, if they are not signed (repeatable)",
      collect,
    )
    .addHelpText("after", SCRIPTS_HELP)
    .action((id: string, folder: string, _: object, command: Command) =>
      write(id, folder, command.optsWithGlobals<ScriptsOptions>(), world),
    );
}

const SCRIPTS_HELP = `
A plan for several hosts runs in parts: first every host adds the new lines. Only when all results are imported does
this write the scripts that remove the old lines. Scripts without a result yet are written again.

Example:
  latchkey rotate key SHA256:2vN... --new-key new.pub --script stick --sign-with ~/.ssh/id_ed25519
  latchkey import stick/latchkey-result-*.txt
  latchkey runs scripts 7 stick --sign-with ~/.ssh/id_ed25519

With --json: { files, signer, notes }`;

async function write(text: string, folder: string, options: ScriptsOptions, world: World): Promise<void> {
  const runId = readRunId(text);
  await using app = await openApp(options, world, "write");
  const { planId } = await app.client.runs.find({ runId });
  const checks = options.signWith === undefined ? [UNSIGNED_CHECK] : [];
  const acknowledgements = await gatherAcknowledgements(checks, options, world);
  const request = { planId, folder, signWith: options.signWith ?? null, acknowledgements };
  const scripts = await writeScripts(request, app.client);
  if (options.json) printJson(scripts, world);
  else printScripts(scripts, folder, world);
}
