import fc from "fast-check";
import { expect, test } from "vitest";
import {
  buildCertificate,
  commonName,
  der,
  extension,
  oid,
  sequence,
} from "#testing/tls/build-certificate.ts";
import { readAuthorities } from "./names.ts";
import { readTimestamps } from "./timestamps.ts";

const lengthed = (...parts: Uint8Array[]): Buffer => {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([body.length >> 8, body.length & 255]), body]);
};

/**
 * One of version 1, by a log whose id consists of `fill` bytes, with the time in milliseconds and an empty signature.
 */
function timestamp(fill: number, ms: bigint, version = 0): Buffer {
  const time = Buffer.alloc(8);
  time.writeBigUInt64BE(ms);
  const log = Buffer.alloc(32, fill);
  return lengthed(Buffer.concat([Buffer.from([version]), log, time, Buffer.from([0, 0, 4, 3, 0, 0])]));
}

const AT = 1_700_000_000_000n;
const list = (...all: Buffer[]): Buffer => lengthed(...all);
const inCertificate = (...all: Buffer[]) =>
  buildCertificate({ extensions: [extension("1.3.6.1.4.1.11129.2.4.2", der(0x04, list(...all)))] });

/** An OCSPResponse as far as its single response with extensions goes (RFC 6960, 4.2.1). */
function inStaple(...all: Buffer[]): Buffer {
  const single = sequence(der(0xa1, sequence(extension("1.3.6.1.4.1.11129.2.4.5", der(0x04, list(...all))))));
  const basic = sequence(sequence(sequence(single)));
  return sequence(der(0x0a, [0]), der(0xa0, sequence(oid("1.3.6.1.5.5.7.48.1.1"), der(0x04, basic))));
}

const NOTHING = { leaf: null, staple: null, list: null };
const log = (fill: number) => Buffer.alloc(32, fill).toString("hex");

test("timestamps are read wherever they come with a leaf", () => {
  const at = "2023-11-14T22:13:20Z";
  const sources = {
    leaf: inCertificate(timestamp(1, AT), timestamp(2, AT)),
    staple: inStaple(timestamp(3, AT)),
    list: list(timestamp(4, AT)),
  };
  expect(readTimestamps(sources)).toEqual([
    { logId: log(1), at, from: "certificate" },
    { logId: log(2), at, from: "certificate" },
    { logId: log(3), at, from: "staple" },
    { logId: log(4), at, from: "handshake" },
  ]);
  expect(readTimestamps(NOTHING)).toEqual([]);
});

test("what cannot be read is left out, and spoils none of the others", () => {
  const odd = [timestamp(1, AT, 7), lengthed(Buffer.alloc(3)), timestamp(2, 2n ** 63n), timestamp(3, AT)];
  expect(readTimestamps({ ...NOTHING, list: list(...odd) })).toMatchObject([
    { logId: log(2), at: null },
    { logId: log(3) },
  ]);
  const many = Array.from({ length: 200 }, () => timestamp(9, AT));
  expect(readTimestamps({ ...NOTHING, list: list(...many) })).toHaveLength(64);
  expect(readTimestamps({ ...NOTHING, leaf: Buffer.from([0x30, 0x00]), staple: Buffer.alloc(0) })).toEqual(
    [],
  );
});

test("no bytes make the readers throw, however they are nested", () => {
  const wholes = [inCertificate(timestamp(1, AT)), inStaple(timestamp(1, AT)), list(timestamp(1, AT))];
  const edits = fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 6 });
  fc.assert(
    fc.property(fc.nat(2), edits, fc.uint8Array({ maxLength: 60 }), (index, changes, noise) => {
      const bytes = Buffer.from(wholes[index] ?? noise);
      for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
      for (const one of [bytes, noise]) {
        readTimestamps({ leaf: one, staple: one, list: one });
        readAuthorities([one]);
      }
    }),
    { numRuns: 2_000 },
  );
  let deep = sequence();
  for (let depth = 0; depth < 5_000; depth++) deep = sequence(deep);
  expect(readTimestamps({ leaf: deep, staple: deep, list: null })).toEqual([]);
});

test("authorities are named as subjects are, the first hundred of them, and the others counted", () => {
  const names = Array.from({ length: 250 }, (_, index) => commonName(`CA ${index}`));
  const { names: named, total } = readAuthorities(names);
  expect([named.length, named[0], named.at(-1), total]).toEqual([100, "CN=CA 0", "CN=CA 99", 250]);
  expect(readAuthorities([Buffer.from([1]), sequence()])).toMatchObject({ total: 2 });
});
