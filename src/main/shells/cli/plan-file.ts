import type { Command, Option } from "commander";
import { PlanOptions, RECHECK_MINUTES } from "#shared/model/plan.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { readFileOrRefuse } from "./read-file.ts";
import { type ChangeOptions, OPTION_OF, type PlanField } from "./rotate-options.ts";
import type { VaultOptions } from "./vault-ask.ts";

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
    // Said below, for it is the same to whoever named the file.
  }
  throw new Refusal("invalid-input", `${path} contains no plan; write one with --plan FILE`);
}

/** What is asked of each run, and so is in no plan. Whatever is not here is refused beside a plan file, unless the plan holds the same. */
const OF_A_RUN: ReadonlySet<string> = new Set<keyof (ChangeOptions & VaultOptions)>([
  "db",
  "json",
  "apply",
  "yes",
  "acknowledge",
  "identity",
  "vaultPassphraseFile",
]);

/** A run does what its plan holds, and nothing else: what was typed beside a plan file would be lost without a word. */
export function refuseBeside(command: Command, { path, plan }: PlanFile): void {
  const held = readOptions(plan);
  const lost = typedOptions(command)
    .filter(({ name }) => !OF_A_RUN.has(name))
    .flatMap(({ name, flag, value }) => {
      const field = FIELD_OF.get(name);
      if (field === undefined || held === null) return [flag];
      const own = held[field] ?? (field === "recheckMinutes" ? RECHECK_MINUTES : undefined);
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

/** Null: the file holds no plan, which whoever takes it says. */
function readOptions(plan: unknown): PlanOptions | null {
  const options = typeof plan === "object" && plan !== null && "options" in plan ? plan.options : null;
  return PlanOptions.safeParse(options).data ?? null;
}

/** Of the command and of those that it is under, in their order; what stands by default was not typed. */
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
