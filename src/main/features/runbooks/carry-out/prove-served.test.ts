import { expect, test } from "vitest";
import { wantedAt } from "./prove-served.ts";

test("going back, what the old files hold is as right as what was shown, and no certificate at all is never the new one", () => {
  const known = { fresh: "new", old: "old" };
  expect(wantedAt({ before: "stale" }, "old", known)).toEqual(["stale", "old"]);
  expect(wantedAt({ before: null }, "old", known)).toBe(null);
  expect(wantedAt({ before: "stale" }, "new", known)).toEqual(["new"]);
  expect(wantedAt({ before: "stale" }, "new", { ...known, fresh: null })).toEqual([]);
});
