import type { Database } from "better-sqlite3";
import type { Instant } from "#shared/model/instant.ts";

/** The collectors that were handed out to be carried. */
export function handedTable(db: Database) {
  const add = db.prepare("INSERT INTO handed_collector (nonce, handed_at) VALUES (?, ?)");
  const find = db
    .prepare<[string], Instant>("SELECT handed_at FROM handed_collector WHERE nonce = ?")
    .pluck();

  return {
    add: (nonce: string, at: Instant): void => void add.run(nonce, at),
    /** When it was handed out; null: not from here. */
    find: (nonce: string): Instant | null => find.get(nonce) ?? null,
  };
}
