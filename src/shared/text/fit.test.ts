import fc from "fast-check";
import { expect, test } from "vitest";
import { cutAt, fitEnd, fitMiddle, widthOf } from "./fit.ts";

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

const segmenter = new Intl.Segmenter("en", { granularity: "grapheme" });

test("a text of so many letters stands whole, whatever they are made of, and of one more the last goes", () => {
  for (const letter of ["a", "e\u0301", "日", "👩‍👩‍👧", "\r\n", "🇩🇪"]) {
    expect(cutAt(letter.repeat(256), 256)).toBe(letter.repeat(256));
    expect(cutAt(letter.repeat(257), 256)).toBe(letter.repeat(256));
  }
});

test("a letter with endless marks is cut too", () => {
  expect(cutAt(`a${"\u0301".repeat(100_000)}`, 256)).toHaveLength(256 * 16);
});

test("of any text it leaves a beginning, no longer than was asked for", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.nat(40), (text, limit) => {
      const cut = cutAt(text, limit);
      expect(text.startsWith(cut)).toBe(true);
      expect([...segmenter.segment(cut)].length).toBeLessThanOrEqual(limit);
    }),
  );
});
