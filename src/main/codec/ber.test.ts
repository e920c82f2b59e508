import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openKeystore, readKeystore } from "#domain/keystores/read-keystore.ts";
import { der, sequence } from "#testing/tls/build-certificate.ts";
import { toDefinite } from "./ber.ts";
import { readElement } from "./der.ts";

const file = (name: string) => readFileSync(join(import.meta.dirname, "../domain/keystores/testdata", name));

/** The same in BER, to a depth: lengths that end by a mark, and octet strings in pieces of ten bytes. */
function loosen(bytes: Buffer, depth: number): Buffer {
  const element = readElement(bytes, 0, bytes.length);
  if (!element || depth === 0) return bytes;
  const { tag, content, end } = element;
  const rest = end < bytes.length ? loosen(bytes.subarray(end), depth) : Buffer.alloc(0);
  const inner = bytes.subarray(content, end);
  const mark = [0, 0];
  if (tag === 0x04) {
    const pieces = inner.toString("latin1").match(/.{1,10}/gs) ?? [];
    const parts = pieces.map((piece) => der(0x04, Buffer.from(piece, "latin1")));
    return Buffer.concat([Buffer.from([0x24, 0x80]), ...parts, Buffer.from(mark), rest]);
  }
  if ((tag & 0x20) === 0) return Buffer.concat([bytes.subarray(0, end), rest]);
  return Buffer.concat([Buffer.from([tag, 0x80]), loosen(inner, depth - 1), Buffer.from(mark), rest]);
}

test("a keystore whose lengths end by a mark, and whose strings are in pieces, is the same keystore", () => {
  for (const name of ["aes.p12", "legacy.p12", "pbmac1.p12", "clear.p12"]) {
    const loose = loosen(file(name), 12);
    expect(loose[1]).toBe(0x80);
    expect(readKeystore(loose)).toEqual(readKeystore(file(name)));
    expect(openKeystore(loose, "latchkey")).toEqual(openKeystore(file(name), "latchkey"));
  }
});

test("certificates in such a bag keep their exact bytes", () => {
  expect(readKeystore(loosen(file("bag.p7b"), 4))).toEqual(readKeystore(file("bag.p7b")));
});

test("what is DER stays as it is, and what has no end is none", () => {
  const plain = sequence(der(0x04, [1, 2]), der(0xa0, der(0x02, [1])));
  expect(toDefinite(plain)?.equals(plain)).toBe(true);
  expect(toDefinite(Buffer.from([0x30, 0x80, 0x05, 0x00]))).toBeNull();
  expect(toDefinite(Buffer.from([0x04, 0x80, 0x00, 0x00]))).toBeNull();
  expect(toDefinite(Buffer.from([0x30, 0x84, 0x7f, 0xff, 0xff, 0xff]))).toBeNull();
});

test("a bomb of depth or of number is given up after so much of it", () => {
  const deep = Buffer.alloc(1_000_000, Buffer.from([0x30, 0x80]));
  expect(toDefinite(deep)).toBeNull();
  const many = sequence(Buffer.alloc(2_000_000, Buffer.from([0x05, 0x00])));
  expect(toDefinite(many)).toBeNull();
  expect([deep, many].map((bytes) => readKeystore(bytes))).toEqual([null, null]);
});
