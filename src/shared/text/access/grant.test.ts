import { expect, test } from "vitest";
import type { Verdict } from "../../model/access/verdict.ts";
import { formatWhy, formatWindow } from "./grant.ts";

const coverage = { read: [], notRead: [] };
const verdict = (
  effective: Verdict["effective"]["state"],
  owner: Verdict["owner"]["state"] = "unknown",
  use: Verdict["use"]["state"] = "unknown",
): Verdict => ({
  effective: {
    state: effective,
    reasons: [`effective ${effective}`],
    coverage,
    onlyFrom: ["10.0.0.0/8"],
    gives: [],
    dormant: null,
  },
  owner: {
    state: owner,
    who: null,
    isMatched: false,
    managedBy: null,
    reasons: [`owner ${owner}`],
    coverage,
  },
  use: { state: use, at: null, from: null, count: 0, evidence: null, reasons: [`use ${use}`], coverage },
});

test("what makes it an orphan is said first", () => {
  expect(formatWhy(verdict("yes", "gone", "unused"), "gone")).toEqual([
    "owner gone",
    "use unused",
    "effective yes",
    "bound to addresses: 10.0.0.0/8",
  ]);
  expect(formatWhy(verdict("yes", "unknown"), "private-key-not-found")[0]).toBe("owner unknown");
  expect(formatWhy(verdict("yes", "known", "unused"), "unused")[0]).toBe("use unused");
});

test("of what is no orphan, whether it lets in is said", () => {
  expect(formatWhy(verdict("no", "gone", "unused"), null)).toEqual([
    "effective no",
    "bound to addresses: 10.0.0.0/8",
  ]);
});

test("how far a log reaches is said in days, rounded down, and how strong that is", () => {
  expect(formatWindow({ source: "journal", from: "2026-02-20T00:00:01Z", to: "2026-05-31T00:00:00Z" })).toBe(
    "2026-02-20 to 2026-05-31, 99 days",
  );
  expect(
    formatWindow({ source: "/var/log/secure", from: "2026-05-30T12:00:00Z", to: "2026-05-31T12:00:00Z" }),
  ).toBe("2026-05-30 to 2026-05-31, 1 day; claimed: any user of the host can have lines written to it");
});
