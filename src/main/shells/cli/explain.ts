import { ORPCError } from "@orpc/server";
import { formatError, formatRefused } from "./say-error.ts";
import type { World } from "./world.ts";

/** Says an error on stderr, also one that the contract carried, and answers with the exit code that it means. */
export const explain = (error: unknown, world: World): number =>
  error instanceof ORPCError ? formatRefused(error, world) : formatError(error, world);
