import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { ORPCError } from "@orpc/server";
import { InvalidArgumentError } from "commander";
import envPaths from "env-paths";
import { Refusal } from "#shared/model/refusal.ts";
import { printableJson } from "#shared/text/untrusted-text.ts";
import { printError, printRefused } from "./print-error.ts";
import type { World } from "./session.ts";

/** Options of every command, before or after its name. */
export type CommonOptions = { db?: string; json?: boolean };

/** Parses a whole number for an option. */
export const wholeNumber = (least: number, most: number) => (text: string) => {
  const number = Number(text);
  if (/^\d{1,9}$/.test(text) && number >= least && number <= most) return number;
  throw new InvalidArgumentError(`Write a whole number from ${least} to ${most}.`);
};

/** Parses a number of days for an option: `7d`, or `7`. */
export const days = (text: string): number => {
  const number = Number(text.replace(/d$/, ""));
  if (/^\d{1,4}d?$/.test(text) && number >= 1 && number <= 3_650) return number;
  throw new InvalidArgumentError("Write a number of days from 1d to 3650d.");
};

/** Parses a time for an option, in hours: `24h`, `7d`, or `0`. */
export const hours = (text: string): number => {
  const [, count, unit] = /^(\d{1,3})([hd])$/.exec(text) ?? [];
  const number = text === "0" ? 0 : Number(count) * (unit === "d" ? 24 : 1);
  if (number >= 0 && number <= 720) return number;
  throw new InvalidArgumentError("Write hours or days, such as 24h or 7d, at most 30d; or 0.");
};

/** One JSON document. */
export const printJson = (document: object, { out }: World): void => out(printableJson(document, 2));

/** The database in the data folder of this system's user. The folder is made, for that user alone. */
export function findDefaultDatabase(): string {
  const folder = envPaths("latchkey", { suffix: "" }).data;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Refusal(
      "unusable",
      `the folder ${folder} cannot be created (${why}); name another database with --db`,
    );
  }
  return join(folder, "latchkey.db");
}

/** Prints an error on stderr, also one that came over the contract, and returns the exit code for it. */
export const explain = (error: unknown, world: World): number =>
  error instanceof ORPCError ? printRefused(error, world) : printError(error, world);
