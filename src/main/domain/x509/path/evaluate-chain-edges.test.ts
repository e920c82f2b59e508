import { generateKeyPairSync } from "node:crypto";
import { expect, test } from "vitest";
import { codesOf, judge } from "#domain/x509/path/testing/judge.ts";
import { extension, name, sequence, text } from "#testing/tls/build-certificate.ts";
import { constrains, isAuthority, isNamed, signCertificate } from "#testing/tls/sign-certificate.ts";

const rsaKeys = (modulusLength: number) => {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength });
  return { privateKey, spki: publicKey.export({ format: "der", type: "spki" }) };
};

test("no path holds with an RSA key that can be factored: everybody may sign by it, or stand for its server", () => {
  const weakRoot = signCertificate({ subject: "root", keys: rsaKeys(768), extensions: [isAuthority()] });
  const below = signCertificate({ subject: "leaf", issuer: weakRoot });
  expect(judge(below.der, { roots: [weakRoot] })).toMatchObject({ state: "invalid" });
  expect(codesOf(judge(below.der, { roots: [weakRoot] }))).toEqual(["signature-forgeable", "key-too-short"]);

  const root = signCertificate({ subject: "root", extensions: [isAuthority()] });
  const weak = signCertificate({ subject: "leaf", issuer: root, keys: rsaKeys(512) });
  expect(judge(weak.der, { roots: [root] })).toMatchObject({
    state: "invalid",
    reasons: [{ code: "key-too-short", sentence: "leaf has an RSA key of 512 bits, which can be factored" }],
  });
});

test("mail addresses of a subject stand under constraints on mail beside whatever names are listed", () => {
  const root = signCertificate({ subject: "root", extensions: [isAuthority()] });
  const permitted = [text(0x81, "good.example")];
  const extensions = [isAuthority(), constrains({ permitted })];
  const issuer = signCertificate({ subject: "ca", issuer: root, extensions });
  const evaluateMail = (address: string, ...listed: Buffer[]) => {
    const subject = name([["1.2.840.113549.1.9.1", 0x16, address]]);
    const leaf = signCertificate({ subject, issuer, extensions: listed });
    return codesOf(judge(leaf.der, { roots: [root], pool: [issuer] }));
  };
  const listed = extension("2.5.29.17", sequence(text(0x81, "a@good.example")));
  expect(evaluateMail("a@good.example", listed)).toEqual([]);
  expect(evaluateMail("a@other.example", listed)).toEqual(["name-not-permitted"]);
  expect(evaluateMail("a@other.example", isNamed("shop.example"))).toEqual(["name-not-permitted"]);
});

test("a certificate holds to the end of its last second", () => {
  const root = signCertificate({ subject: "root", extensions: [isAuthority()] });
  const leaf = signCertificate({ subject: "leaf", issuer: root, notAfter: "260601000000Z" });
  const at = (time: string) => judge(leaf.der, { roots: [root], wish: { at: Date.parse(time) } });
  expect(at("2026-06-01T00:00:00.999Z").state).toBe("valid");
  expect(codesOf(at("2026-06-01T00:00:01.000Z"))).toEqual(["expired"]);
});
