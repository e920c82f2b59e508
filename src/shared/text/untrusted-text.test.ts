import fc from "fast-check";
import { expect, test } from "vitest";
import { makeVisible, printable, printableJson } from "./untrusted-text.ts";

const joined = (text: string): string =>
  makeVisible(text)
    .map((part) => (part.kind === "mark" ? `[${part.text}]` : part.text))
    .join("");

const TRICKS = [
  [0x00, 0x1f],
  [0x7f, 0x9f],
  [0x61c, 0x61c],
  [0x200b, 0x200f],
  [0x2028, 0x202e],
  [0x2060, 0x2069],
  [0xd800, 0xdfff],
  [0xe000, 0xf8ff],
  [0xfeff, 0xfeff],
  [0xfff9, 0xfffb],
  [0xe0000, 0xe0fff],
] as const;

test("what a stranger wrote can neither hide, nor turn around, nor move anything", () => {
  expect(joined("moc.\u202eelgoog \u001b[2J\u0000 a\u200bb\u00a0c")).toBe(
    "moc.[U+202E]elgoog [U+001B][2J[U+0000] a[U+200B]b[U+00A0]c",
  );
  expect(joined("\u{e0041}\ud800")).toBe("[U+E0041][U+D800]");
});

test("words of any script stand as they are", () => {
  const text = "CN=Zoë, 日本 שלום مرحبا naïve e\u0301";
  expect(makeVisible(text)).toEqual([{ kind: "text", text }]);
});

test("over all code points, none that tricks is shown as text, and each is named", () => {
  for (const [first, last] of TRICKS)
    for (let point = first; point <= last; point++)
      expect(makeVisible(String.fromCodePoint(point))).toEqual([
        { kind: "mark", text: `U+${point.toString(16).toUpperCase().padStart(4, "0")}` },
      ]);
  for (let point = 0; point <= 0x10ffff; point++) {
    const [part, ...more] = makeVisible(String.fromCodePoint(point));
    if (more.length > 0 || part?.text === "") throw new Error(`U+${point.toString(16)} is lost`);
    if (part?.kind === "text" && /[\p{C}\p{Zl}\p{Zp}]/u.test(part.text))
      throw new Error(`U+${point.toString(16)} is shown as it is`);
  }
});

test("nothing is left out of any text", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const back = makeVisible(text)
        .map((part) =>
          part.kind === "text" ? part.text : String.fromCodePoint(Number.parseInt(part.text.slice(2), 16)),
        )
        .join("");
      expect(back).toBe(text);
    }),
  );
});

test.each([
  ["pаypal.com", "p<U+0430>ypal.com"],
  ["gооgle", "g<U+043E><U+043E>gle"],
  ["аррӏе.com", "<U+0430><U+0440><U+0440><U+04CF><U+0435>.com"],
  ["www.ορ.example", "www.<U+03BF><U+03C1>.example"],
  ["rοοt@web1", "r<U+03BF><U+03BF>t@web1"],
  ["микрοсхема", "микр<U+03BF>схема"],
  ["\u{1d429}\u{1d41a}y", "<U+1D429><U+1D41A>y"],
  ["scope", "scope"],
])("%s is shown as %s", (text, shown) => {
  expect(printable(text)).toBe(shown);
});

test.each([
  "xn--80ak6aa92e.com",
  "пример.рф",
  "почта.example.com",
  "Привет, world",
  "Ελλάδα",
  "日本语.example",
  "株式会社ABC",
  "한국어 Korea",
  "Zoë Đặng naïve ſtraße",
  "שלום.example",
  "мы с тобой",
  "5 µm",
])("%s stands as it is", (text) => {
  expect(printable(text)).toBe(text);
});

test("a word of two scripts never stands as it is", () => {
  const latin = fc.stringMatching(/^[a-z]{1,8}$/);
  const other = fc.stringMatching(/^[а-яα-ω]{1,8}$/);
  fc.assert(
    fc.property(latin, other, latin, (before, letters, after) => {
      expect(printable(`${before}${letters}${after}`)).toMatch(/^[a-z]+(<U\+0[34][0-9A-F]{2}>)+[a-z]+$/);
    }),
  );
});

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
