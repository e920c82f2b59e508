import fc from "fast-check";
import { expect, test } from "vitest";
import { printable, printableJson } from "./printable.ts";

/** What a terminal obeys: controls (C0, DEL, C1), bidirectional and zero-width characters, separators of lines. */
const OBEYED =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be there
  /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e007f}]/u;

test("what a stranger wrote cannot move the cursor, ring the bell, break the line or turn it around", () => {
  expect(printable("CN=a\u001b[2J\u0007\r\n\u202eb é 日本")).toBe(
    "CN=a<U+001B>[2J<U+0007><U+000D><U+000A><U+202E>b é 日本",
  );
});

test("no code point that a terminal obeys is printed", () => {
  for (let point = 0; point <= 0x10ffff; point++) {
    const said = printable(String.fromCodePoint(point));
    if (OBEYED.test(said) || said === "") throw new Error(`U+${point.toString(16)} is printed as ${said}`);
  }
});

test("no text prints what a terminal obeys, and printing twice changes nothing more", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(printable(text)).not.toMatch(OBEYED);
      expect(printable(printable(text))).toBe(printable(text));
    }),
  );
});

test("JSON that a terminal can show means the same, whatever stands in it", () => {
  const text = fc.string({ unit: "binary" });
  fc.assert(
    fc.property(fc.dictionary(text, fc.array(text)), (value) => {
      const said = printableJson(value, 2);
      expect(JSON.parse(said)).toEqual(JSON.parse(JSON.stringify(value)));
      expect(said.replaceAll("\n", "")).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
    }),
  );
});
