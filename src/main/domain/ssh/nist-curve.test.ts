import { createECDH, ECDH } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { isOnCurve } from "./nist-curve.ts";

const CURVES = { nistp256: "prime256v1", nistp384: "secp384r1", nistp521: "secp521r1" } as const;
const names = Object.keys(CURVES) as (keyof typeof CURVES)[];

/** As OpenSSL has it, which sshd asks. */
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
