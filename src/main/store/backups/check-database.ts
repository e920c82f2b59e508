import type { DatabaseCheck } from "#shared/model/backup.ts";
import type { Instant } from "#shared/model/instant.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { explainSqlite } from "#store/explain-sqlite.ts";
import { checkFile, isMissing } from "#store/opening/check-file.ts";
import { readSchema } from "#store/opening/migrate.ts";
import { openToLook } from "./copy-database.ts";
import { runAside } from "./run-aside.ts";

/** Reads a whole database and says what is wrong with it. It need not be one that can be opened to work with. */
export async function checkDatabase(path: string, at: Instant): Promise<DatabaseCheck> {
  if (isMissing(path)) throw new Refusal("not-found", `there is no database at ${path}`);
  checkFile(path, { mayWrite: false });
  const refusal = findRefusal(path);
  if (refusal !== null) return { at, problems: [refusal], eventCount: 0 };
  const { problems, unsealed, eventCount, failure } = await runAside({ path, copyTo: null });
  return { at, problems: failure === null ? [...problems, ...unsealed] : [failure], eventCount };
}

/** Why its first page does not let it be used, as a sentence. */
function findRefusal(path: string): string | null {
  try {
    using database = openToLook(path);
    readSchema(database.db);
    return null;
  } catch (error) {
    const explained = explainSqlite(error, path);
    if (!(explained instanceof Refusal)) throw error;
    return explained.message;
  }
}
