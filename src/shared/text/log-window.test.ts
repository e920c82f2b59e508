import { expect, test } from "vitest";
import { formatWindow } from "./log-window.ts";

test("how far a log reaches is said in days, rounded down, and how strong that is", () => {
  expect(formatWindow({ source: "journal", from: "2026-02-20T00:00:01Z", to: "2026-05-31T00:00:00Z" })).toBe(
    "2026-02-20 to 2026-05-31, 99 days",
  );
  expect(
    formatWindow({ source: "/var/log/secure", from: "2026-05-30T12:00:00Z", to: "2026-05-31T12:00:00Z" }),
  ).toBe("2026-05-30 to 2026-05-31, 1 day; claimed: any user of the host can have lines written to it");
});
