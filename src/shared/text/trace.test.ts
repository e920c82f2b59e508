import { expect, test } from "vitest";
import { formatTrace } from "./trace.ts";

test("a trace is made of names, and of nothing else that it is given", () => {
  expect(formatTrace(["hand", "db-1.corp:22", "look", "ok"])).toBe("hand db-1.corp:22 look ok");
  expect(formatTrace(["run", 7, null, "remove"])).toBe("run 7 null remove");
  const others = ["", "a b", "\u001b[2J", "a\nb", "x".repeat(81), "AAAA+/=", "/home/jo/.ssh/id", "p\u00e4ss"];
  expect(formatTrace(others)).toBe(others.map(() => "?").join(" "));
});
