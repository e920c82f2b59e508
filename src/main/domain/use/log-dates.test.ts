import fc from "fast-check";
import { expect, test } from "vitest";
import { dateDays } from "./log-dates.ts";

const DAY_MS = 86_400_000;
const toDay = (date: string): number => Date.parse(date) / DAY_MS;
const toDates = (days: (number | null)[]): (string | null)[] =>
  days.map((day) => (day === null ? null : new Date(day * DAY_MS).toISOString().slice(0, 10)));

test("a day without a year is the last one that is not after the day that follows it", () => {
  const days = ["Nov 30", "Dec 31", "Jan  1", "Jan 12"];
  expect(toDates(dateDays(days, toDay("2026-01-14")))).toEqual([
    "2025-11-30",
    "2025-12-31",
    "2026-01-01",
    "2026-01-12",
  ]);
});

test("a log of several years is walked back through each of them", () => {
  const days = ["Mar  1", "Feb  1", "Jan  1"];
  expect(toDates(dateDays(days, toDay("2026-01-02")))).toEqual(["2024-03-01", "2025-02-01", "2026-01-01"]);
});

test("29 February is in the last leap year", () => {
  expect(toDates(dateDays(["Feb 29", "Mar  1"], toDay("2026-03-01")))).toEqual(["2024-02-29", "2026-03-01"]);
  expect(toDates(dateDays(["Feb 29"], toDay("2028-03-01")))).toEqual(["2028-02-29"]);
});

test("lines that are out of order around midnight do not cost a year", () => {
  const days = ["Dec 31", "Jan  1", "Dec 31", "Jan  1"];
  expect(toDates(dateDays(days, toDay("2026-01-02")))).toEqual([
    "2025-12-31",
    "2026-01-01",
    "2025-12-31",
    "2026-01-01",
  ]);
});

test("a day with a year stands for itself, and tells the year of those before it", () => {
  expect(toDates(dateDays(["Dec 30", "2026-01-02"], null))).toEqual(["2025-12-30", "2026-01-02"]);
  expect(toDates(dateDays(["2026-01-02", "Jan  3"], toDay("2026-01-04")))).toEqual([
    "2026-01-02",
    "2026-01-03",
  ]);
});

test("without knowing when the log was written no year is guessed, and no date is made of what is none", () => {
  expect(dateDays(["Nov 30", "Dec  1"], null)).toEqual([null, null]);
  expect(dateDays(["Foo 12", "Feb 30", "2026-02-30", ""], toDay("2026-03-01"))).toEqual([
    null,
    null,
    null,
    null,
  ]);
});

test("whatever days a log had, they are found again from its end, leap days and years included", () => {
  const gaps = fc.array(fc.integer({ min: 1, max: 360 }), { maxLength: 40 });
  fc.assert(
    fc.property(fc.integer({ min: 10_000, max: 25_000 }), gaps, (start, steps) => {
      const days = [start];
      for (const step of steps) days.push((days.at(-1) ?? 0) + step);
      const written = days.map((day) => {
        const date = new Date(day * DAY_MS);
        const month = date.toLocaleString("en", { month: "short", timeZone: "UTC" });
        return `${month} ${String(date.getUTCDate()).padStart(2)}`;
      });
      expect(dateDays(written, days.at(-1) ?? 0)).toEqual(days);
    }),
  );
});
