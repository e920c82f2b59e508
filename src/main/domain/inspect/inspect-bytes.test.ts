import { generateKeyPairSync } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { printPem } from "#codec/pem.ts";
import { Inspection } from "#shared/contract/inspect.ts";
import { buildCertificate, commonName, der, sequence } from "#testing/tls/build-certificate.ts";
import { inspectBytes } from "./inspect-bytes.ts";

const one = buildCertificate({ subject: commonName("one") });
const two = buildCertificate({ subject: commonName("two") });

const inspect = (text: string | Uint8Array, name = "file") => {
  const inspection = inspectBytes(name, typeof text === "string" ? Buffer.from(text) : text);
  return Inspection.parse(inspection);
};

/** An Ed25519 blob whose 32 bytes are nobody's key. */
const BLOB = "AAAAC3NzaC1lZDI1NTE5AAAAIBTXUpOQuUUbW1dM3QFMJZGmoN+j2PBPCEFzyHZWgCG1";
const KEY = `ssh-ed25519 ${BLOB}`;
const SAID = { keyType: "ssh-ed25519", keyBits: 256, fingerprint: expect.stringMatching(/^SHA256:.{43}$/) };

test("certificates are read from PEM and from DER", () => {
  expect(inspect(one)).toMatchObject({
    source: "file",
    kind: "certificates",
    items: [{ what: "certificate", subject: "CN=one", keyType: "Ed25519" }],
    malformed: [],
  });
  const bundle = `${printPem(one)}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n${printPem(two)}`;
  expect(inspect(bundle)).toMatchObject({
    kind: "certificates",
    items: [{ subject: "CN=one" }, { subject: "CN=two" }],
    malformed: [`the certificate at line ${printPem(one).split("\n").length} holds no DER`],
  });
});

test("a broken part of a certificate is told of", () => {
  expect(inspect(buildCertificate({ serial: [] })).malformed).toEqual([
    "the certificate: the serial number is empty",
  ]);
});

test("a certificate and its key in one file are both listed", () => {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const file = `${printPem(one)}${privateKey.export({ type: "pkcs8", format: "pem" })}`;
  expect(inspect(file)).toMatchObject({
    kind: "certificates",
    items: [
      { what: "certificate", subject: "CN=one" },
      { what: "private-key", keyType: "ssh-rsa", keyBits: 2048, isEncrypted: false },
    ],
    malformed: ["the private key fits none of the certificates that stand beside it"],
  });
});

test("private keys show their public half where it stands in the clear", () => {
  const ec = generateKeyPairSync("ec", { namedCurve: "P-384" });
  const ed448 = generateKeyPairSync("ed448");
  expect(inspect(ec.privateKey.export({ type: "sec1", format: "pem" }))).toMatchObject({
    kind: "private-key",
    items: [{ what: "private-key", keyType: "ecdsa-sha2-nistp384", keyBits: 384, isEncrypted: false }],
  });
  expect(inspect(ec.privateKey.export({ type: "pkcs8", format: "der" }))).toMatchObject({
    kind: "private-key",
    items: [{ keyType: "ecdsa-sha2-nistp384", isEncrypted: false }],
  });
  expect(inspect(ed448.privateKey.export({ type: "pkcs8", format: "pem" }))).toMatchObject({
    items: [{ keyType: "ed448", fingerprint: null }],
  });
  for (const type of ["pkcs8", "sec1"] as const) {
    const locked = ec.privateKey.export({ type, format: "pem", cipher: "aes-256-cbc", passphrase: "secret" });
    expect(inspect(locked)).toMatchObject({
      kind: "private-key",
      items: [{ keyType: null, fingerprint: null, isEncrypted: true }],
      malformed: [],
    });
  }
  expect(inspect(ec.publicKey.export({ type: "spki", format: "pem" }))).toMatchObject({
    kind: "public-key",
    items: [{ what: "public-key", keyType: "ecdsa-sha2-nistp384" }],
  });
});

