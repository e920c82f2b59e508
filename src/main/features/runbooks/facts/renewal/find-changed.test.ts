import { expect, test } from "vitest";
import { findChanged } from "./find-changed.ts";

test("what was written since a scan is told by the host's own clock, however wrong that is", () => {
  const at = "2026-06-03T12:00:00Z";
  const then = Date.parse(at) / 1_000;
  const changed = (written: number, ahead: number) => findChanged(new Map([["/x", written]]), at, ahead);
  expect(changed(then - 1, 0)).toEqual([]);
  expect(changed(then + 1, 0)).toEqual(["/x"]);
  expect(changed(then + 100, 3_600)).toEqual([]);
  expect(changed(then - 3_500, -3_600)).toEqual(["/x"]);
  expect(findChanged(new Map([["/x", then]]), null, 0)).toEqual([]);
});
