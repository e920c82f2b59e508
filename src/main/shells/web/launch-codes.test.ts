import { expect, test } from "vitest";
import { createLaunchCodes, REFUSED_MS } from "./launch-codes.ts";

const US = "user 1000";
const STRANGER = "user 1001";

test("a code is good once", () => {
  const codes = createLaunchCodes(() => 0);
  const code = codes.issue();
  expect([codes.redeem(code, US), codes.redeem(code, US)]).toEqual(["good", "bad"]);
});

test("a code is good for less than a minute", () => {
  let now = 0;
  const codes = createLaunchCodes(() => now);
  const [early, late] = [codes.issue(), codes.issue()];
  now = 59_999;
  expect(codes.redeem(early, US)).toBe("good");
  now = 60_000;
  expect(codes.redeem(late, US)).toBe("bad");
});

test("a newer code leaves the older ones good, up to eight", () => {
  const codes = createLaunchCodes(() => 0);
  const issued = Array.from({ length: 9 }, () => codes.issue());
  const redeemed = issued.map((code) => codes.redeem(code, US));
  expect(redeemed).toEqual(["bad", ...Array(8).fill("good")]);
});

test("after ten wrong codes of one peer its codes are refused for a minute, and of nobody else", () => {
  let now = 0;
  const codes = createLaunchCodes(() => now);
  const [first, second] = [codes.issue(), codes.issue()];
  const guesses = Array.from({ length: 11 }, () => codes.redeem("guess", STRANGER));
  expect(guesses).toEqual([...Array(9).fill("bad"), "refused-now", "refused"]);
  expect(codes.redeem(first, STRANGER)).toBe("refused");
  expect(codes.redeem(first, US)).toBe("good");
  now = REFUSED_MS - 1;
  expect(codes.redeem(second, STRANGER)).toBe("refused");
  now = REFUSED_MS;
  expect(codes.redeem(codes.issue(), STRANGER)).toBe("good");
});
