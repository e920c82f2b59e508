import { expect, test } from "vitest";
import { findWord, formatSimilar } from "./find-word.ts";

test.each([
  [["verify", "--leaf", "a.pem"], "verify"],
  [["--json", "verify"], "verify"],
  [["--db", "verify", "scan"], "scan"],
  [["--db", "x.db", "--json", "verify"], "verify"],
  [["--db=x.db", "verify"], "verify"],
  [["inspect", "verify"], "inspect"],
  [["--help", "verify"], null],
  [["--db"], null],
  [[], null],
])("%j is the command %s", (argv, expected) => {
  expect(findWord(argv)).toBe(expected);
});

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
