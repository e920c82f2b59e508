import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Certificate } from "#shared/model/certificates/certificate.ts";
import { makeCertificate } from "#testing/make-certificate.ts";
import {
  buildCertificate,
  commonName,
  der,
  extension,
  name,
  oid,
  sequence,
  text,
} from "#testing/tls/build-certificate.ts";
import { readCertificate } from "./read-certificate.ts";

const SAN = "2.5.29.17";
const BASIC_CONSTRAINTS = "2.5.29.19";

test("a certificate is read in all its fields", async () => {
  const { der: bytes } = await makeCertificate({ names: ["a.example", "192.0.2.7", "2001:db8::7"] });

  expect(readCertificate(bytes)).toMatchObject({
    sha256: createHash("sha256").update(bytes).digest("hex"),
    subject: "CN=a.example",
    issuer: "CN=a.example",
    commonName: "a.example",
    notBefore: "2026-01-01T00:00:00Z",
    notAfter: "2036-01-01T00:00:00Z",
    names: ["DNS:a.example", "IP:192.0.2.7", "IP:2001:DB8:0:0:0:0:0:7"],
    keyType: "EC",
    keyBits: 256,
    curve: "P-256",
    signature: "ecdsa-with-SHA256",
    isCa: false,
    isSelfIssued: true,
    malformed: [],
    sizeBytes: bytes.length,
  });
});

test("a broken extension is marked and spoils none of the others", () => {
  const read = readCertificate(
    buildCertificate({
      extensions: [
        extension(BASIC_CONSTRAINTS, sequence(der(0x01, [0xff])), true),
        extension("2.5.29.15", [0xff, 0xff, 0xff]),
        [0x30, 0x02, 0x05, 0x00],
        extension("1.2.3.4", [0x00]),
        extension(SAN, sequence(text(0x82, "a.example"))),
      ],
    }),
  );

  expect(read).toMatchObject({
    isCa: true,
    names: ["DNS:a.example"],
    extensions: [
      { name: "X509v3 Basic Constraints", isCritical: true, value: "CA:TRUE", malformed: null },
      { name: "X509v3 Key Usage", value: null, malformed: "cannot be read" },
      { name: "unreadable", malformed: "is not an extension" },
      { oid: "1.2.3.4", name: "1.2.3.4", value: null, malformed: null },
      { name: "X509v3 Subject Alternative Name", value: "DNS:a.example" },
    ],
    malformed: ["extension X509v3 Key Usage cannot be read", "extension 3 is not an extension"],
  });
});

test("an extension that stands twice counts once", () => {
  const read = readCertificate(
    buildCertificate({
      extensions: ["first.example", "second.example"].map((value) =>
        extension(SAN, sequence(text(0x82, value))),
      ),
    }),
  );
  expect(read?.names).toEqual(["DNS:first.example"]);
  expect(read?.malformed).toEqual([
    "extension X509v3 Subject Alternative Name stands in it more than once; the first one counts",
  ]);
});

test("a name with a NUL, an escape or an odd address is kept and marked", () => {
  const names = sequence(
    text(0x82, "good.example\0.evil.example"),
    text(0x82, "\u001b[2Jx"),
    text(0x82, [0x66, 0xff]),
    der(0x87, [1, 2, 3]),
  );
  const read = readCertificate(buildCertificate({ extensions: [extension(SAN, names)] }));
  expect(read?.names).toEqual([
    "DNS:good.example\0.evil.example",
    "DNS:\u001b[2Jx",
    "DNS:f\ufffd",
    "IP:<invalid>",
  ]);
  expect(read?.malformed).toHaveLength(4);
});

test("an alternative name of any kind is among the names, behind its kind", () => {
  const names = sequence(
    text(0x82, "a.example"),
    der(0xa0, oid("1.3.6.1.4.1.311.20.2.3"), der(0xa0, text(0x0c, "jo@a.example"))),
    der(0xa0, oid("1.2.3.4"), der(0xa0, der(0x02, [1]))),
    der(0xa3, sequence()),
    der(0xa4, name([["2.5.4.7", 0x0c, "Göteborg"]])),
    der(0xa5, text(0x81, "x")),
    der(0x88, [0x2a, 0x03, 0x04]),
  );
  expect(readCertificate(buildCertificate({ extensions: [extension(SAN, names)] }))).toMatchObject({
    malformed: [],
    names: [
      "DNS:a.example",
      "othername:Microsoft User Principal Name:jo@a.example",
      "othername:1.2.3.4:<not read>",
      "X400Name:<not read>",
      "DirName:L=Göteborg",
      "EdiPartyName:<not read>",
      "Registered ID:1.2.3.4",
    ],
  });
});

test("the last common name is the one for people, decoded", () => {
  const subject = name(
    [["2.5.4.3", 0x0c, "first"]],
    [["2.5.4.3", 0x1e, Buffer.from("Zoë", "utf16le").swap16()]],
  );
  expect(readCertificate(buildCertificate({ subject }))).toMatchObject({
    commonName: "Zoë",
    subject: "CN=Zoë,CN=first",
  });
});

test("a value that is not of its type is shown by its bytes, and marked", () => {
  const malformed = ["the subject has a value that is not the text it claims to be"];
  const oddBmp = commonName([0x00, 0x41, 0x42], 0x1e);
  expect(readCertificate(buildCertificate({ subject: oddBmp }))).toMatchObject({
    subject: "CN=#1E03004142",
    malformed,
  });
  const noUtf8 = commonName([0x61, 0xff, 0x62]);
  expect(readCertificate(buildCertificate({ subject: noUtf8 }))).toMatchObject({
    subject: "CN=a\\FFb",
    malformed,
  });
});

