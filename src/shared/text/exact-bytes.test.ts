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

test("any text is read back as it was, and stays readable", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", maxLength: 60 }), (text) => {
      const bytes = new TextEncoder().encode(text);
      expect(readExactly(writeExactly(bytes))).toEqual(bytes);
    }),
  );
  expect(writeExactly(new TextEncoder().encode("ssh-ed25519 AAAA müller\r\n"))).toBe(
    "ssh-ed25519 AAAA müller\\x0d\\x0a",
  );
  expect(writeExactly(Uint8Array.of(0x5c, 0xff, 0x41))).toBe("\\\\\\xffA");
});

test("what nobody has written so is not read", () => {
  expect([readExactly("\\"), readExactly("\\q"), readExactly("\\xZZ")]).toEqual([null, null, null]);
});
