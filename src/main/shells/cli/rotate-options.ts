import type { Command } from "commander";
import { PlanOptions } from "#shared/model/plan.ts";
import { type CommonOptions, wholeNumber } from "./options.ts";
import { collect } from "./target-text.ts";

/** What every command takes that plans a change and may carry it out. */
export type ChangeOptions = CommonOptions & {
  plan?: string;
  apply?: string | true;
  script?: string;
  signWith?: string;
  yes?: boolean;
  consent?: string[];
  canary?: boolean;
  batch?: number;
  maxFailures?: number;
  grace?: number;
  deadMan?: number;
  recheck?: number;
  identity?: string[];
};

/** What every command takes that changes who may log in. */
export const addChangeOptions = (command: Command): Command =>
  addRunOptions(
    command
      .option("--script <folder>", "write the plan as a script for each host, to be carried there")
      .option(
        "--sign-with <key>",
        "sign the scripts with this private key, or by the agent with that of this .pub file",
      )
      .option(
        "--grace <days>",
        "days to watch the logs for uses of the old key before its lines go; 0, if not said",
        wholeNumber(0, 365),
      ),
  );

/** Of these what changes certificates takes, too: it is carried by no script, and no old key stands beside the new one. */
export const addRunOptions = (command: Command): Command =>
  command
    .option("--plan <file>", "write the plan to this file, and change nothing")
    .option("--apply [file]", "carry the plan out, or the one in this file")
    .option("--yes", "carry it out without asking, for scripts; nothing is to be typed then")
    .option(
      "--consent <check>",
      "agree to what the plan marks by consent: its name, or all that stands before the colon; may be given again",
      collect,
    )
    .option("--no-canary", "begin with a whole batch instead of one host alone")
    .option("--batch <hosts>", "hosts at a time; 8, if not said", wholeNumber(1, 64))
    .option(
      "--max-failures <hosts>",
      "failed hosts after which no other is begun; 1, if not said",
      wholeNumber(1, 10_000),
    )
    .option(
      "--dead-man <seconds>",
      "until a host takes back by itself what was not proved; 120, if not said",
      wholeNumber(30, 3_600),
    )
    .option("--identity <file>", "log in with this private key; may be given again", collect);

/** How every such command ends. */
export const CHANGE_ENDS = `

Exit codes: 0 planned, committed, or waiting (latchkey runs says for what); 1 paused, or somebody must look; 2 refused,
nothing was changed; 3 stopped: what failed was taken back.
With --json: { planId, hash, plan }, or after --apply { run }`;

/** What a plan holds of how it is carried out. */
export type PlanField = keyof PlanOptions;

/** Which option says it. */
export const OPTION_OF = {
  canary: "canary",
  batchSize: "batch",
  maxFailures: "maxFailures",
  graceDays: "grace",
  deadManSeconds: "deadMan",
  recheckMinutes: "recheck",
} as const satisfies Record<PlanField, keyof ChangeOptions>;

export const planOptionsOf = (options: ChangeOptions): PlanOptions =>
  PlanOptions.parse(
    Object.fromEntries(Object.entries(OPTION_OF).map(([field, option]) => [field, options[option]])),
  );
