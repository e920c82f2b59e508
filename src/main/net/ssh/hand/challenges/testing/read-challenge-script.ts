import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** Verbs of challenges, to be read after hand.sh. */
export const readChallengeScript = (): Promise<string> =>
  readFile(join(import.meta.dirname, "../../../../../../../resources/rotation/challenge.sh"), "utf8");
