import type { LatchkeyClient } from "#shared/contract/index.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import { type Instant, toInstant } from "#shared/model/instant.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { type RunConfirmation, type RunDetail, RunId, type RunState } from "#shared/model/runs/run.ts";
import { formatCount } from "#shared/text/count.ts";
import { fitEnd } from "#shared/text/fit.ts";
import { formatAccount, formatHost } from "#shared/text/hosts/target.ts";
import { findNotReadToEnd, formatAccountUse, isUnneeded } from "#shared/text/runs/disabled-account.ts";
import { formatKeptKey, formatRemaining, formatUnreadable, formatUse } from "#shared/text/runs/old-key.ts";
import { formatPhase } from "#shared/text/runs/plan.ts";
import { TRUST, trustChecksOf } from "#shared/text/runs/renewal-trust.ts";
import { hasConfirmed } from "#shared/text/runs/result-claim.ts";
import { formatRunState, repairsOf } from "#shared/text/runs/run.ts";
import { printable } from "#shared/text/untrusted-text.ts";
import { createAnswerer, promptsOfRun } from "#shells/cli/answer-prompts.ts";
import { listRows } from "#shells/cli/print-table.ts";
import type { World } from "#shells/cli/session.ts";

const OVER: ReadonlySet<RunState> = new Set([
  "paused",
  "stopped",
  "waiting",
  "committed",
  "rolled-back",
  "needs-attention",
]);

/**
 * Starts or resumes a run by `begin`, and prints the new entries of its journal until it ends or waits. Ctrl-C pauses
 * it.
 */
export async function followRun(
  client: LatchkeyClient,
  begin: () => Promise<RunId>,
  world: World,
  { isQuiet, since = 0 }: { isQuiet: boolean; since?: number },
): Promise<RunDetail> {
  const announcements = await client.events.watch();
  const runId = await begin();
  // Whatever keeps it from arriving ends the iteration below as well.
  using _stop = world.onStop(() => void client.runs.pause({ runId }).catch(() => undefined));
  using answerer = createAnswerer(promptsOfRun({ runId }, client), world);
  const report = createReporter({ client, runId, since }, world, isQuiet);
  await answerer.refresh();
  let run = await report();
  if (OVER.has(run.state)) return run;
  for await (const announcement of announcements) {
    if (announcement.kind === "run-prompts") await answerer.refresh();
    if (announcement.kind !== "run-changed" || announcement.runId !== runId) continue;
    run = await report();
    if (OVER.has(run.state)) break;
  }
  world.showStatus?.([]);
  return run;
}

/** Has what finished runs keep deleted once they can no longer be undone, and says so. */
export async function clearOver(client: LatchkeyClient, world: World, isQuiet: boolean): Promise<void> {
  const { runIds } = await client.runs.clearOver({});
  for (const runId of runIds) {
    const run = await followRun(client, async () => runId, world, { isQuiet: true });
    const isDeleted = run.undoUntil === null && run.kept.length === 0;
    const end = isDeleted ? "what it kept for that is deleted" : run.message;
    if (!isQuiet) world.out(printable(`run ${runId} can no longer be undone${end === "" ? "" : `: ${end}`}`));
  }
}

type ReporterOptions = { client: LatchkeyClient; runId: RunId; since: number };

/** Prints the entries that were added to the journal since the last call. */
function createReporter({ client, runId, since }: ReporterOptions, world: World, isQuiet: boolean) {
  let last = since;
  return async (): Promise<RunDetail> => {
    const run = await client.runs.find({ runId });
    if (!isQuiet) {
      const { rows } = await listRows(undefined, (page) => client.runs.entries({ runId, ...page }));
      const fresh = rows.filter(({ id }) => id > last);
      last = rows.at(-1)?.id ?? last;
      if (fresh.length > 0) world.showStatus?.([]);
      for (const { kind, text, ordinal } of fresh)
        world.out(printable(`${formatStep(run, ordinal)}${kind}: ${text}`));
    }
    world.showStatus?.([fitEnd(printable(formatProgress(run)), (world.columns ?? 80) - 1)]);
    return run;
  };
}

