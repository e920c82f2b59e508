import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import type { Examined } from "./examine.ts";

export type AsideWork = {
  path: string;
  /** Where to put a copy when all is well; null for none. */
  copyTo: string | null;
};

/** `failure`: why it could not be read or copied, as a sentence; null when it could. */
export type AsideReply = Examined & { failure: string | null };

/** Beside this file, as source and as built: all parts of the program are in one folder then. */
const WORKER = new URL(`./database-worker${extname(import.meta.url)}`, import.meta.url);

/** Reads a whole database in a thread of its own, beside whoever writes to it, and copies it when it is well. */
export function runAside(work: AsideWork): Promise<AsideReply> {
  const worker = new Worker(WORKER, { name: "database", workerData: work });
  return new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.once("exit", () => reject(new Error("the thread that reads the database ended without a word")));
  });
}
