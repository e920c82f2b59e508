import type { RosterPerson } from "./roster.ts";

const ACTIVE = new Set([
  "active",
  "enabled",
  "employed",
  "current",
  "present",
  "here",
  "yes",
  "true",
  "1",
  "ok",
  "aktiv",
]);
const GONE = new Set([
  "gone",
  "left",
  "leaver",
  "inactive",
  "disabled",
  "terminated",
  "former",
  "departed",
  "suspended",
  "deprovisioned",
  "deactivated",
  "offboarded",
  "resigned",
  "retired",
  "no",
  "false",
  "0",
  "ausgeschieden",
]);

/** What a word in a column of states says; null where it is none of those that are understood. */
export function readState(text: string): RosterPerson["said"] | null {
  const word = text.trim().toLowerCase();
  if (word === "") return "nothing";
  if (ACTIVE.has(word)) return "active";
  return GONE.has(word) ? "gone" : null;
}

/** A day as 2026-03-31: of that form, with a time after it, or as 31.03.2026. Null where it is no such thing. */
export function readDay(text: string): string | null {
  const iso = /^(\d{4})-(\d\d)-(\d\d)(?:[T ].*)?$/.exec(text.trim());
  const european = /^(\d{1,2})\.(\d{1,2})\.(\d{4})$/.exec(text.trim());
  const [year, month, day] = iso ? iso.slice(1, 4) : european ? european.slice(1, 4).toReversed() : [];
  if (year === undefined || month === undefined || day === undefined) return null;
  const written = `${year}-${month.padStart(2, "0")}-${day.padStart(2, "0")}`;
  const at = new Date(`${written}T00:00:00Z`);
  return Number.isNaN(at.getTime()) || at.toISOString().slice(0, 10) !== written ? null : written;
}
