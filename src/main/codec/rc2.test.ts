import { expect, test } from "vitest";
import { decryptRc2 } from "./pbes2.ts";

/** RFC 2268, section 5: key, effective bits, plain text, cipher text. */
const VECTORS = [
  ["0000000000000000", 63, "0000000000000000", "ebb773f993278eff"],
  ["ffffffffffffffff", 64, "ffffffffffffffff", "278b27e42e2f0d49"],
  ["3000000000000000", 64, "1000000000000001", "30649edf9be7d2c2"],
  ["88", 64, "0000000000000000", "61a8a244adacccf0"],
  ["88bca90e90875a", 64, "0000000000000000", "6ccf4308974c267f"],
  ["88bca90e90875a7f0f79c384627bafb2", 64, "0000000000000000", "1a807d272bbe5db1"],
  ["88bca90e90875a7f0f79c384627bafb2", 128, "0000000000000000", "2269552ab0f85ca6"],
  [
    "88bca90e90875a7f0f79c384627bafb216f80a6f85920584c42fceb0be255daf1e",
    129,
    "0000000000000000",
    "5b78d3a43dfff1f1",
  ],
] as const;

const bytes = (hex: string) => Buffer.from(hex, "hex");

test.for(VECTORS)(
  "the vector of RFC 2268 with key %s and %i bits is decrypted",
  ([key, bits, plain, secret]) => {
    const wish = { key: bytes(key), effectiveBits: bits, iv: Buffer.alloc(8) };
    expect(decryptRc2(wish, bytes(secret))?.toString("hex")).toBe(plain);
  },
);

test("a block that follows another is mixed with it, and what is no whole block is refused", () => {
  const wish = { key: bytes("88"), effectiveBits: 64, iv: bytes("0102030405060708") };
  const twice = decryptRc2(wish, bytes("61a8a244adacccf061a8a244adacccf0"));
  expect(twice?.toString("hex")).toBe("010203040506070861a8a244adacccf0");
  expect([7, 0, 9].map((size) => decryptRc2(wish, Buffer.alloc(size)))).toEqual([null, null, null]);
});
