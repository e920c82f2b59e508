import { mkdirSync } from "node:fs";
import { join } from "node:path";
import envPaths from "env-paths";
import { Refusal } from "#shared/model/refusal.ts";

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
