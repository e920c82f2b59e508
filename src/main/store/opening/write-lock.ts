import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import Sqlite from "better-sqlite3";
import { DatabaseHeld } from "#shared/model/refusal.ts";
import { makeFile } from "./check-file.ts";

export type WriteLock = {
  /** The process that had the lock before this one was killed, or its machine was. */
  wasAbandoned: boolean;
  release(): void;
};

type LockOwner = { pid: number; host: string; since: string };

/**
 * Lets one process at a time write to a database.
 *
 * The lock is the operating system's, on a file beside the database that SQLite keeps locked. It ends with its process,
 * however that ends, so none is ever stale and no process id is mistaken for another's. A second file says, for people,
 * which process has it.
 */
export function takeWriteLock(path: string): WriteLock {
  const ownerPath = `${path}.holder`;
  const lockPath = `${path}.lock`;
  makeFile(lockPath);
  const lock = new Sqlite(lockPath, { timeout: 0 });
  try {
    lock.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    lock.close();
    if (error instanceof Sqlite.SqliteError && error.code.startsWith("SQLITE_BUSY")) {
      throw new DatabaseHeld(path, formatOwner(ownerPath));
    }
    throw error;
  }
  const wasAbandoned = readOwner(ownerPath) !== null;
  const owner: LockOwner = { pid: process.pid, host: hostname(), since: startOfProcess() };
  writeFileSync(ownerPath, JSON.stringify(owner), { mode: 0o600 });
  return {
    wasAbandoned,
    release() {
      // At a second call, the file may belong to the next process.
      if (!lock.open) return;
      rmSync(ownerPath, { force: true });
      lock.close();
    },
  };
}

const startOfProcess = (): string => {
  const start = new Date(Date.now() - process.uptime() * 1000);
  return `${start.toISOString().slice(0, 19)}Z`;
};

function formatOwner(path: string): string {
  const owner = readOwner(path);
  if (!owner) return "another process";
  const where = owner.host === hostname() ? "" : ` on ${owner.host}`;
  return `process ${owner.pid}${where} since ${owner.since}`;
}

function readOwner(path: string): LockOwner | null {
  try {
    const { pid, host, since } = JSON.parse(readFileSync(path, "utf8"));
    return { pid: Number(pid), host: String(host), since: String(since) };
  } catch {
    return null;
  }
}
