import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { readPem } from "#codec/pem.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import {
  type Attribute,
  buildCertificate,
  der,
  extension,
  name,
  oid,
  sequence,
  text,
} from "#testing/tls/build-certificate.ts";
import { ALGORITHMS, type Algorithm, makeWithOpenssl } from "#testing/tls/make-with-openssl.ts";
import { type Answer, readByOpenssl } from "#testing/tls/openssl.ts";
import { readCertificate } from "./read-certificate.ts";

/** Our reading in openssl's words. */
function say(bytes: Uint8Array): Answer {
  const read = readCertificate(bytes);
  if (!read) throw new Error("this is a certificate");
  const { sha256, subject, issuer, serial, signature, keyBits } = read;
  const date = (instant: string | null) => instant ?? "Bad time value";
  return {
    sha256,
    subject,
    issuer,
    serial,
    signature,
    keyBits,
    notBefore: date(read.notBefore),
    notAfter: date(read.notAfter),
    names: read.names
      .filter((name) => /^(DNS|IP|email|URI):/.test(name))
      .map((name) => name.replace(/^IP:/, "IP Address:")),
  };
}

async function expectSame(ders: readonly Uint8Array[]): Promise<void> {
  const answers: (Answer | null)[] = [];
  for (const bytes of ders) answers.push(await readByOpenssl(bytes));
  expect(ders.map(say)).toEqual(answers);
}

test("every certificate of ca-certificates is read as openssl reads it", async () => {
  const { ders, malformed } = readPem(await readFile("/etc/ssl/certs/ca-certificates.crt"));

  expect(malformed).toEqual([]);
  expect(ders.length).toBeGreaterThan(100);
  await expectSame(ders);
  expect(ders.flatMap((bytes) => readCertificate(bytes)?.malformed)).toEqual([]);
});

test("certificates of every algorithm are read as openssl reads them", async () => {
  await using folder = await makeTemporaryFolder();
  const ders: Buffer[] = [];
  for (const algorithm of Object.keys(ALGORITHMS) as Algorithm[]) {
    const extensions = [
      "subjectAltName=DNS:a.example,IP:2001:db8::1,IP:192.0.2.1,email:a@b.example,URI:https://c.example/",
    ];
    const made = await makeWithOpenssl(folder.path, algorithm, { algorithm, extensions });
    ders.push(made.der);
  }

  await expectSame(ders);
  expect(ders.map((bytes) => readCertificate(bytes)?.malformed.join())).toEqual(ders.map(() => ""));
  expect(ders.map((bytes) => formatKey(bytes))).toMatchInlineSnapshot(`
    [
      "RSA 2048 null sha256WithRSAEncryption",
      "RSA 1024 null sha256WithRSAEncryption",
      "RSA-PSS 2048 null rsassaPss",
      "EC 256 P-256 ecdsa-with-SHA256",
      "EC 384 P-384 ecdsa-with-SHA256",
      "EC 521 P-521 ecdsa-with-SHA256",
      "EC 192 prime192v1 ecdsa-with-SHA256",
      "EC 256 secp256k1 ecdsa-with-SHA256",
      "EC 256 brainpoolP256r1 ecdsa-with-SHA256",
      "EC 384 brainpoolP384r1 ecdsa-with-SHA256",
      "EC 256 explicit parameters ecdsa-with-SHA256",
      "Ed25519 null null ED25519",
      "Ed448 null null ED448",
      "ML-DSA-44 null null ML-DSA-44",
      "ML-DSA-65 null null ML-DSA-65",
      "ML-DSA-87 null null ML-DSA-87",
      "SLH-DSA-SHA2-128s null null SLH-DSA-SHA2-128s",
      "SLH-DSA-SHAKE-128f null null SLH-DSA-SHAKE-128f",
    ]
  `);
});

const formatKey = (bytes: Buffer): string => {
  const read = readCertificate(bytes);
  return `${read?.keyType} ${read?.keyBits} ${read?.curve} ${read?.signature}`;
};

const CN = "2.5.4.3";
const UTF8 = 0x0c;
const PRINTABLE = 0x13;
const T61 = 0x14;
const IA5 = 0x16;
const UNIVERSAL = 0x1c;
const BMP = 0x1e;
const utf16 = (value: string) => Buffer.from(value, "utf16le").swap16();