function formatStep({ stepList, kind }: RunDetail, ordinal: number | null): string {
  const step = stepList.find((one) => one.ordinal === ordinal);
  if (!step) return "";
  return `${step.host === null ? "here" : formatHost({ host: step.host, port: step.port })}, ${formatPhase(step.phase, kind)}, `;
}

/** Steps done, and what the step under way waits for. */
function formatProgress(run: RunDetail): string {
  const { stepsDone, steps, state, message, stepList } = run;
  const open = stepList.find((step) => step.state === "intended" || step.state === "acted");
  const why = message || (open ? `${formatStep(run, open.ordinal)}${open.message}` : "");
  return `${stepsDone} of ${steps} steps done: ${formatRunState(state)}${why === "" ? "" : `: ${why}`}`;
}

/** How it ended, and what the user can do next. */
export function printEnd(run: RunDetail, world: World): void {
  const why = run.message === "" ? "" : `: ${run.message}`;
  world.out(printable(`run ${run.id} is ${formatRunState(run.state)}${why}`));
  for (const line of formatNext(run, toInstant(world.now()))) world.out(printable(line));
}

function formatNext(run: RunDetail, now: Instant): string[] {
  const { id, state, byHand } = run;
  switch (state) {
    case "committed":
      return [
        ...listRemaining(run),
        ...formatUndoable(run, now),
        ...(isUndoable(run) ? [] : formatKept(run)),
      ];
    case "rolled-back":
    case "running":
      return [];
    case "paused":
    case "stopped":
    case "interrupted":
      return [
        trustChecksOf(run).length > 0
          ? `  approve it, and go on: latchkey runs resume ${id} --acknowledge ${TRUST}`
          : `  go on: latchkey runs resume ${id}`,
        `  roll everything back: latchkey runs rollback ${id}`,
      ];
    case "waiting":
      if (run.kind === "disable-account") return formatDisabled(run, now);
      return [
        ...formatWatch(run),
        `  ${hasConfirmed(run.claims) ? "go on with what is confirmed" : "check again now"}: latchkey runs resume ${id}`,
        ...formatWaits(run),
        ...(hasGrace(run) ? [`  remove the old key now: latchkey runs resume ${id} --now`] : []),
        `  roll everything back: latchkey runs rollback ${id}`,
      ];
    case "needs-attention":
      return [
        ...(repairsOf(run).length > 0 ? [`  show the repair, then run it: latchkey runs repair ${id}`] : []),
        ...(byHand.length > 0 ? ["otherwise, run by hand:"] : []),
        ...byHand.map((line) => `  ${line}`),
        `  then: latchkey runs resume ${id}`,
        ...listRemaining(run),
        ...formatUndoable(run, now),
        ...(isUndoable(run) ? [] : formatKept(run)),
      ];
    default:
      return assertNever(state);
  }
}

/** What the logs show of disabled accounts, and what somebody may decide. */
function formatDisabled({ id, accountWatch }: RunDetail, now: Instant): string[] {
  if (!accountWatch)
    return [`  go on: latchkey runs resume ${id}`, `  roll everything back: latchkey runs rollback ${id}`];
  const { uses, tries, until, removedBy } = accountWatch;
  const notRead = findNotReadToEnd(accountWatch, now).map(formatHost);
  return [
    ...uses.map((use) => `  still used: ${formatAccountUse(use)}`),
    ...tries.map((use) => `  tried, by anybody: ${formatAccountUse(use)}`),
    until <= now ? `  the days are over since ${until}` : `  the logs are watched until ${until}`,
    ...(notRead.length > 0
      ? [
          `  whether they are used is not known at: ${notRead.join(", ")} (its logs were not read to their end)`,
        ]
      : []),
    `  read the logs again now: latchkey runs resume ${id}`,
    ...(removedBy === null
      ? [
          `  restore them as they were: latchkey runs rollback ${id}`,
          `  leave them disabled, without a way back: latchkey runs resume ${id} --now`,
        ]
      : [`  run ${removedBy} removes them: latchkey runs show ${removedBy}`]),
    ...(isUnneeded(accountWatch, now) ? ["  remove them: latchkey remove ACCOUNT@HOST..."] : []),
  ];
}

