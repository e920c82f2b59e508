import { createHash } from "node:crypto";
import { closeSync, constants, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import type { Database } from "better-sqlite3";
import { formatCount } from "#shared/text/count.ts";

/** How far a database had come: its last event with its seal, and its last probe. Both only ever grow. */
type Mark = { event: number; hash: string; probe: number };

/** The length is fixed, so that the file is overwritten in place: that works on a full disk. */
const LENGTH = 160;

const pathOf = (database: string): string => `${database}.mark`;

/**
 * A small file beside the database that says how far it had come.
 *
 * SQLite keeps the newest commits in a file of their own (`-wal`). Without it the database is whole, only older, and
 * nothing in it shows that: the deletion of that file, or an older copy in its place, would go unnoticed. The mark is
 * written after each commit and never waited for, so after a power cut it may be behind the database, but never ahead
 * of it.
 */
export function openMark(database: string) {
  let file: number | null = null;
  return {
    keep(mark: Mark): void {
      try {
        file ??= openSync(pathOf(database), constants.O_RDWR | constants.O_CREAT, 0o600);
        writeSync(file, seal(mark), 0);
      } catch (error) {
        // The mark stays behind, which is allowed: the commit itself is saved.
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

/** For a database that replaces another one, of which the mark says nothing. */
export const forgetMark = (database: string): void => rmSync(pathOf(database), { force: true });

function seal({ event, hash, probe }: Mark): string {
  const line = JSON.stringify({ event, hash, probe });
  const sum = createHash("sha256").update(line).digest("hex").slice(0, 16);
  return `${line}\n${sum}`.padEnd(LENGTH - 1).concat("\n");
}

const isFromSystem = (error: unknown): boolean => error instanceof Error && "errno" in error;

/** The seal before the first event. */
export const GENESIS = "0".repeat(64);

/** How far a database has come; read after every commit. */
export function progressOf(db: Database): () => Mark {
  const lastEvent = db.prepare<[], { id: number; hash: string }>(
    "SELECT id, hash FROM event ORDER BY id DESC LIMIT 1",
  );
  const lastProbe = db.prepare<[], number>("SELECT max(id) FROM probe").pluck();
  return () => {
    const { id, hash } = lastEvent.get() ?? { id: 0, hash: GENESIS };
    return { event: id, hash, probe: lastProbe.get() ?? 0 };
  };
}

/** What the mark says was saved and the database does not have, as a sentence; null when nothing is missing. */
export function formatLoss(db: Database, path: string, mark: Mark | null): string | null {
  if (!mark) return null;
  const now = progressOf(db)();
  const hash = db.prepare<[number], string>("SELECT hash FROM event WHERE id = ?").pluck().get(mark.event);
  if ((hash ?? GENESIS) === mark.hash && now.probe >= mark.probe) return null;
  const events = Math.max(0, mark.event - now.event);
  const probes = Math.max(0, mark.probe - now.probe);
  const what =
    events + probes > 0
      ? `${formatCount(events, "event")} and ${formatCount(probes, "probe")} that were saved are missing from ${path}`
      : `${path} has another history than the one that was kept here`;
  return `${what}: an older copy took its place, or the file ending in -wal was deleted; what is there is whole: scan again`;
}
