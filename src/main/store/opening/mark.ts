import { createHash } from "node:crypto";
import { closeSync, constants, openSync, readFileSync, rmSync, writeSync } from "node:fs";

/** How far a database had come: its last event with its seal, and its last probe. Both only ever grow. */
export type Mark = { event: number; hash: string; probe: number };

/** Always as long, so that it is written in place: that needs no room on a full disk. */
const LENGTH = 160;

const pathOf = (database: string): string => `${database}.mark`;

/**
 * A small file beside the database that says how far it had come.
 *
 * SQLite keeps the newest commits in a file of their own (`-wal`). Without it the database is whole, only
 * older, and says so nowhere: whoever deletes that file, or puts an older copy in place, would go unseen.
 * The mark is written after each commit and never waited for, so after a power cut it may be behind the
 * database, but never ahead of it.
 */
export function openMark(database: string) {
  let file: number | null = null;
  return {
    keep(mark: Mark): void {
      try {
        file ??= openSync(pathOf(database), constants.O_RDWR | constants.O_CREAT, 0o600);
        writeSync(file, seal(mark), 0);
      } catch (error) {
        // It stays behind, which is allowed: the commit itself is saved.
        if (!isFromSystem(error)) throw error;
      }
    },
    close(): void {
      if (file !== null) closeSync(file);
      file = null;
    },
  };
}

/** Null when there is none, or when one is just being written. */
export function readMark(database: string): Mark | null {
  try {
    const text = readFileSync(pathOf(database), "utf8");
    const { event, hash, probe } = JSON.parse(text.split("\n")[0] ?? "");
    const mark: Mark = { event: Number(event), hash: String(hash), probe: Number(probe) };
    return seal(mark) === text ? mark : null;
  } catch (error) {
    if (isFromSystem(error) || error instanceof SyntaxError) return null;
    throw error;
  }
}

/** For a database that takes the place of another, whose mark says nothing of it. */
export const forgetMark = (database: string): void => rmSync(pathOf(database), { force: true });

function seal({ event, hash, probe }: Mark): string {
  const line = JSON.stringify({ event, hash, probe });
  const sum = createHash("sha256").update(line).digest("hex").slice(0, 16);
  return `${line}\n${sum}`.padEnd(LENGTH - 1).concat("\n");
}

const isFromSystem = (error: unknown): boolean => error instanceof Error && "errno" in error;
