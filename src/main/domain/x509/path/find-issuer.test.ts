import { expect, test } from "vitest";
import { isAuthority, signCertificate } from "#testing/tls/sign-certificate.ts";
import { isOfPublicAuthority } from "./find-issuer.ts";
import { indexCertificates } from "./path-certificate.ts";

const known = signCertificate({ subject: "public root", extensions: [isAuthority()] });
const middle = signCertificate({ subject: "middle", issuer: known, extensions: [isAuthority()] });
const leaf = signCertificate({ subject: "leaf", issuer: middle, notAfter: "260201000000Z" });
const own = signCertificate({ subject: "own root", extensions: [isAuthority()] });
const inside = signCertificate({ subject: "inside", issuer: own });

const roots = indexCertificates([known.der]);
const ask = (certificate: { der: Uint8Array }, ...pool: { der: Uint8Array }[]) =>
  isOfPublicAuthority(certificate.der, indexCertificates(pool.map(({ der }) => der)), roots);

test("an authority is public when names and signatures lead to a public root, expired or not", () => {
  expect(ask(leaf, middle)).toBe(true);
  expect(ask(leaf, middle, own)).toBe(true);
});

test("it is private when they lead to another root, and not known when they lead nowhere", () => {
  expect(ask(inside, own)).toBe(false);
  expect(ask(own)).toBe(false);
  expect(ask(inside)).toBeNull();
  expect(ask(leaf)).toBeNull();
});

test("the name of a public authority makes nobody public", () => {
  const forged = signCertificate({ subject: "leaf", issuer: middle, isForged: true });
  expect(ask(forged, middle)).toBeNull();
  const namesake = signCertificate({ subject: "public root", extensions: [isAuthority()] });
  const below = signCertificate({ subject: "x", issuer: namesake });
  expect(ask(below)).toBeNull();
  expect(ask(below, namesake)).toBe(false);
});
