import type { Database } from "better-sqlite3";
import { eventTable } from "#store/event-table.ts";
import { readMark } from "#store/opening/mark.ts";
import { formatLoss } from "#store/opening/progress.ts";
import { findUnsealed } from "#store/seals/seals.ts";
import { findDamage } from "./copy-database.ts";

/**
 * `problems` are sentences; none when all is well. `unsealed`: what others than this program have changed, which keeps nobody from
 * a copy of it.
 */
export type Examined = { problems: string[]; unsealed: string[]; eventCount: number };

/** Reads every page and every index, follows the record of events from its start, and sees that it is all there. */
export function examine(db: Database): Examined {
  const damage = findDamage(db);
  if (damage.length > 0)
    return { problems: damage.map((line) => `it is damaged: ${line}`), unsealed: [], eventCount: 0 };
  // The first schema had no events yet.
  if (db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'event'").get() === undefined)
    return { problems: [], unsealed: [], eventCount: 0 };
  const mark = readMark(db.name);
  const events = eventTable(db);
  const brokenAt = events.findBreak();
  const loss = formatLoss(db, db.name, mark);
  return {
    problems: [
      ...(brokenAt === null
        ? []
        : [`event ${brokenAt} was changed or removed by somebody: nothing after it is sure`]),
      ...(loss === null ? [] : [loss]),
    ],
    unsealed: findUnsealed(db, db.name),
    eventCount: events.count(),
  };
}
