import fc from "fast-check";
import { expect, test } from "vitest";
import { fitEnd, fitMiddle, widthOf } from "./fit.ts";

test.each([
  ["shop.example", 12],
  ["日本", 4],
  ["e\u0301", 1],
  ["🔑", 2],
])("%s takes %i columns", (text, width) => {
  expect(widthOf(text)).toBe(width);
});

test("a name keeps its beginning and its end, a sentence its beginning", () => {
  expect(fitMiddle("/etc/letsencrypt/live/shop.example/fullchain.pem", 21)).toBe("/etc/letse…lchain.pem");
  expect(fitEnd("the file can be read by others", 12)).toBe("the file ca…");
  expect(fitMiddle("日本語の名前", 6)).toBe("日…前");
});

test("no text is ever wider than it may be", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.integer({ min: 1, max: 40 }), (text, width) => {
      expect(widthOf(fitMiddle(text, width))).toBeLessThanOrEqual(width);
      expect(widthOf(fitEnd(text, width))).toBeLessThanOrEqual(width);
    }),
  );
});
