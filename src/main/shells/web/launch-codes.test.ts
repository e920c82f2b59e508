import { expect, test } from "vitest";
import { createLaunchCodes } from "./launch-codes.ts";

test("a code is good once", () => {
  const codes = createLaunchCodes(() => 0);
  const code = codes.issue();
  expect([codes.redeem(code), codes.redeem(code)]).toEqual(["good", "bad"]);
});

test("a code is good for less than a minute", () => {
  let now = 0;
  const codes = createLaunchCodes(() => now);
  const [early, late] = [codes.issue(), codes.issue()];
  now = 59_999;
  expect(codes.redeem(early)).toBe("good");
  now = 60_000;
  expect(codes.redeem(late)).toBe("bad");
});

test("a newer code leaves the older ones good, up to eight", () => {
  const codes = createLaunchCodes(() => 0);
  const issued = Array.from({ length: 9 }, () => codes.issue());
  expect(issued.map(codes.redeem)).toEqual(["bad", ...Array(8).fill("good")]);
});

test("after ten wrong codes none is good any more", () => {
  const codes = createLaunchCodes(() => 0);
  const code = codes.issue();
  const guesses = Array.from({ length: 10 }, () => codes.redeem("guess"));
  expect(guesses).toEqual([...Array(9).fill("bad"), "exhausted"]);
  expect(codes.redeem(code)).toBe("exhausted");
});
