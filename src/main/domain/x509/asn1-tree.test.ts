import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { readPem } from "#codec/pem.ts";
import type { Asn1Node } from "#shared/model/certificates/certificate.ts";
import {
  buildCertificate,
  commonName,
  der,
  extension,
  sequence,
  text,
} from "#testing/tls/build-certificate.ts";
import { readAsn1Level } from "./asn1-tree.ts";

/** A tree as a person reads it, down to the deepest level. */
function print(bytes: Buffer, offset: number | null = null, indent = ""): string[] {
  const { nodes, broken } = readAsn1Level(bytes, offset, { skip: 0, most: 100 });
  const lines = nodes.flatMap((node) => [
    `${indent}${node.offset}: ${node.tag}${node.isWrapping ? " >" : ""} ${node.value}`.trimEnd(),
    ...(node.isOpenable ? print(bytes, node.offset, `${indent}  `) : []),
  ]);
  return broken ? [...lines, `${indent}${broken.offset}: ${broken.bytes} bytes are no DER`] : lines;
}

test("a certificate is shown with the names of its types and identifiers, and its values in words", () => {
  const bytes = buildCertificate({
    subject: commonName("app.example"),
    extensions: [
      extension("2.5.29.17", sequence(text(0x82, "app.example"), der(0x87, [10, 0, 0, 1]))),
      extension("2.5.29.15", der(0x03, [5, 0xa0]), true),
    ],
  });
  expect(print(bytes).join("\n")).toMatchInlineSnapshot(`
    "0: SEQUENCE
      4: SEQUENCE
        7: [0]
          9: INTEGER 2
        12: INTEGER 1
        15: SEQUENCE
          17: OBJECT IDENTIFIER 1.3.101.112 ED25519
        22: SEQUENCE
          24: SET
            26: SEQUENCE
              28: OBJECT IDENTIFIER 2.5.4.3 commonName
              33: UTF8String issuer
        41: SEQUENCE
          43: UTCTime 260101000000Z, that is 2026-01-01T00:00:00Z
          58: UTCTime 360101000000Z, that is 2036-01-01T00:00:00Z
        73: SEQUENCE
          75: SET
            77: SEQUENCE
              79: OBJECT IDENTIFIER 2.5.4.3 commonName
              84: UTF8String app.example
        97: SEQUENCE
          99: SEQUENCE
            101: OBJECT IDENTIFIER 1.3.101.112 ED25519
          106: BIT STRING 256 bits
        141: [3]
          143: SEQUENCE
            145: SEQUENCE
              147: OBJECT IDENTIFIER 2.5.29.17 X509v3 Subject Alternative Name
              152: OCTET STRING >
                154: SEQUENCE
                  156: [2] app.example
                  169: [7] 0A 00 00 01
            175: SEQUENCE
              177: OBJECT IDENTIFIER 2.5.29.15 X509v3 Key Usage
              182: BOOLEAN TRUE
              185: OCTET STRING >
                187: BIT STRING 3 bits: 101
      191: SEQUENCE
        193: OBJECT IDENTIFIER 1.3.101.112 ED25519
      198: BIT STRING 512 bits"
  `);
});

test("strings, numbers and times of every kind are said, and the long ones are cut", () => {
  const bytes = sequence(
    der(0x02, [0xff]),
    der(0x02, new Uint8Array(20).fill(0xab)),
    der(0x0a, [3]),
    der(0x05),
    der(0x01, [1]),
    text(0x13, "plain"),
    der(0x1e, Buffer.from("Zoë", "utf16le").swap16()),
    text(0x0c, "x".repeat(200)),
    text(0x17, "260101000000Z"),
    text(0x18, "never"),
    der(0x04, new Uint8Array(100).fill(7)),
    der(0x06, [0x80]),
    der(0x41, [1, 2]),
    der(0xc1),
    der(0xbf, [0x1f, 0]),
  );
  expect(print(Buffer.concat([bytes, Buffer.from("rest")])).join("\n")).toMatchInlineSnapshot(`
    "0: SEQUENCE
      4: INTEGER -1
      7: INTEGER AB AB AB AB AB AB AB AB AB AB AB AB AB AB AB AB AB AB AB AB
      29: ENUMERATED 3
      32: NULL
      34: BOOLEAN TRUE
      37: PrintableString plain
      44: BMPString Zoë
      52: UTF8String xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…
      255: UTCTime 260101000000Z, that is 2026-01-01T00:00:00Z
      270: GeneralizedTime never
      277: OCTET STRING 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07…
      379: OBJECT IDENTIFIER 80
      382: [APPLICATION 1] 01 02
      386: [PRIVATE 1]
      388: 4 bytes are no DER
    392: 4 bytes are no DER"
  `);
});

