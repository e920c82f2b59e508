import type { Command } from "commander";
import { Refusal } from "#shared/model/refusal.ts";
import type { RunDetail, RunId, RunRow } from "#shared/model/run.ts";
import { isMoreThan } from "#shared/model/total.ts";
import { CLAIM_REMEDY, sayClaim } from "#shared/text/claim.ts";
import { isConsented } from "#shared/text/consent.ts";
import { formatNumber } from "#shared/text/count.ts";
import { formatKeptKey } from "#shared/text/kept-key.ts";
import { checkOfUse } from "#shared/text/old-key-use.ts";
import { formatHost, formatPhase } from "#shared/text/plan.ts";
import { printable } from "#shared/text/printable.ts";
import { formatStepState } from "#shared/text/run.ts";
import { formatTotal } from "#shared/text/total.ts";
import { listRows } from "./all-rows.ts";
import { codeOf, followRun, printEnd } from "./follow-run.ts";
import { type CommonOptions, openApp, printJson, wholeNumber } from "./options.ts";
import { type Column, printTable, type Style } from "./print-table.ts";
import { formatMissing, gatherAcknowledgements, gatherWord } from "./rotate-apply.ts";
import { readRunId } from "./run-id.ts";
import { addRunsCertificate } from "./runs-certificate.ts";
import { addRunsConfirm } from "./runs-confirm.ts";
import { addRunsRepair } from "./runs-repair.ts";
import { addRunsScripts } from "./runs-scripts.ts";
import { CHANGE, type Session } from "./session.ts";
import { collect } from "./target-text.ts";
import { addVaultOption, openVaultFor, type VaultOptions } from "./vault-ask.ts";
import type { World } from "./world.ts";

type ListOptions = CommonOptions & { limit?: number };
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
  for (const { name, about, wished } of GOING) {
    const going = runs
      .command(`${name} <run>`)
      .description(about)
      .option("--identity <file>", "log in with this private key (repeatable)", collect);
    if (wished === "committed")
      going
        .option("--now", "do not wait any longer: revoke the old key, or run the post-deployment check")
        .option("--remove-old", "delete the old private keys that it kept, also after it is committed")
        .option("--yes", "with --now or --remove-old: do not ask for confirmation")
        .option(
          "--acknowledge <use>",
          "with --now: accept that this user of the old key can no longer log in (repeatable)",
          collect,
        );
    addVaultOption(going)
      .addHelpText("after", GOING_ENDS)
      .action(async (id: string, _: object, command: Command) =>
        finish(await go(id, wished, command.optsWithGlobals<GoOptions>(), world)),
      );
  }
}

const GOING_ENDS = `
Exit codes: 0 done, or waiting for the days of grace; 1 paused, or needs attention; 2 refused; 3 stopped.
With --json: { run }`;

const GOING = [
  {
    name: "resume",
    about: "continue a run that stopped, was paused or killed, or waits",
    wished: "committed",
  },
  { name: "rollback", about: "undo everything that a run has done", wished: "rolled-back" },
] as const;

