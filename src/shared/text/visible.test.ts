import fc from "fast-check";
import { expect, test } from "vitest";
import { makeVisible } from "./visible.ts";

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
