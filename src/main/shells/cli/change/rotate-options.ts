import type { Command, Option } from "commander";
import { Refusal } from "#shared/model/refusal.ts";
import { PlanOptions, POST_CHECK_MINUTES, UNDO_HOURS } from "#shared/model/runs/plan-options.ts";
import type { VaultOptions } from "#shells/cli/manage/vault.ts";
import { type CommonOptions, hours, wholeNumber } from "#shells/cli/options.ts";
import { collect } from "#shells/cli/scan/targets.ts";
import { readFileOrRefuse } from "#shells/cli/terminal.ts";

/** The options of every command that plans a change and may apply it. */
export type ChangeOptions = CommonOptions & {
  plan?: string;
  apply?: string | true;
  script?: string;
  signWith?: string;
  yes?: boolean;
  acknowledge?: string[];
  canary?: boolean;
  batch?: number;
  maxFailures?: number;
  grace?: number;
  keepOld?: number;
  rollbackAfter?: number;
  postCheck?: number;
  identity?: string[];
};

/** Options of every command that changes who may log in. */
export const addAccessOptions = (command: Command): Command =>
  addKeyOptions(
    command.option(
      "--keep-old <time>",
      "how long a finished run can be undone, such as 24h or 7d; 0: not at all (default: 24h)",
      hours,
    ),
  );

/** Options of every command that changes keys, also those that cannot be undone once they have finished. */
export const addKeyOptions = (command: Command): Command =>
  addRunOptions(
    command
      .option("--script <folder>", "write offline scripts, one for each host, to this folder")
      .option(
        "--sign-with <key>",
        "sign the scripts with this private key, or with the agent's key of this .pub file",
      )
      .option(
        "--grace <days>",
        "days to watch the logs for use of the old key before it is revoked (default: 0)",
        wholeNumber(0, 365),
      ),
  );

/** The options that renewals take as well: they have no offline scripts, and no days of grace. */
export const addRunOptions = (command: Command): Command =>
  addIdentity(
    addPaceOptions(command).option(
      "--rollback-after <seconds>",
      "a host rolls back by itself unless it is verified in this time (default: 120)",
      wholeNumber(30, 3_600),
    ),
  );

/** The options that reloads take: nothing of them is rolled back. */
export const addReloadOptions = (command: Command): Command => addIdentity(addPaceOptions(command));

const addIdentity = (command: Command): Command =>
  command.option("--identity <file>", "log in with this private key (repeatable)", collect);

const addPaceOptions = (command: Command): Command =>
  command
    .option("--plan <file>", "write the plan to this file; changes nothing")
    .option("--apply [file]", "apply the plan, or the plan in this file")
    .option("--yes", "apply it without asking for confirmation")
    .option(
      "--acknowledge <check>",
      "accept the risk of a check that needs acknowledgement: its full name, or the part before the colon for all (repeatable)",
      collect,
    )
    .option("--no-canary", "start with a whole batch instead of a single host")
    .option("--batch <hosts>", "hosts at a time (default: 8)", wholeNumber(1, 64))
    .option(
      "--max-failures <hosts>",
      "start no other host after this many failed (default: 1)",
      wholeNumber(1, 10_000),
    );

/** The end of the help of every such command. */
export const CHANGE_ENDS = `

Exit codes: 0 planned, committed, or waiting (latchkey runs show says for what); 1 paused, or needs attention; 2 refused,
nothing was changed; 3 stopped: what failed was rolled back.
With --json: { planId, hash, plan }; with --apply: { run }`;

/** An option that the plan has, because it says how the plan is executed. */
type PlanField = keyof PlanOptions;

/** The command-line option of each. */
const OPTION_OF = {
  canary: "canary",
  batchSize: "batch",
  maxFailures: "maxFailures",
  graceDays: "grace",
  undoHours: "keepOld",
  rollbackAfterSeconds: "rollbackAfter",
  postCheckMinutes: "postCheck",
} as const satisfies Record<PlanField, keyof ChangeOptions>;

