import { expect, test } from "vitest";
import { readCertificate } from "#domain/x509/read-certificate.ts";
import type { Certificate } from "#shared/model/certificates/certificate.ts";
import type { TlsTarget } from "#shared/model/hosts/target.ts";
import { makeCertificate } from "#testing/make-certificate.ts";
import { buildCertificate, commonName, der, oid, sequence } from "#testing/tls/build-certificate.ts";
import { findCertificateProblems, findEndpointProblems } from "./certificate-findings.ts";

const read = (bytes: Uint8Array): Certificate => {
  const certificate = readCertificate(bytes);
  if (!certificate) throw new Error("this is a certificate");
  return certificate;
};
const present = (bytes: Uint8Array) => ({ certificate: read(bytes), der: bytes });
const target = (host: string, serverName: string | null = null): TlsTarget => ({
  kind: "tls",
  host,
  port: 443,
  serverName,
  protocol: "tls",
});

const rsaKey = (bytes: number) =>
  sequence(
    sequence(oid("1.2.840.113549.1.1.1"), der(0x05)),
    der(0x03, [0], sequence(der(0x02, [0], new Uint8Array(bytes).fill(0xc1)), der(0x02, [1, 0, 1]))),
  );
const curveKey = (curve: string) =>
  sequence(sequence(oid("1.2.840.10045.2.1"), oid(curve)), der(0x03, [0, 4]));
const SHA1_RSA = sequence(oid("1.2.840.113549.1.1.5"), der(0x05));
const MD5_RSA = sequence(oid("1.2.840.113549.1.1.4"), der(0x05));
const ECDSA_SHA1 = sequence(oid("1.2.840.10045.4.1"));

test("short keys are weak, others are not", () => {
  const rulesOf = (spki: Uint8Array) =>
    findCertificateProblems(read(buildCertificate({ spki }))).map(({ rule }) => rule);
  expect(rulesOf(rsaKey(128))).toEqual(["certificate-weak-key"]);
  expect(rulesOf(rsaKey(256))).toEqual([]);
  expect(rulesOf(curveKey("1.2.840.10045.3.1.1"))).toEqual(["certificate-weak-key"]);
  expect(rulesOf(curveKey("1.2.840.10045.3.1.7"))).toEqual([]);
});

test("a weak signature is a finding, save on a root", () => {
  expect(findCertificateProblems(read(buildCertificate({ algorithm: MD5_RSA })))).toMatchObject([
    { rule: "certificate-weak-signature", severity: "high", label: "CN=test" },
  ]);
  for (const algorithm of [SHA1_RSA, ECDSA_SHA1]) {
    expect(findCertificateProblems(read(buildCertificate({ algorithm })))).toMatchObject([
      { rule: "certificate-weak-signature", severity: "medium" },
    ]);
    const root = buildCertificate({ algorithm, subject: commonName("root"), issuer: commonName("root") });
    expect(findCertificateProblems(read(root))).toEqual([]);
  }
});

test("a self-signed leaf at an endpoint is told of, and what it takes is shown", async () => {
  const { der: leaf } = await makeCertificate({ names: ["a.example"] });
  expect(findEndpointProblems(target("a.example"), [present(leaf)])).toEqual([
    {
      rule: "certificate-self-signed",
      severity: "medium",
      sentence:
        "the endpoint presents a self-signed certificate, which clients cannot trust by way of an authority",
      evidence: ["subject and issuer are the same", "its signature verifies with its own key"],
      remedy: "replace it by a certificate of your own or a public authority",
      label: "CN=a.example",
      about: { kind: "certificate", sha256: read(leaf).sha256 },
    },
  ]);
});

test("a leaf that only bears its issuer's name is not self-signed", () => {
  const leaf = buildCertificate({ subject: commonName("same"), issuer: commonName("same") });
  expect(findEndpointProblems(target("x"), [present(leaf)]).map(({ rule }) => rule)).toEqual([
    "certificate-name-mismatch",
  ]);
});

test("the name asked for must stand in the certificate; the common name does not count", async () => {
  const { der: leaf } = await makeCertificate({ names: ["a.example", "192.0.2.1"] });
  const rules = (to: TlsTarget) =>
    findEndpointProblems(to, [present(leaf)])
      .filter(({ rule }) => rule === "certificate-name-mismatch")
      .map(({ severity, evidence }) => ({ severity, evidence }));
  const evidence = (wanted: string) => [`asked for ${wanted}`, "it lists DNS:a.example, IP:192.0.2.1"];

  expect(rules(target("a.example"))).toEqual([]);
  expect(rules(target("192.0.2.1"))).toEqual([]);
  expect(rules(target("192.0.2.9", "a.example"))).toEqual([]);
  expect(rules(target("b.example"))).toEqual([{ severity: "medium", evidence: evidence("b.example") }]);
  expect(rules(target("192.0.2.9"))).toEqual([{ severity: "low", evidence: evidence("192.0.2.9") }]);

  const nameless = present(buildCertificate({ subject: commonName("a.example") }));
  expect(findEndpointProblems(target("a.example"), [nameless])).toMatchObject([
    { evidence: ["asked for a.example", "it lists no names (its common name, a.example, does not count)"] },
  ]);
});
