import { mkdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "commander";
import type { LatchkeyClient } from "#shared/contract/index.ts";
import type { PlanDetail, PlanRequest } from "#shared/contract/runs.ts";
import type { PlanReview } from "#shared/model/access/review.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { Scripts } from "#shared/model/runs/offline-script.ts";
import type { Check, Plan, PlanId, PlanKind } from "#shared/model/runs/plan.ts";
import type { PlanOptions } from "#shared/model/runs/plan-options.ts";
import { formatRest } from "#shared/text/access/review-numbers.ts";
import { formatCount } from "#shared/text/count.ts";
import {
  acknowledgementOf,
  formatCommandOf,
  isAcknowledged,
  isNamedAlone,
  UNSIGNED_CHECK,
} from "#shared/text/runs/plan.ts";
import { printable, printableJson } from "#shared/text/untrusted-text.ts";
import { createAnswerer, promptsOfRun } from "#shells/cli/answer-prompts.ts";
import { openVaultFor, type VaultOptions } from "#shells/cli/manage/vault.ts";
import { type CommandApp, openApp } from "#shells/cli/open-app.ts";
import { printJson } from "#shells/cli/options.ts";
import type { World } from "#shells/cli/session.ts";
import { clearOver, codeOf, followRun, printEnd } from "./follow-run.ts";
import { printPlan } from "./print-plan.ts";
import {
  type ChangeOptions,
  type PlanFile,
  planOptionsOf,
  readPlanFile,
  refuseBeside,
} from "./rotate-options.ts";

/** A plan that can be run. */
type Ready = { id: PlanDetail["id"]; plan: Plan; hash: string; review: PlanReview | null };

type ChangeCommand = {
  /** The parsed command. */
  command: Command;
  /** The kinds of plan that the command makes, and accepts from a file. */
  kinds: readonly PlanKind[];
  /** Whether the command names what to change; a plan in a file has that itself. */
  isNamed: boolean;
  /** Whether the vault must be open before the plan is applied. */
  needsVault?: (plan: Plan) => boolean;
} & (
  | { toRequest: (client: LatchkeyClient, app: CommandApp) => Promise<PlanRequest> }
  /** What is changed is known there, and the plan is begun there. */
  | { beginPlan: (client: LatchkeyClient, input: PlanInput) => Promise<{ planId: PlanId }> }
);

type PlanInput = { options: PlanOptions; identityFiles: string[]; mayPrompt: boolean };

/**
 * Makes a plan, or reads it from a file; prints it, and writes or applies it as the options say. Returns the exit
 * code.
 */
export async function change(
  { command, kinds, isNamed, needsVault = () => false, ...source }: ChangeCommand,
  options: ChangeOptions & VaultOptions,
  world: World,
): Promise<number> {
  if (options.plan !== undefined && options.apply !== undefined)
    throw new Refusal("invalid-input", "--plan only writes a plan and --apply executes it; use one of them");
  if (options.script !== undefined && options.apply !== undefined)
    throw new Refusal(
      "invalid-input",
      "--script is for offline hosts and --apply runs the plan from here; use one of them",
    );
  if (options.signWith !== undefined && options.script === undefined)
    throw new Refusal("invalid-input", "--sign-with signs offline scripts; name their folder with --script");
  const file = typeof options.apply === "string" ? await readPlanFile(options.apply) : null;
  if (file) refuseBeside(command, file);
  if (file && isNamed)
    throw new Refusal("invalid-input", `${file.path} already says what to change; name nothing else`);
  await using app = await openApp(options, world, "write");
  const { client } = app;
  const ready = file
    ? await importPlan({ file, kinds }, options, client, world)
    : "beginPlan" in source
      ? await makePlan((input) => source.beginPlan(client, input), options, client, world)
      : await makeRequested(await source.toRequest(client, app), options, client, world);
  if (!options.json) printPlan(ready.plan, world);
  if (options.script !== undefined) {
    const beside = options.signWith === undefined ? [UNSIGNED_CHECK] : [];
    const agreed = await agree(ready, options, world, beside);
    const request = {
      planId: ready.id,
      folder: options.script,
      signWith: options.signWith ?? null,
      ...agreed,
    };
    printScripts(await writeScripts(request, client), options.script, world);
  }
  if (options.plan !== undefined) {
    await writeFile(options.plan, `${printableJson({ hash: ready.hash, plan: ready.plan }, 2)}\n`, {
      mode: 0o600,
    });
    if (!options.json) world.out(printable(`written to ${options.plan}; nothing was changed`));
  }
  if (options.apply === undefined) {
    if (options.json) printJson({ planId: ready.id, hash: ready.hash, plan: ready.plan }, world);
    else if (options.plan === undefined) world.out(printable(formatNext(ready, options.script)));
    return isRefused(ready.plan) ? 2 : 0;
  }
  if (needsVault(ready.plan)) await openVaultFor({ app, options, world });
  return await execute(ready, options, client, world);
}

const isRefused = ({ checks }: Plan): boolean => checks.some(({ state }) => state === "refused");

/** `folder`: where the offline scripts were written. */
function formatNext({ plan, review }: Ready, folder: string | undefined): string {
  if (isRefused(plan))
    return `nothing was changed; this plan cannot be applied${formatRest(review, plan.kind)}`;
  if (folder !== undefined)
    return "nothing was changed; run each script on its host, and give the result that it writes to latchkey import";
  const isOffline = "asOf" in plan && plan.asOf !== null;
  return `nothing was changed; ${isOffline ? "--script FOLDER writes the offline scripts" : "--apply executes the plan"}`;
}

async function execute(
  ready: Ready,
  options: ChangeOptions,
  client: LatchkeyClient,
  world: World,
): Promise<number> {
  const { id: planId, plan, hash } = ready;
  const { acknowledgements, typed } = await agree(ready, options, world);
  if (!options.yes && !plan.confirm) await confirmBegin(world);
  const identityFiles = options.identity ?? [];
  const mayPrompt = world.prompt !== null;
  const run = await followRun(
    client,
    async () =>
      (await client.runs.start({ planId, hash, acknowledgements, typed, identityFiles, mayPrompt })).runId,
    world,
    { isQuiet: options.json ?? false },
  );
  if (options.json) printJson({ run }, world);
  else printEnd(run, world);
  await clearOver(client, world, options.json ?? false);
  return codeOf(run, "committed");
}

/** `beside`: further checks to acknowledge, which are not in the plan. */
async function agree(
  { plan, review }: Ready,
  options: ChangeOptions,
  world: World,
  beside: readonly Check[] = [],
) {
  const refused = plan.checks.find(({ state }) => state === "refused");
  if (refused)
    throw new Refusal(
      "conflict",
      `this plan cannot be applied: ${refused.text}${formatRest(review, plan.kind)}`,
    );
  const acknowledgements = await gatherAcknowledgements([...plan.checks, ...beside], options, world);
  return { acknowledgements, typed: await gatherWord(plan, options, world) };
}

/** Those of the command line, and at a terminal those that the user accepts. */
export async function gatherAcknowledgements(
  checks: readonly Check[],
  { acknowledge = [] }: ChangeOptions,
  { promptUser }: World,
): Promise<string[]> {
  const acknowledgements: string[] = [];
  for (const check of checks.filter(({ state }) => state === "acknowledge")) {
    const name = acknowledgementOf(check);
    const isAgreed = isAcknowledged(check, acknowledge);
    if (!isAgreed && !promptUser) throw new Refusal("conflict", formatMissing(checks, acknowledge));
    const reply = isAgreed
      ? "y"
      : await promptUser?.(printable(`${name}: ${check.text}\nAccept this risk? [y/N] `));
    if (!/^y(es)?$/i.test(reply?.trim() ?? ""))
      throw new Refusal("conflict", "not acknowledged; nothing was changed");
    acknowledgements.push(name);
  }
  return acknowledgements;
}

/** All that are missing, so that one more try is enough. */
export function formatMissing(checks: readonly Check[], acknowledged: readonly string[]): string {
  const missing = checks.filter(
    (check) => check.state === "acknowledge" && !isAcknowledged(check, acknowledged),
  );
  return missing
    .map((check) => {
      const name = acknowledgementOf(check);
      const isAlone = name === check.id || isNamedAlone(check);
      const all = isAlone ? "" : `, --acknowledge ${check.id} all of this kind`;
      return `${check.text}; --acknowledge '${name}' accepts this risk${all}`;
    })
    .join("; ");
}

/** The confirmation word of the plan, typed at a terminal; in a script --yes stands for it. */
export async function gatherWord(
  { confirm }: Plan,
  { yes }: ChangeOptions,
  { promptUser }: World,
): Promise<string | null> {
  if (!confirm || yes) return confirm?.word ?? null;
  const why = confirm.why.join("; ");
  if (!promptUser) throw new Refusal("conflict", `${why}; this is not a terminal: confirm with --yes`);
  return (await promptUser(printable(`${why}.\nType "${confirm.word}" to apply the plan: `))).trim();
}

async function confirmBegin({ promptUser }: World): Promise<void> {
  if (!promptUser) throw new Refusal("conflict", "this is not a terminal: confirm with --yes");
  const reply = await promptUser("Apply this plan? [y/N] ");
  if (!/^y(es)?$/i.test(reply.trim())) throw new Refusal("conflict", "not confirmed; nothing was changed");
}

const makeRequested = (
  request: PlanRequest,
  options: ChangeOptions,
  client: LatchkeyClient,
  world: World,
): Promise<Ready> => makePlan((input) => client.runs.plan({ ...input, request }), options, client, world);

async function makePlan(
  begin: (input: PlanInput) => Promise<{ planId: PlanId }>,
  options: ChangeOptions,
  client: LatchkeyClient,
  world: World,
): Promise<Ready> {
  const loginOptions = { identityFiles: options.identity ?? [], mayPrompt: world.prompt !== null };
  return followPlan(client, () => begin({ options: planOptionsOf(options), ...loginOptions }), world);
}

/** Resolves once the plan's hosts have been read. */
async function followPlan(
  client: LatchkeyClient,
  begin: () => Promise<{ planId: PlanDetail["id"] }>,
  world: World,
): Promise<Ready> {
  const announcements = await client.events.watch();
  const { planId } = await begin();
  using answerer = createAnswerer(promptsOfRun({ planId }, client), world);
  await answerer.refresh();
  let detail = await client.runs.findPlan({ planId });
  for await (const announcement of detail.state === "making" ? announcements : []) {
    if (announcement.kind === "run-prompts") await answerer.refresh();
    if (announcement.kind !== "plan-changed" || announcement.planId !== planId) continue;
    detail = await client.runs.findPlan({ planId });
    if (!answerer.isAsking())
      world.showStatus?.([`${detail.read} of ${formatCount(detail.total, "host")} read`]);
    if (detail.state !== "making") break;
  }
  world.showStatus?.([]);
  return readyOf(detail);
}

async function importPlan(
  { file: { path, ...planAndHash }, kinds }: { file: PlanFile; kinds: readonly PlanKind[] },
  { identity: identityFiles = [] }: ChangeOptions,
  client: LatchkeyClient,
  world: World,
): Promise<Ready> {
  const loginOptions = { identityFiles, mayPrompt: world.prompt !== null };
  const ready = await followPlan(
    client,
    () => client.runs.importPlan({ ...planAndHash, ...loginOptions }),
    world,
  );
  if (!kinds.includes(ready.plan.kind))
    throw new Refusal(
      "conflict",
      `${path} is a plan of another kind; use: ${formatCommandOf(ready.plan.kind)} --apply ${path}`,
    );
  return ready;
}

function readyOf({ id, state, message, plan, hash, request, review }: PlanDetail): Ready {
  if (!plan || hash === null) {
    const why = message || `plan ${id} is not ready`;
    if (state !== "failed") throw new Refusal("not-found", why);
    throw new Refusal("conflict", `${why}${formatRest(review, request?.kind ?? null)}`);
  }
  return { id, plan, hash, review };
}

type ScriptRequest = {
  planId: PlanId;
  folder: string;
  /** The private key that signs them; null: they are not signed. */
  signWith: string | null;
  acknowledgements?: string[];
  typed?: string | null;
};

/** Writes the offline scripts of a plan that can run now into a folder, each with its signature beside it. */
export async function writeScripts(
  { folder, ...request }: ScriptRequest,
  client: LatchkeyClient,
): Promise<Scripts> {
  const scripts = await client.runs.exportScripts(request);
  await makeFolder(folder);
  for (const { name, text, signature } of scripts.files) {
    const path = join(folder, name);
    await writeAnew(path, text, 0o700);
    // The signature of an earlier export would be wrong.
    if (signature === null) await rm(`${path}.sig`, { force: true });
    else await writeAnew(`${path}.sig`, signature, 0o600);
  }
  return scripts;
}

/** Nobody else may replace what root will run. A folder that exists keeps its mode. */
async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if (process.platform === "win32") return;
  const { mode } = await stat(folder);
  if ((mode & 0o002) === 0) return;
  throw new Refusal(
    "invalid-input",
    `everybody may write in ${folder}, and the scripts run as root: use chmod o-w, or another folder`,
  );
}

/** Creates a file of this mode, whatever was there: a link is replaced, and not followed. */
async function writeAnew(path: string, text: string, mode: number): Promise<void> {
  await rm(path, { force: true });
  await writeFile(path, text, { mode, flag: "wx" });
}

export function printScripts({ files, notes }: Scripts, folder: string, world: World): void {
  for (const { name, signature } of files)
    world.err(printable(`written: ${join(folder, name)}${signature === null ? "" : " and its .sig"}`));
  for (const note of notes) world.err(printable(`  ${note}`));
}