const UGLY: Record<string, readonly (readonly Attribute[])[]> = {
  empty: [],
  "a value of nothing": [[[CN, UTF8, ""]]],
  UTF8String: [[[CN, UTF8, "Zoë Ångström 日本 😀"]]],
  BMPString: [[[CN, BMP, utf16("Zoë 日本")]]],
  UniversalString: [[[CN, UNIVERSAL, [0, 0, 0, 0x41, 0, 1, 0xf6, 0]]]],
  T61String: [[[CN, T61, [0x5a, 0x6f, 0xeb]]]],
  "escapes everywhere": [[[CN, UTF8, ' #a,b+c"d\\e<f>g;h=i/j ']]],
  "a hash first": [[[CN, PRINTABLE, "#1"]]],
  "a lone hash": [[[CN, UTF8, "#"]]],
  "a lone space": [[[CN, UTF8, " "]]],
  "two spaces": [[[CN, UTF8, "  "]]],
  "control characters": [[[CN, UTF8, "a\u0000b\u001b[31mc\r\td\u007f"]]],
  "right to left": [[[CN, UTF8, "\u202egnp.exe \u2066"]]],
  "several values": [
    [
      [CN, UTF8, "a"],
      ["2.5.4.10", UTF8, "b"],
      ["2.5.4.11", UTF8, "c"],
    ],
    [["2.5.4.6", PRINTABLE, "DE"]],
  ],
  "many types": [
    [["1.2.840.113549.1.9.1", IA5, "a@b.example"]],
    [["0.9.2342.19200300.100.1.25", IA5, "example"]],
    [["0.9.2342.19200300.100.1.1", UTF8, "uid"]],
    [["2.5.4.97", UTF8, "VATDE-1"]],
    [["2.5.4.5", PRINTABLE, "12"]],
    [["2.5.4.9", UTF8, "street"]],
    [["1.3.6.1.4.1.311.60.2.1.3", PRINTABLE, "DE"]],
    [["1.3.6.1.5.5.7.3.1", UTF8, "an identifier of another sort"]],
  ],
  "unknown identifiers": [
    [["1.2.3.4.5", UTF8, "a"]],
    [["2.999.1234567890123456789012345678901234567890", PRINTABLE, "b"]],
  ],
  "an identifier beyond 80 characters": [[[`1.3.${Array(40).fill(16_777).join(".")}`, UTF8, "a"]]],
  "a type that is no text": [[[CN, 0x03, [0, 1, 2]]], [[CN, 0x30, [0x05, 0x00]]]],
  "an unknown value of 200 bytes": [[["1.2.3.4", UTF8, "x".repeat(200)]]],
  NumericString: [[[CN, 0x12, "12 34"]]],
};

test.for(Object.entries(UGLY))("a subject with %s is printed as openssl prints it", async ([, rdns]) => {
  await expectSame([buildCertificate({ subject: name(...rdns) })]);
});

test("serial numbers are printed as openssl prints them", async () => {
  const serials = [
    [0],
    [0x7f],
    [0, 0x80],
    [0x80],
    [0xff],
    [0xff, 0x00],
    [0x80, 0],
    new Uint8Array(20).fill(0x41),
    new Uint8Array(80).fill(0x99),
  ];
  await expectSame(serials.map((serial) => buildCertificate({ serial })));
});

const UTC_TIMES = [
  "260101000000Z",
  "491231235959Z",
  "500101000000Z",
  "240229000000Z",
  "260229000000Z",
  "261301000000Z",
  "260101000000+0100",
  "260101000000-1230",
  "260101000000+1400",
  "2601010000-0059",
  "260101000000z",
  "260101240000Z",
  "260101000060Z",
  "2601010000Z",
  "260101000000",
  "26010100000Z",
  "",
];
const GENERALIZED_TIMES = [
  "20260101000000Z",
  "99991231235959Z",
  "18991231235959Z",
  "18991231235959+0100",
  "99991231235959-0100",
  "20260101000000+0530",
  "202601010000+0530",
  "20260101000000.Z",
  "21000229000000Z",
  "202601010000Z",
  "2026010100Z",
  "not a date",
];

test("dates are read wherever openssl reads them, and nowhere else", async () => {
  const ders = [
    ...UTC_TIMES.map((value) => buildCertificate({ notAfter: text(0x17, value) })),
    ...GENERALIZED_TIMES.map((value) => buildCertificate({ notAfter: text(0x18, value) })),
  ];
  for (const bytes of ders) {
    // If a date is too short, openssl refuses the whole certificate.
    expect(say(bytes).notAfter).toBe((await readByOpenssl(bytes))?.notAfter ?? "Bad time value");
  }
});

test("names of every kind are listed as openssl lists them", async () => {
  const names = sequence(
    text(0x82, "a.example"),
    text(0x82, "*.b.example"),
    text(0x81, "a@b.example"),
    text(0x86, "ldap://c.example/cn=x?y"),
    der(0x87, [192, 0, 2, 1]),
    der(0x87, [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xab, 0xcd]),
    der(0x88, oid("1.2.3.4").subarray(2)),
  );
  await expectSame([buildCertificate({ extensions: [extension("2.5.29.17", names)] })]);
});
