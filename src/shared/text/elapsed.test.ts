import { expect, test } from "vitest";
import { formatBytes, formatDuration, formatElapsed, formatExpiry } from "./elapsed.ts";

const now = new Date("2026-06-01T12:00:00Z");

test.each([
  ["2026-06-01T12:00:00Z", "just now"],
  ["2026-06-01T12:00:59Z", "just now"],
  ["2026-06-01T11:59:00Z", "1 minute ago"],
  ["2026-06-01T09:00:01Z", "2 hours ago"],
  ["2026-06-13T13:00:00Z", "in 12 days"],
  ["2026-09-20T12:00:00Z", "in 111 days"],
  ["2026-11-20T12:00:00Z", "in 5 months"],
  ["2024-05-01T12:00:00Z", "2 years ago"],
])("on 1 June at noon, %s is said %j", (instant, words) => {
  expect(formatElapsed(instant, now)).toBe(words);
});

test("an expiry says whether it is behind us", () => {
  expect(formatExpiry("2026-05-30T11:00:00Z", now)).toBe("expired 2 days ago");
  expect(formatExpiry("2026-06-02T12:00:00Z", now)).toBe("expires in 1 day");
  expect(formatExpiry("2026-06-01T12:00:30Z", now)).toBe("expires within a minute");
});

test("sizes and durations are said in the unit that fits", () => {
  expect([0, 999, 1_000, 12_345_678].map(formatBytes)).toEqual(["0 bytes", "999 bytes", "1.0 kB", "12.3 MB"]);
  expect([140, 3_210, 240_000, 5_400_000].map(formatDuration)).toEqual([
    "140 ms",
    "3.2 s",
    "4 min",
    "1 h 30 min",
  ]);
});
