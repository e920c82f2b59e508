import type { Command } from "commander";
import { PlanOptions } from "#shared/model/plan.ts";
import { type CommonOptions, wholeNumber } from "./options.ts";
import { collect } from "./target-text.ts";

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
  rollbackAfter?: number;
  postCheck?: number;
  identity?: string[];
};

/** What every command takes that changes who may log in. */
export const addChangeOptions = (command: Command): Command =>
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
    )
    .option(
      "--rollback-after <seconds>",
      "a host rolls back by itself unless it is verified in this time (default: 120)",
      wholeNumber(30, 3_600),
    )
    .option("--identity <file>", "log in with this private key (repeatable)", collect);

/** How every such command ends. */
export const CHANGE_ENDS = `

Exit codes: 0 planned, committed, or waiting (latchkey runs show says for what); 1 paused, or needs attention; 2 refused,
nothing was changed; 3 stopped: what failed was rolled back.
With --json: { planId, hash, plan }; with --apply: { run }`;

/** What a plan holds of how it is carried out. */
export type PlanField = keyof PlanOptions;

/** Which option says it. */
export const OPTION_OF = {
  canary: "canary",
  batchSize: "batch",
  maxFailures: "maxFailures",
  graceDays: "grace",
  deadManSeconds: "rollbackAfter",
  recheckMinutes: "postCheck",
} as const satisfies Record<PlanField, keyof ChangeOptions>;

export const planOptionsOf = (options: ChangeOptions): PlanOptions =>
  PlanOptions.parse(
    Object.fromEntries(Object.entries(OPTION_OF).map(([field, option]) => [field, options[option]])),
  );
