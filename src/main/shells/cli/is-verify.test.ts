import { expect, test } from "vitest";
import { isVerify } from "./is-verify.ts";

test.each([
  [["verify", "--leaf", "a.pem"], true],
  [["--json", "verify"], true],
  [["--db", "verify", "scan"], false],
  [["--db", "x.db", "--json", "verify"], true],
  [["--db=x.db", "verify"], true],
  [["inspect", "verify"], false],
  [["--help", "verify"], false],
  [["--db"], false],
  [[], false],
])("%j is for the short command line: %s", (argv, expected) => {
  expect(isVerify(argv)).toBe(expected);
});
