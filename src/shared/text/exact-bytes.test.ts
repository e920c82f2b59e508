import fc from "fast-check";
import { expect, test } from "vitest";
import { readExactly, writeExactly } from "./exact-bytes.ts";

test("any bytes are read back as they were", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(readExactly(writeExactly(bytes))).toEqual(bytes);
    }),
  );
});

test("text without control characters and backslashes stays as it is", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", maxLength: 60 }), (any) => {
      const text = any.replaceAll(/[\\\p{Cc}]/gu, "");
      expect(writeExactly(readExactly(text) ?? Uint8Array.of(0))).toBe(text);
    }),
  );
});

test("bytes that are no UTF-8, control characters and backslashes are written by their numbers", () => {
  const line = Uint8Array.of(0x6d, 0xc3, 0xbc, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x94, 0x91, 0x0d, 0x0a);
  expect(writeExactly(line)).toBe("mü€🔑\\x0d\\x0a");
  expect(readExactly(writeExactly(line))).toEqual(line);
  const odd = Uint8Array.of(0x5c, 0xff, 0xc0, 0x80, 0xed, 0xa0, 0x80, 0xc3, 0x41);
  expect(writeExactly(odd)).toBe("\\\\\\xff\\xc0\\x80\\xed\\xa0\\x80\\xc3A");
});

test("what nobody has written so is not read", () => {
  expect([readExactly("\\"), readExactly("\\q"), readExactly("\\xZZ")]).toEqual([null, null, null]);
});
