import fc from "fast-check";
import { expect, test } from "vitest";
import { hasPassed, readExpiryTime } from "./line-options.ts";

const NOON = Date.UTC(2026, 5, 1, 12) / 1_000;
const passed = (text: string, utcOffset: string | null) => {
  const expiry = readExpiryTime(text);
  return expiry && hasPassed(expiry, NOON, utcOffset);
};

test("a date with a zone is what it says, to the second", () => {
  expect(passed("20260601115959Z", null)).toBe(true);
  expect(passed("202606011200UTC", null)).toBe(false);
  expect(passed("20260601120000z", null)).toBe(false);
});

test("a date without a zone is in the host's, give or take an hour of summer time", () => {
  expect(passed("202606011030", "+0200")).toBe(true);
  expect(passed("202606011330", "+0200")).toBeNull();
  expect(passed("202606011530", "+0200")).toBe(false);
  expect(passed("20260601", "-0700")).toBe(true);
});

test("without the host's zone, half a day decides nothing", () => {
  expect([passed("20260601", null), passed("20260530", null), passed("20260603", null)]).toEqual([
    null,
    true,
    false,
  ]);
});

test("what sshd does not read is no date", () => {
  for (const text of [
    "",
    "Z",
    "2026",
    "20261301",
    "20260132",
    "202606012460",
    "2026-06-01",
    "20260601T12",
    "abcdefgh",
  ]) {
    expect(readExpiryTime(text)).toBeNull();
  }
  fc.assert(fc.property(fc.string(), (text) => void readExpiryTime(text)));
});
