import { expect, test } from "vitest";
import { expiringFrom } from "./certificate-findings.ts";

test("a certificate is expiring in the last third of its life and urgent in the last sixth", () => {
  expect(expiringFrom("2026-01-01T00:00:00Z", "2026-04-01T00:00:00Z")).toEqual({
    warnFrom: "2026-03-02T00:00:00Z",
    urgentFrom: "2026-03-17T00:00:00Z",
  });
});

test("of a life below ten days half is left when it is due, and a quarter when it is urgent", () => {
  expect(expiringFrom("2026-01-01T00:00:00Z", "2026-01-09T00:00:00Z")).toEqual({
    warnFrom: "2026-01-05T00:00:00Z",
    urgentFrom: "2026-01-07T00:00:00Z",
  });
  expect(expiringFrom("2026-01-01T00:00:00Z", "2026-01-13T00:00:00Z")).toEqual({
    warnFrom: "2026-01-09T00:00:00Z",
    urgentFrom: "2026-01-11T00:00:00Z",
  });
});

test("of a life beyond 398 days, 398 count", () => {
  expect(expiringFrom("2016-01-01T00:00:00Z", "2041-01-01T00:00:00Z")).toEqual({
    warnFrom: "2040-08-21T08:00:00Z",
    urgentFrom: "2040-10-26T16:00:00Z",
  });
});

test("what does not expire, or cannot be told, is not expiring", () => {
  expect(expiringFrom("2026-01-01T00:00:00Z", "9999-12-31T23:59:59Z")).toBeNull();
  expect(expiringFrom("2026-01-01T00:00:00Z", "2025-01-01T00:00:00Z")).toBeNull();
  expect(expiringFrom(null, "2026-01-01T00:00:00Z")).toBeNull();
  expect(expiringFrom("2026-01-01T00:00:00Z", null)).toBeNull();
});
