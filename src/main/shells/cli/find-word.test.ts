import { expect, test } from "vitest";
import { findWord } from "./find-word.ts";

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