async function list(words: readonly string[], options: ListOptions, world: World): Promise<void> {
  await using app = openApp(options, world, "read");
  const limit = options.limit ?? (options.json ? undefined : 100);
  const { rows, total } = await listRows(limit, (page) =>
    app.client.runbooks.list({ search: words.join(" "), ...page }),
  );
  if (options.json) return printJson({ runs: rows, total }, world);
  if (rows.length === 0) {
    world.out(words.length > 0 ? "no run matches" : "no plan was applied yet");
    return;
  }
  world.out(printTable(COLUMNS, rows, world));
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

const COLUMNS: readonly Column<RunRow>[] = [
  { head: "RUN", cell: ({ id }) => String(id) },
  { head: "STARTED", cell: ({ startedAt }) => startedAt, leaves: 1 },
  { head: "STATE", cell: ({ state }) => state, style: ({ state }) => STYLES[state] ?? null },
  { head: "STEPS", cell: ({ stepsDone, steps }) => `${stepsDone}/${steps}`, leaves: 2 },
  { head: "WHAT", cell: ({ title }) => title, cut: "middle" },
  { head: "WHY", cell: ({ message }) => message, cut: "end", leaves: 3 },
];

async function show(text: string, options: CommonOptions, world: World): Promise<void> {
  const runId = readRunId(text);
  await using app = openApp(options, world, "read");
  const run = await app.client.runbooks.find({ runId });
  const { rows } = await listRows(undefined, (page) => app.client.runbooks.entries({ runId, ...page }));
  if (options.json) return printJson({ run, entries: rows }, world);
  world.out(printable(`${run.title}, started at ${run.startedAt}`));
  for (const order of run.orders) world.out(printable(formatOrder(order)));
  for (const claim of run.claims) world.out(printable(sayClaim(claim)));
  if (run.claims.length > 0) world.out(`  ${CLAIM_REMEDY}`);
  if (run.newKey) world.out(printable(`new key: ${run.newKey.fingerprint}`));
  world.out(`\n${printTable(stepColumns(run), run.stepList, world)}\n`);
  for (const { at, kind, text: said } of rows) world.out(printable(`${at} ${kind}: ${said}`));
  if (rows.length > 0) world.out("");
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
  wished: "committed" | "rolled-back",
  options: GoOptions,
  world: World,
): Promise<number> {
  const runId = readRunId(text);
  await using app = openApp(options, world, "write");
  const { runbooks } = app.client;
  await openIfNeeded(runId, app, options, world);
  const { typed, consents } = options.now
    ? await askToEnd(runId, options, app, world)
    : { typed: null, consents: [] };
  const asked = { runId, identityFiles: options.identity ?? [], mayAsk: world.prompt !== null };
  const removesOld = options.removeOld ?? false;
  if (removesOld) await agreeToRemove(await runbooks.find({ runId }), options, world);
  const ending = { ...asked, endsGrace: options.now ?? false, removesOld, typed, consents };
  const { rows } = await listRows(undefined, (page) => runbooks.entries({ runId, ...page }));
  const since = rows.at(-1)?.id ?? 0;
  const begin = async (): Promise<RunId> => {
    await (wished === "committed" ? runbooks.resume(ending) : runbooks.rollBack(asked));
    return runId;
  };
  const run = await followRun(app.client, begin, world, { isQuiet: options.json ?? false, since });
  if (options.json) printJson({ run }, world);
  else printEnd(run, world);
  // Somebody was seen only when the hosts were read again.
  if (options.now) refuseUsed(run, consents);
  return codeOf(run, wished);
}

function refuseUsed({ state, oldKeyWatch }: RunDetail, consents: readonly string[]): void {
  const checks = (oldKeyWatch?.uses ?? []).map(checkOfUse);
  if (state === "waiting" && checks.some((check) => !isConsented(check, consents)))
    throw new Refusal("conflict", `the old key is not revoked: ${formatMissing(checks, consents)}`);
}

/** Whoever logs in by the old key where it still counts has it only there. */
async function agreeToRemove(
  { id, kept }: RunDetail,
  { yes = false, json = false }: GoOptions,
  { ask, out }: World,
): Promise<void> {
  if (kept.length === 0 || yes) return;
  if (!json) for (const key of kept) out(printable(`will be deleted: ${formatKeptKey(key)}`));
  if (!ask)
    throw new Refusal(
      "conflict",
      `this is not a terminal: --yes deletes the old private keys that run ${id} has kept`,
    );
  const reply = await ask("Delete the old private keys? Nobody can log in with them afterwards. [y/N] ");
  if (!/^y(es)?$/i.test(reply.trim())) throw new Refusal("conflict", "not confirmed; nothing was deleted");
}

/** A renewal that is locked out of the vault would pause at once. */
async function openIfNeeded(
  runId: RunId,
  app: ReturnType<typeof openApp>,
  options: GoOptions,
  world: World,
): Promise<void> {
  const { kind } = await app.client.runbooks.find({ runId });
  if (kind !== "rotate-certificate") return;
  const { state } = await app.client.vault.status();
  const canOpen = options.vaultPassphraseFile !== undefined || world.prompt !== null;
  if (state === "locked" && canOpen) await openVaultFor({ app, options, world });
}

/** Each use of the old key that is known is agreed to by its name; and the word that the plan asked for before its run, where it did. */
async function askToEnd(
  runId: RunId,
  { yes = false, acknowledge = [] }: GoOptions,
  { client }: ReturnType<typeof openApp>,
  world: World,
): Promise<{ typed: string | null; consents: string[] }> {
  const { planId, oldKeyWatch } = await client.runbooks.find({ runId });
  const known = await gatherAcknowledgements(
    (oldKeyWatch?.uses ?? []).map(checkOfUse),
    { acknowledge },
    world,
  );
  const { plan } = await client.runbooks.findPlan({ planId });
  return { typed: plan && (await gatherWord(plan, { yes }, world)), consents: [...known, ...acknowledge] };
}