test("a .pub file is a key, and several lines are grants", () => {
  expect(inspect(`${KEY} me@desk\n`)).toMatchObject({
    kind: "public-key",
    items: [{ what: "public-key", ...SAID, comment: "me@desk", line: null }],
  });
  expect(inspect(`# mine\n${KEY} me\nno-pty ${KEY} you\nssh-ed25519 AAAA broken\n`)).toMatchObject({
    kind: "authorized_keys",
    items: [
      { what: "grant", ...SAID, comment: "me", options: "", line: 2 },
      { what: "grant", ...SAID, comment: "you", options: "no-pty", line: 3 },
      { what: "grant", keyType: "ssh-ed25519", fingerprint: null, line: 4 },
    ],
    malformed: [expect.stringMatching(/^line 4: /)],
  });
});

test("known_hosts is told by its lines, markers and hashed names included", () => {
  const hashed = "|1|ZFl3GZQHzRkfnn7pH3Mvc2nO0cE=|TmVFx4YrO4cn0fpi6dDa3e5j4f8=";
  const file = `[10.0.0.1]:2222,web ${KEY} c\n@revoked * ${KEY}\n${hashed} ${KEY}\nweb ssh-ed25519 !!\n`;
  const expected = {
    kind: "known_hosts",
    items: [
      { what: "known-host", ...SAID, options: "[10.0.0.1]:2222,web", comment: "c", line: 1 },
      { what: "known-host", ...SAID, options: "@revoked *", line: 2 },
      { what: "known-host", ...SAID, options: hashed, line: 3 },
    ],
    malformed: [expect.stringMatching(/^line 4: /)],
  };
  expect(inspect(file)).toMatchObject(expected);
  expect(inspect(file, "C:\\Users\\jo\\.ssh\\known_hosts")).toMatchObject(expected);
});

test("a name decides where the bytes leave it open", () => {
  expect(inspect(`${KEY}\n`, "/home/jo/.ssh/authorized_keys")).toMatchObject({ kind: "authorized_keys" });
});

test("what is not known says so, and what would be", () => {
  const known =
    "certificates, keystores, kubeconfigs, authorized_keys, known_hosts, public and private keys can be read here";
  const saying = (bytes: string | Uint8Array) => {
    const { kind, items, malformed } = inspect(bytes);
    expect({ kind, items }).toEqual({ kind: "unknown", items: [] });
    return malformed[0];
  };
  expect(saying("")).toBe(`the file is empty; ${known}`);
  expect(saying("hello world\n")).toBe(`nothing that is known stands in it; ${known}`);
  expect(saying(sequence(der(0x02, [3]), sequence()))).toBe(`nothing that is known stands in it; ${known}`);
  expect(saying(one.subarray(0, 100))).toBe(
    `it begins as ASN.1 of ${one.length} bytes, of which 100 are there: it is cut short; ${known}`,
  );
  expect(
    inspect("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n"),
  ).toMatchObject({
    kind: "other",
    items: [],
    malformed: ["the CERTIFICATE REQUEST at line 1 is not read here"],
  });
});

test("no bytes make it throw, and it always answers in its own shape", () => {
  const words = fc.constantFrom(
    "-----BEGIN OPENSSH PRIVATE KEY-----",
    "-----END OPENSSH PRIVATE KEY-----",
    "-----BEGIN RSA PRIVATE KEY-----",
    "-----END RSA PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----",
    "PuTTY-User-Key-File-2: ssh-rsa",
    "Public-Lines: 3",
    "b3BlbnNzaC1rZXktdjEAAAAA",
    KEY,
    "@revoked",
    "*",
    "ssh-rsa",
    "\n",
    " ",
    one.toString("base64"),
  );
  const text = fc.array(fc.oneof(words, fc.string()), { maxLength: 12 }).map((parts) => parts.join("\n"));
  fc.assert(
    fc.property(text, (value) => void inspect(value)),
    { numRuns: 500 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (value) => void inspect(value)),
    { numRuns: 500 },
  );
});
