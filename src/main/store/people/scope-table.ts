import type { Database } from "better-sqlite3";
import type { Instant } from "#shared/model/instant.ts";
import type { Scope } from "#shared/model/person.ts";

/** As first-rows.sql has it, before anybody has declared anything. */
const NEVER: Instant = "1970-01-01T00:00:00Z";

/** What the user has said of the scope. */
export function scopeTable(db: Database) {
  const read = db.prepare<[], { is_whole: number; note: string; declared_at: string }>(
    "SELECT is_whole, note, declared_at FROM scope",
  );
  const declare = db.prepare(`
    UPDATE scope
    SET note = @note, is_whole = @isWhole, declared_at = iif(is_whole = @isWhole AND declared_at <> @never, declared_at, @at)`);

  return {
    read(): Scope {
      const row = read.get();
      const declaredAt = row && row.declared_at !== NEVER ? row.declared_at : null;
      return { isWhole: row?.is_whole === 1, note: row?.note ?? "", declaredAt };
    },

    declare: (isWhole: boolean, note: string, at: Instant): void => {
      declare.run({ isWhole: Number(isWhole), note, at, never: NEVER });
    },
  };
}