export const planOptionsOf = (options: ChangeOptions): PlanOptions =>
  PlanOptions.parse(
    Object.fromEntries(
      Object.entries(OPTION_OF).map(([field, option]) => [field, options[option] ?? DEFAULTS[option]]),
    ),
  );

/** Those that differ from what a plan has without any. */
const DEFAULTS: Partial<Record<keyof ChangeOptions, number>> = { keepOld: UNDO_HOURS };

const MOST_BYTES = 64 * 1024;

/**
 * A key as it was typed: a fingerprint and a line stand for themselves, a .pub file for its line, any other path for a
 * private key.
 */
export async function readKeyText(key: string): Promise<string> {
  if (/^SHA256:|\s/.test(key) || !key.endsWith(".pub")) return key;
  const bytes = await readFileOrRefuse(key, MOST_BYTES);
  return Buffer.from(bytes ?? [])
    .toString("utf8")
    .trim();
}

const MOST_PLAN_BYTES = 256 * 1024 * 1024;

/** As it is in the file: nothing of it is checked yet. */
export type PlanFile = { path: string; plan: unknown; hash: string };

export async function readPlanFile(path: string): Promise<PlanFile> {
  const bytes = await readFileOrRefuse(path, MOST_PLAN_BYTES);
  try {
    const read: unknown = JSON.parse(Buffer.from(bytes ?? []).toString("utf8"));
    if (typeof read === "object" && read !== null && "plan" in read && "hash" in read)
      return { path, plan: read.plan, hash: String(read.hash) };
  } catch {
    // The refusal below is the same for every kind of wrong file.
  }
  throw new Refusal("invalid-input", `${path} contains no plan; write one with --plan FILE`);
}

/**
 * Options of a run, which no plan has. Any other option is refused beside a plan file, unless the plan has the same
 * value.
 */
const OF_A_RUN: ReadonlySet<string> = new Set<keyof (ChangeOptions & VaultOptions)>([
  "db",
  "json",
  "apply",
  "yes",
  "acknowledge",
  "identity",
  "vaultPassphraseFile",
]);

/** A run does what its plan says, and nothing else: an option beside a plan file would be ignored silently. */
export function refuseBeside(command: Command, { path, plan }: PlanFile): void {
  const held = readOptions(plan);
  const lost = typedOptions(command)
    .filter(({ name }) => !OF_A_RUN.has(name))
    .flatMap(({ name, flag, value }) => {
      const field = FIELD_OF.get(name);
      if (field === undefined || held === null) return [flag];
      const own = held[field] ?? (field === "postCheckMinutes" ? POST_CHECK_MINUTES : undefined);
      if (own === value) return [];
      return [typeof own === "number" ? `${flag} ${value} (but ${own})` : flag];
    });
  if (lost.length > 0)
    throw new Refusal(
      "invalid-input",
      `${path} was made without ${lost.join(", ")}: make a new plan with it (--plan FILE), or leave it out`,
    );
}

const FIELD_OF: ReadonlyMap<string, PlanField> = new Map(
  (Object.keys(OPTION_OF) as PlanField[]).map((field) => [OPTION_OF[field], field]),
);

/** Null: the file contains no plan, which the caller reports. */
function readOptions(plan: unknown): PlanOptions | null {
  const options = typeof plan === "object" && plan !== null && "options" in plan ? plan.options : null;
  return PlanOptions.safeParse(options).data ?? null;
}

/** Those of the command and of its parents, in their order; a default was not typed. */
function typedOptions(command: Command): { name: string; flag: string; value: unknown }[] {
  const nameOf = (option: Option): string => option.attributeName();
  const typed = command.options
    .filter((option) => command.getOptionValueSource(nameOf(option)) === "cli")
    .map((option) => ({
      name: nameOf(option),
      flag: option.long ?? option.flags,
      value: command.getOptionValue(nameOf(option)) as unknown,
    }));
  return command.parent ? [...typedOptions(command.parent), ...typed] : typed;
}
