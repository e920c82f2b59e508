import { expect, test } from "vitest";
import { openStore } from "./store.ts";

test("opens", () => {
  const s = openStore({ path: ":memory:", access: "write" });
  expect(s.events.count()).toBe(0);
  s.scans.begin({ total: 1, at: "2026-01-01T00:00:00Z" });
  expect(s.scans.list({ after: null, limit: 10 })).toMatchObject({ total: 1 });
  s.close();
});
