import type { Database } from "better-sqlite3";
import { formatCount } from "#shared/text/count.ts";
import type { Mark } from "./mark.ts";

/** What the first event is sealed with. */
export const GENESIS = "0".repeat(64);

/** How far a database has come, asked after every commit. */
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

/** What had been saved by the mark and is not there, as a sentence; null when nothing is missing. */
export function formatLoss(db: Database, path: string, mark: Mark | null): string | null {
  if (!mark) return null;
  const now = progressOf(db)();
  const hash = db.prepare<[number], string>("SELECT hash FROM event WHERE id = ?").pluck().get(mark.event);
  if ((hash ?? GENESIS) === mark.hash && now.probe >= mark.probe) return null;
  const events = Math.max(0, mark.event - now.event);
  const visits = Math.max(0, mark.probe - now.probe);
  const what =
    events + visits > 0
      ? `${formatCount(events, "event")} and ${formatCount(visits, "visit")} that were saved are missing from ${path}`
      : `${path} has another history than the one that was kept here`;
  return `${what}: an older copy took its place, or the file ending in -wal was deleted; what is there is whole: scan again`;
}