test("dates and keys that cannot be read are marked", () => {
  const read = readCertificate(
    buildCertificate({
      notAfter: text(0x17, "991332000000Z"),
      spki: sequence(der(0x05)),
      subject: sequence([0x05]),
    }),
  );
  expect(read).toMatchObject({
    notBefore: "2026-01-01T00:00:00Z",
    notAfter: null,
    keyType: "unknown",
    subject: "",
  });
  expect(read?.malformed).toEqual([
    "the subject cannot be read",
    "the date it expires cannot be read",
    "the public key cannot be read",
  ]);
});

test("the identity is of the exact DER, whatever follows it", () => {
  const bytes = buildCertificate();
  const read = readCertificate(Buffer.concat([bytes, Buffer.from("more")]));
  expect(read).toMatchObject({
    sha256: readCertificate(bytes)?.sha256,
    sizeBytes: bytes.length,
    malformed: ["it is followed by 4 bytes that do not belong to it"],
  });
});

test("a certificate of 4 MB is read in its core", () => {
  const bytes = buildCertificate({
    subject: commonName("x".repeat(4 * 1024 * 1024)),
    extensions: [extension(SAN, sequence(text(0x82, "a.example")))],
  });
  const read = readCertificate(bytes);
  expect(read).toMatchObject({
    subject: `CN=${"x".repeat(1_024)}…`,
    issuer: "CN=issuer",
    notAfter: "2036-01-01T00:00:00Z",
    extensions: [],
    sizeBytes: bytes.length,
  });
  expect(read?.malformed).toEqual([
    `it is ${bytes.length} bytes long: its extensions were not read`,
    "the subject has a value of 4194304 bytes, of which the first 1024 are shown",
  ]);
});

test("what is no certificate is none", async () => {
  const { der: bytes } = await makeCertificate();
  const request = sequence(
    sequence(der(0x02, [0]), sequence(), sequence(), der(0xa0)),
    sequence(),
    der(0x03, [0]),
  );
  const key = sequence(der(0x02, [0]), sequence(oid("1.3.101.112")), der(0x04, [1]));
  const indefinite = Buffer.from([0x30, 0x80, ...bytes.subarray(4), 0, 0]);
  for (const other of [[], [0x30], request, key, bytes.subarray(0, -1), indefinite, Buffer.from("hello")]) {
    expect(readCertificate(Uint8Array.from(other))).toBeNull();
  }
});

test("depth and number cost no more than their bytes", () => {
  const nested = Array.from({ length: 4_000 }).reduce<Buffer>(
    (inner) => sequence(inner.subarray(0, 60_000)),
    der(0x05),
  );
  const many = sequence(...Array.from({ length: 20_000 }, () => text(0x82, "a")));
  const longId = der(0x06, new Uint8Array(100_000).fill(0x81), [1]);
  const extensions = [extension(SAN, many), extension("2.5.29.30", nested), sequence(longId, der(0x04))];
  const read = readCertificate(buildCertificate({ extensions: extensions.slice(0, 2) }));
  expect(read?.names).toHaveLength(10_000);
  expect(read?.malformed).toContain("its names cannot be read beyond the first 10000");
  expect(readCertificate(buildCertificate({ extensions: extensions.slice(2) }))?.malformed).toEqual([
    "extension 1 is not an extension",
  ]);
});

test("a certificate with any bytes changed is read, or is none", async () => {
  const { der: plain } = await makeCertificate({ names: ["a.example", "192.0.2.7"] });
  const rich = buildCertificate({
    subject: name(
      [
        ["2.5.4.3", 0x0c, "a"],
        ["2.5.4.10", 0x1e, [0, 0x61]],
      ],
      [["1.2.3", 0x13, "b"]],
    ),
    extensions: [
      extension(SAN, sequence(text(0x82, "a.example"), der(0x87, [1, 2, 3, 4]), der(0xa4, commonName("d")))),
      extension("2.5.29.30", sequence(der(0xa0, sequence(der(0x87, new Uint8Array(8)))))),
      extension("2.5.29.31", sequence(sequence(der(0xa0, der(0xa0, text(0x86, "http://c.example/")))))),
      extension("2.5.29.35", sequence(der(0x80, [1, 2, 3]))),
      extension("1.3.6.1.4.1.11129.2.4.2", der(0x04, [0, 4, 0, 2, 1, 2])),
      extension("1.3.6.1.5.5.7.1.1", sequence(sequence(oid("1.3.6.1.5.5.7.48.1"), text(0x86, "http://o/")))),
      extension("2.5.29.32", sequence(sequence(oid("2.5.29.32.0")))),
    ],
  });
  const change = fc.record({
    base: fc.constantFrom(plain, rich),
    edits: fc.array(fc.tuple(fc.nat(2_000), fc.nat(255)), { maxLength: 6 }),
    cut: fc.option(fc.nat(2_000)),
  });
  fc.assert(
    fc.property(change, ({ base, edits, cut }) => {
      const bytes = Uint8Array.from(base);
      for (const [at, value] of edits) bytes[at % bytes.length] = value;
      const read = readCertificate(cut === null ? bytes : bytes.subarray(0, cut));
      if (read) Certificate.parse(read);
    }),
    { numRuns: 2_000 },
  );
});