/** Who uses the old key, and where nobody knows. */
function formatWatch({ oldKeyWatch }: RunDetail): string[] {
  if (!oldKeyWatch) return [];
  const unreadable = formatUnreadable(oldKeyWatch);
  return [...oldKeyWatch.uses.map(formatUse), ...(unreadable === null ? [] : [unreadable])].map(
    (line) => `  ${line}`,
  );
}

/** Each account, for the message names only the first ones. */
const listRemaining = ({ kind, remaining }: RunDetail): string[] =>
  remaining.map((one) => `  not changed: ${formatRemaining(one, kind)}`);

/** Whether it can be undone, or still keeps what that would need. */
const isUndoable = ({ undoUntil }: RunDetail): boolean => undoUntil !== null;

function formatUndoable({ id, kept, undoUntil }: RunDetail, now: Instant): string[] {
  if (undoUntil === null) return [];
  const isOver = undoUntil <= now;
  return [
    isOver
      ? "  it can no longer be undone; what it kept for that is deleted with a later scan"
      : `  undo it, until ${undoUntil}: latchkey runs undo ${id}`,
    ...kept.map((key) => `  kept for that: ${formatKeptKey(key)}`),
    ...(kept.length > 0 ? [`  delete that now: latchkey runs resume ${id} --now`] : []),
  ];
}

function formatKept({ id, kept, removeKept }: RunDetail): string[] {
  if (kept.length === 0) return [];
  return [
    ...kept.map((key) => `  old private key, kept: ${formatKeptKey(key)}`),
    `  remove the old private keys: latchkey runs resume ${id} --remove-old`,
    ...(removeKept.length > 0
      ? ["  where a host cannot be reached, run these there (each prints whether it worked):"]
      : []),
    ...removeKept.map((line) => `    ${line}`),
  ];
}

/**
 * What the user can do for a run that waits: for a certificate, or for a new key whose private key somebody else has.
 */
function formatWaits({ id, kind, orders, dueAt, confirmation }: RunDetail): string[] {
  if (confirmation) return formatConfirmation(id, confirmation);
  if (kind !== "rotate-certificate") return [];
  if (orders.some(({ state }) => state === "waits"))
    return [
      `  print the requests to be signed: latchkey runs csr ${id}`,
      `  import the certificate: latchkey runs certificate ${id} --file CHAIN.pem`,
    ];
  return dueAt === null
    ? []
    : [`  run the post-deployment check before ${dueAt}: latchkey runs resume ${id} --now`];
}

function formatConfirmation(id: RunId, { challenge, isSigned, accounts }: RunConfirmation): string[] {
  const waiting = accounts.filter(({ state }) => state === "waits");
  const [first] = waiting;
  if (!first) return [];
  const more = waiting.length > 1 ? `, and ${formatCount(waiting.length - 1, "other account")}` : "";
  return [
    ...(challenge === null || isSigned
      ? []
      : [
          `  let the owner of the key sign: latchkey runs challenge ${id}; then latchkey runs confirm ${id} --signature FILE`,
        ]),
    `  without verification: latchkey runs confirm ${id} --approve ${formatAccount(first)}${more}`,
  ];
}

/** The grace period is not over, and nothing was removed yet. */
const hasGrace = ({ dueAt, stepList }: RunDetail): boolean =>
  dueAt !== null && stepList.some(({ phase, state }) => phase === "revoke" && state === "planned");

/** 0: done; 1: it needs attention; 3: it failed. */
export function codeOf({ state, files }: RunDetail, endState: "committed" | "rolled-back"): number {
  if (state === "committed" && state === endState && files.some(({ fate }) => fate === "left-out")) return 1;
  if (state === endState || state === "waiting") return 0;
  return state === "needs-attention" || state === "paused" ? 1 : 3;
}

/** From the number that the user typed. */
export function readRunId(text: string): RunId {
  const id = RunId.safeParse(Number(text));
  if (!id.success)
    throw new Refusal("invalid-input", `${text} is not the number of a run; latchkey runs list shows them`);
  return id.data;
}
