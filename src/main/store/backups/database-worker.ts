import { parentPort, workerData } from "node:worker_threads";
import { Refusal } from "#shared/model/refusal.ts";
import { explainSqlite } from "#store/explain-sqlite.ts";
import { copyDatabase, examine, openForReading } from "./copy-database.ts";
import type { AsideReply, AsideWork } from "./run-aside.ts";

/*
 * A thread that reads a whole database, which takes seconds, while the core goes on. It imports no schema, so that a
 * bare Node can run it.
 */

parentPort?.postMessage(execute(workerData as AsideWork));

function execute({ path, copyTo }: AsideWork): AsideReply {
  try {
    using database = openForReading(path);
    const examined = examine(database.db);
    if (examined.problems.length === 0 && copyTo !== null) copyDatabase(database.db, copyTo);
    return { ...examined, failure: null };
  } catch (error) {
    const explained = explainSqlite(error, path);
    if (!(explained instanceof Refusal)) throw error;
    return { problems: [], unsealed: [], eventCount: 0, failure: explained.message };
  }
}
