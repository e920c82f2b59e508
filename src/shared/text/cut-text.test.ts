import fc from "fast-check";
import { expect, test } from "vitest";
import { cutAt } from "./cut-text.ts";

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
