import { expect, test } from "vitest";
import { formatSimilar } from "./similar.ts";

test.each([
  ["scans", "scan"],
  ["certifcates", "certificates"],
  ["certificate", "certificates"],
  ["rnus", "runs"],
  ["todya", "today"],
  ["hsots", "hosts"],
])("%s may mean %s", (typed, name) => {
  const names = ["scan", "certificates", "runs", "today", "hosts", "host-keys"];
  expect(formatSimilar(typed, names)).toBe(` (did you mean ${name}?)`);
});

test("what is like no name suggests none, however long it is", () => {
  expect(formatSimilar("frobnicate", ["scan", "runs"])).toBe("");
  expect(formatSimilar("x".repeat(100_000), ["scan", "runs"])).toBe("");
  expect(formatSimilar("", ["scan"])).toBe("");
});
