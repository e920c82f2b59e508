import type { Database } from "better-sqlite3";
import { DEFAULT_MAX_AGE_DAYS, MaxAgeDays } from "#shared/contract/today.ts";

/** What the user has chosen. A value that cannot be read any more is its default. */
export function settingTable(db: Database) {
  const find = db.prepare<[string], string>("SELECT value FROM setting WHERE name = ?").pluck();
  const write = db.prepare(
    "INSERT INTO setting (name, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
  );

  return {
    /** After so many days without a reading a target counts as not known. */
    maxAgeDays: (): number =>
      MaxAgeDays.safeParse(JSON.parse(find.get("max-age-days") ?? "null")).data ?? DEFAULT_MAX_AGE_DAYS,
    setMaxAgeDays: (days: number): void => void write.run("max-age-days", JSON.stringify(days)),
  };
}
