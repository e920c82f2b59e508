import fc from "fast-check";
import { expect, test } from "vitest";
import { buildCertificate, commonName, sequence } from "#testing/tls/build-certificate.ts";
import { printPem, readPem } from "./pem.ts";

const one = buildCertificate({ subject: commonName("one") });
const two = buildCertificate({ subject: commonName("two") });
const read = (text: string) => readPem(Buffer.from(text));

test("what is printed is read again, whatever stands between", () => {
  const bundle = `# roots\r\n${printPem(one)}\nBag Attributes: none\n${printPem(two).replaceAll("\n", "\r\n")}`;
  expect(read(bundle)).toEqual({ ders: [one, two], malformed: [] });
  expect(printPem(one)).toMatch(
    /^-----BEGIN CERTIFICATE-----\n([\w+/=]{1,64}\n)+-----END CERTIFICATE-----\n$/,
  );
});

test("DER is one certificate", () => {
  expect(readPem(one)).toEqual({ ders: [one], malformed: [] });
});

test("a UTF-8 byte-order mark before the first block is passed over, as OpenSSL does", () => {
  expect(read(`\ufeff${printPem(one)}${printPem(two)}`)).toEqual({ ders: [one, two], malformed: [] });
});

test("older labels are read, and what a trusted certificate adds is dropped", () => {
  const relabel = (pem: string, label: string) => pem.replaceAll(" CERTIFICATE", ` ${label}`);
  const trusted = Buffer.concat([two, sequence()]);
  expect(
    read(relabel(printPem(one), "X509 CERTIFICATE") + relabel(printPem(trusted), "TRUSTED CERTIFICATE")),
  ).toEqual({
    ders: [one, two],
    malformed: [],
  });
});

test("a broken block is told of by its line and spoils no other", () => {
  const broken = [
    "-----BEGIN CERTIFICATE-----",
    "not base64!",
    "-----END CERTIFICATE-----",
    "-----BEGIN CERTIFICATE-----",
    "aGVsbG8=",
    "-----END CERTIFICATE-----",
    "-----BEGIN CERTIFICATE-----",
    "-----BEGIN CERTIFICATE-----",
    "-----END PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----",
    "-----END PRIVATE KEY-----",
    printPem(one).trimEnd(),
    "-----BEGIN CERTIFICATE-----",
    "aGVs",
  ];
  expect(read(broken.join("\n"))).toEqual({
    ders: [one],
    malformed: [
      "the certificate at line 1 is not base64",
      "the certificate at line 4 holds no DER",
      "the certificate at line 7 has no end",
      "the certificate at line 8 ends as another thing (PRIVATE KEY)",
      `the certificate at line ${12 + printPem(one).trimEnd().split("\n").length} has no end`,
    ],
  });
});

test("text that holds no certificate holds none", () => {
  expect(read("ssh-ed25519 AAAA user@host\n")).toEqual({ ders: [], malformed: [] });
});

test("no bytes make the reader throw", () => {
  const line = fc.oneof(
    fc.constantFrom(
      "-----BEGIN CERTIFICATE-----",
      "-----END CERTIFICATE-----",
      "-----BEGIN ",
      one.toString("base64"),
    ),
    fc.string(),
  );
  fc.assert(fc.property(fc.array(line), (lines) => void read(lines.join("\n"))));
  fc.assert(fc.property(fc.uint8Array(), (bytes) => void readPem(bytes)));
});
