import { expect, test } from "vitest";
import { formatCount } from "./count.ts";
import { atLeast } from "./findings/finding.ts";
import { formatKey } from "./hosts/key.ts";

test("one thing is not many, and many are grouped by thousands", () => {
  expect([0, 1, 12_000].map((count) => formatCount(count, "certificate"))).toEqual([
    "0 certificates",
    "1 certificate",
    "12,000 certificates",
  ]);
});

test.each([
  [{ keyType: "RSA", keyBits: 2048, curve: null }, "RSA 2048"],
  [{ keyType: "EC", keyBits: 256, curve: "P-256" }, "EC P-256"],
  [{ keyType: "Ed25519", keyBits: 256, curve: null }, "Ed25519"],
  [{ keyType: "ML-DSA-65", keyBits: null, curve: null }, "ML-DSA-65"],
  [{ keyType: "ssh-rsa", keyBits: 1024 }, "ssh-rsa 1024"],
  [{ keyType: "ecdsa-sha2-nistp256", keyBits: 256 }, "ecdsa-sha2-nistp256"],
  [{ keyType: null, keyBits: null }, "not a key"],
])("%j is said %j", (key, words) => {
  expect(formatKey(key)).toBe(words);
});

test("high and above is critical and high", () => {
  expect(atLeast("high")).toEqual(["critical", "high"]);
});
