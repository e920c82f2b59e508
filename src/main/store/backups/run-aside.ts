import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import type { Backup, BackupReason, DatabaseCheck } from "#shared/model/backup.ts";
import type { Instant } from "#shared/model/instant.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { explainSqlite } from "#store/explain-sqlite.ts";
import { checkFile, isMissing } from "#store/opening/check-file.ts";
import { readSchema } from "#store/opening/migrate.ts";
import { describeBackup, nameBackup, removeOldBackups } from "./backup-files.ts";
import { type Examined, openForReading } from "./copy-database.ts";

export type AsideWork = {
  path: string;
  /** Where to put a copy when all is well; null for no copy. */
  copyTo: string | null;
};

/** `failure`: why it could not be read or copied, as a sentence; null where it could. */
export type AsideReply = Examined & { failure: string | null };

/** The worker is beside this file, as source and as built: all parts of the program are in one folder then. */
const WORKER = new URL(`./database-worker${extname(import.meta.url)}`, import.meta.url);

/** Reads a whole database in a thread of its own, beside the process that writes to it, and copies it if it is well. */
function runAside(work: AsideWork): Promise<AsideReply> {
  const worker = new Worker(WORKER, { name: "database", workerData: work });
  return new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.once("exit", () => reject(new Error("the thread that reads the database ended without a word")));
  });
}

/** Reads a whole database and reports what is wrong with it. The program may be unable to open it for work. */
export async function checkDatabase(path: string, at: Instant): Promise<DatabaseCheck> {
  if (isMissing(path)) throw new Refusal("not-found", `there is no database at ${path}`);
  checkFile(path, { mayWrite: false });
  const refusal = findRefusal(path);
  if (refusal !== null) return { at, problems: [refusal], eventCount: 0 };
  const { problems, unsealed, eventCount, failure } = await runAside({ path, copyTo: null });
  return { at, problems: failure === null ? [...problems, ...unsealed] : [failure], eventCount };
}

/** Why its first page forbids its use, as a sentence. */
function findRefusal(path: string): string | null {
  try {
    using database = openForReading(path);
    readSchema(database.db);
    return null;
  } catch (error) {
    const explained = explainSqlite(error, path);
    if (!(explained instanceof Refusal)) throw error;
    return explained.message;
  }
}

/**
 * Backs the database up beside all other work, after a check found it well: a copy of a damaged one would push a good
 * backup out.
 */
export async function makeBackup(
  database: string,
  { at, reason }: { at: Instant; reason: BackupReason },
): Promise<Backup> {
  if (isMissing(database)) throw new Refusal("not-found", `there is no database at ${database}`);
  const copyTo = nameBackup(database, { at, reason });
  const { problems, failure } = await runAside({ path: database, copyTo });
  const why = failure ?? problems[0];
  if (why !== undefined) throw new Refusal("unusable", `no backup was made of ${database}: ${why}`);
  removeOldBackups(database, copyTo);
  return describeBackup(copyTo);
}
