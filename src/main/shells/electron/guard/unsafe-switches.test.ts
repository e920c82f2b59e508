import { expect, test } from "vitest";
import { findUnsafeSwitch, formatUnsafe } from "./unsafe-switches.ts";

test.each([
  ["--remote-debugging-port=9222"],
  ["--remote-debugging-pipe"],
  ["-remote-debugging-port=0"],
  ["--Remote-Debugging-Port=9222"],
  ["--remote-allow-origins=*"],
  ["--inspect"],
  ["--inspect-brk=0.0.0.0:9229"],
  ["--js-flags=--expose-gc"],
  ["--renderer-cmd-prefix=/tmp/evil"],
])("%s is found, whatever is before it", (word) => {
  expect(findUnsafeSwitch(["--db", "a.db", "file.pem", word])).toBe(word);
});

test.each([
  [[]],
  [["--no-sandbox", "--ozone-platform=x11", "--db", "a.db", "cert.pem"]],
  [["inspect", "a.pem"]],
  [["scan", "--", "--remote-debugging-port=1"]],
])("%j has none", (args) => {
  expect(findUnsafeSwitch(args)).toBeNull();
});

test("what is said of one does not repeat its value", () => {
  expect(formatUnsafe("--js-flags=secret\u001b[2J")).toBe(
    "latchkey: --js-flags lets other programs into this one, so Latchkey does not start with it; start it without",
  );
});