test("ten thousand names are shown a hundred at a time, each page by itself", () => {
  const names = Array.from({ length: 10_000 }, (_, index) => text(0x82, `h${index}.example`));
  const bytes = sequence(...names);
  const first = readAsn1Level(bytes, 0, { skip: 0, most: 100 });
  expect([first.nodes.length, first.next, first.nodes[99]?.value]).toEqual([100, 100, "h99.example"]);
  const last = readAsn1Level(bytes, 0, { skip: 9_950, most: 100 });
  expect([last.nodes.length, last.next, last.nodes[49]?.value]).toEqual([50, null, "h9999.example"]);
});

test("a tree that is as deep as its bytes allow costs one level at a time", () => {
  let bytes: Buffer = der(0x05);
  for (let depth = 0; depth < 5_000; depth++) bytes = sequence(bytes);
  let level = readAsn1Level(bytes, null, { skip: 0, most: 100 });
  for (let depth = 0; depth < 5_000; depth++)
    level = readAsn1Level(bytes, level.nodes[0]?.offset ?? 0, { skip: 0, most: 100 });
  expect(level.nodes).toMatchObject([{ tag: "NULL" }]);
});

/** All nodes, in the order in which they stand. */
function walk(bytes: Buffer, offset: number | null, found: Asn1Node[]): Asn1Node[] {
  for (const node of readAsn1Level(bytes, offset, { skip: 0, most: 1_000 }).nodes) {
    found.push(node);
    if (node.isOpenable) walk(bytes, node.offset, found);
  }
  return found;
}

test("each element stands where it is said to stand, in every certificate of this system", () => {
  const { ders } = readPem(readFileSync("/etc/ssl/certs/ca-certificates.crt"));
  for (const given of ders.slice(0, 40)) {
    const bytes = Buffer.from(given);
    for (const { offset, headerBytes, contentBytes } of walk(bytes, null, [])) {
      expect(offset + headerBytes + contentBytes).toBeLessThanOrEqual(bytes.length);
      const again = readAsn1Level(bytes.subarray(offset, offset + headerBytes + contentBytes), null, {
        skip: 0,
        most: 2,
      });
      expect(again).toMatchObject({ nodes: [{ headerBytes, contentBytes }], next: null, broken: null });
    }
  }
});

test("any bytes and any place in them give a level, and never throw", () => {
  const base = buildCertificate({ extensions: [extension("2.5.29.17", sequence(text(0x82, "a")))] });
  const given = fc.record({
    bytes: fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.array(fc.tuple(fc.nat(300), fc.nat(255)), { maxLength: 5 }).map((edits) => {
        const bytes = Uint8Array.from(base);
        for (const [at, value] of edits) bytes[at % bytes.length] = value;
        return bytes;
      }),
    ),
    offset: fc.option(fc.nat(300)),
  });
  fc.assert(
    fc.property(given, ({ bytes, offset }) => {
      const level = readAsn1Level(Buffer.from(bytes), offset, { skip: 0, most: 50 });
      for (const node of level.nodes)
        expect(node.offset + node.headerBytes + node.contentBytes).toBeLessThanOrEqual(bytes.length);
    }),
    { numRuns: 1_000 },
  );
});
