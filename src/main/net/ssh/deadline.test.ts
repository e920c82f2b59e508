import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Deadline } from "./deadline.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("a deadline does not run while it is held, by however many, and runs anew after that", () => {
  const expire = vi.fn();
  const deadline = new Deadline({ pieceMs: 1_000 }, expire);
  vi.advanceTimersByTime(999);
  const [one, other] = [deadline.hold(), deadline.hold()];
  vi.advanceTimersByTime(600_000);
  one[Symbol.dispose]();
  vi.advanceTimersByTime(600_000);
  other[Symbol.dispose]();
  vi.advanceTimersByTime(999);
  expect(expire).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(expire.mock.calls).toEqual([[1_000]]);
});

test("a deadline that has ended calls back no more, also when it was held then", () => {
  const expire = vi.fn();
  const deadline = new Deadline({ pieceMs: 1_000 }, expire);
  const held = deadline.hold();
  deadline.end();
  held[Symbol.dispose]();
  vi.advanceTimersByTime(10_000);
  expect(expire).not.toHaveBeenCalled();
});

test("a deadline for all pieces together does not count the time in which it was held, and is told by its length", () => {
  const expire = vi.fn();
  const deadline = new Deadline({ pieceMs: 1_000, inAllMs: 1_500 }, expire);
  vi.advanceTimersByTime(900);
  const held = deadline.hold();
  vi.advanceTimersByTime(600_000);
  expect(deadline.spentMs()).toBe(900);
  held[Symbol.dispose]();
  vi.advanceTimersByTime(599);
  expect(deadline.spentMs()).toBe(1_499);
  expect(expire).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(expire.mock.calls).toEqual([[1_500]]);
});
