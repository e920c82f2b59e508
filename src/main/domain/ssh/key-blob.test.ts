import { createECDH, ECDH } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { toField } from "#codec/ssh-wire.ts";
import { isOnCurve, readKeyBlob, readPublicKeyLine } from "./key-blob.ts";

const samples = readFileSync(join(import.meta.dirname, "testdata/public-keys.txt"), "utf8")
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"))
  .map((line) => {
    const [bits = "", fingerprint = "", type = "", ...rest] = line.split(" ");
    return { bits: Number(bits), fingerprint, type, text: [type, ...rest].join(" ") };
  });

test.each(samples)("bits and fingerprint of $text are those that ssh-keygen prints", (sample) => {
  expect(readPublicKeyLine(sample.text)?.key).toMatchObject({
    keyType: sample.type,
    keyBits: sample.bits,
    fingerprint: sample.fingerprint,
  });
});

test("a blob with a byte too few or too many is no key", () => {
  for (const { text } of samples) {
    const blob = Buffer.from(text.split(" ")[1] ?? "", "base64");
    for (let length = 0; length < blob.length; length++)
      expect(readKeyBlob(blob.subarray(0, length))).toBeNull();
    expect(readKeyBlob(Buffer.concat([blob, Buffer.of(0)]))).toBeNull();
  }
});

test("a point that is not on its curve is no key", () => {
  const { text } = samples.find(({ type }) => type === "ecdsa-sha2-nistp256") ?? { text: "" };
  const blob = Buffer.from(text.split(" ")[1] ?? "", "base64");
  blob[blob.length - 1] = (blob.at(-1) ?? 0) ^ 1;
  expect(readKeyBlob(blob)).toBeNull();
});

test("a key of a type that nobody here knows has a fingerprint and no bits", () => {
  const blob = Buffer.concat([toField(Buffer.from("ssh-tomorrow@example.com")), toField(Buffer.alloc(7))]);
  expect(readKeyBlob(blob)).toMatchObject({
    keyType: "ssh-tomorrow@example.com",
    keyBits: null,
    curve: null,
  });
});

test("a .pub line keeps its comment, and its type must be that of its blob", () => {
  const { text } = samples.find(({ type }) => type === "ssh-ed25519") ?? { text: "" };
  expect(readPublicKeyLine(`${text} of  two`)?.comment).toBe("ed25519 of two");
  expect(readPublicKeyLine(text.replace("ssh-ed25519", "ssh-rsa"))).toBeNull();
});

test("no bytes make it throw", () => {
  const named = fc.tuple(
    fc.constantFrom(...samples.map(({ type }) => type)),
    fc.uint8Array({ maxLength: 80 }),
  );
  fc.assert(fc.property(fc.uint8Array(), (bytes) => void readKeyBlob(bytes)));
  fc.assert(
    fc.property(named, ([type, rest]) => void readKeyBlob(Buffer.concat([toField(Buffer.from(type)), rest]))),
  );
  fc.assert(fc.property(fc.string(), (text) => void readPublicKeyLine(text)));
});

const CURVES = { nistp256: "prime256v1", nistp384: "secp384r1", nistp521: "secp521r1" } as const;
const names = Object.keys(CURVES) as (keyof typeof CURVES)[];

/** The answer of OpenSSL, which sshd uses. */
function isTakenByOpenssl(point: Uint8Array, curve: string): boolean {
  try {
    ECDH.convertKey(point, curve);
    return true;
  } catch {
    return false;
  }
}

test.each(names)("a point of %s is told from one beside it, as OpenSSL tells them", (name) => {
  const pair = createECDH(CURVES[name]);
  const change = fc.record({ at: fc.nat(), to: fc.integer({ min: 0, max: 255 }) });
  fc.assert(
    fc.property(fc.option(change), (changed) => {
      const point = pair.generateKeys();
      if (changed) point[1 + (changed.at % (point.length - 1))] = changed.to;
      expect(isOnCurve(point, name)).toBe(isTakenByOpenssl(point, CURVES[name]));
    }),
  );
});

test.each(names)("a coordinate of %s that is not less than the prime is no coordinate", (name) => {
  const length = createECDH(CURVES[name]).generateKeys().length;
  const point = Buffer.alloc(length, 0xff);
  point[0] = 4;
  expect(isOnCurve(point, name)).toBe(false);
});
