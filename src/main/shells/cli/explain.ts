import { ORPCError } from "@orpc/server";
import { CommanderError } from "commander";
import { Refusal } from "#shared/model/refusal.ts";
import { printable } from "#shared/text/printable.ts";
import type { World } from "./world.ts";

/** What this machine, another one or another process stands in the way of, rather than the caller's wish. */
const NOT_DONE = ["locked", "unreachable", "unusable", "internal"];

/** Says an error on stderr, and answers with the exit code that it means. */
export function explain(error: unknown, world: World): number {
  // Commander has said its own by now; it "fails" with 0 after help.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  world.err(`latchkey: ${printable(error instanceof Error ? error.message : String(error))}`);
  if (!(error instanceof Refusal || error instanceof ORPCError)) return 3;
  return NOT_DONE.includes(error.code) ? 3 : 2;
}
