import fc from "fast-check";
import { expect, test } from "vitest";
import { printable } from "./printable.ts";

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
