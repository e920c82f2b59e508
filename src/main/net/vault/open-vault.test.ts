import { expect, test } from "vitest";
import { readBindingKey } from "./open-vault.ts";

test("the key of a binding is read from base64url, and what was typed is gone", () => {
  const typed = Buffer.from(" -_8AAQ==\n");
  expect(Buffer.from(readBindingKey(typed))).toEqual(Buffer.from([0xfb, 0xff, 0x00, 0x01]));
  expect(typed.every((byte) => byte === 0)).toBe(true);
});

test("what is no base64url is refused, and is not in the refusal", () => {
  expect(() => readBindingKey(Buffer.from("my secret"))).toThrow(
    "the EAB key is no base64url; paste it whole, as the authority gave it",
  );
});
