import type { Database } from "better-sqlite3";
import { OptionalRule } from "#shared/contract/findings.ts";
import type { Instant } from "#shared/model/instant.ts";

/** Rules that are looked at only where somebody has asked for it. */
export function ruleTable(db: Database) {
  const since = db.prepare<[string], string>("SELECT since FROM rule_wish WHERE rule = ?").pluck();
  const turnOn = db.prepare("INSERT INTO rule_wish (rule, since) VALUES (?, ?) ON CONFLICT DO NOTHING");
  const turnOff = db.prepare("DELETE FROM rule_wish WHERE rule = ?");

  return {
    list: () => OptionalRule.options.map((rule) => ({ rule, since: since.get(rule) ?? null })),

    /** Whether it was otherwise. A rule that is on stays so since when it is. */
    turn: (rule: OptionalRule, isOn: boolean, at: Instant): boolean =>
      (isOn ? turnOn.run(rule, at) : turnOff.run(rule)).changes > 0,
  };
}
