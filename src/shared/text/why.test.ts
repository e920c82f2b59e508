import { expect, test } from "vitest";
import type { Verdict } from "../model/verdict.ts";
import { isOrphaned, sayWhy } from "./why.ts";

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
  use: { state: use, at: null, from: null, count: 0, reasons: [`use ${use}`], coverage },
});

test("a grant is orphaned on evidence only, and only while it may let someone in", () => {
  expect(isOrphaned(verdict("yes"))).toBe(false);
  expect(isOrphaned(verdict("yes", "gone"))).toBe(true);
  expect(isOrphaned(verdict("unknown", "known", "unused"))).toBe(true);
  expect(isOrphaned(verdict("no", "gone", "unused"))).toBe(false);
});

test("what decides is said first", () => {
  expect(sayWhy(verdict("yes", "gone", "used"))).toEqual([
    "owner gone",
    "effective yes",
    "only from 10.0.0.0/8",
  ]);
  expect(sayWhy(verdict("no", "gone"))).toEqual(["effective no", "only from 10.0.0.0/8"]);
});
