import { generateKeyPairSync, sign } from "node:crypto";
import { expect, test } from "vitest";
import { makeRequest } from "#domain/issuing/make-certificate.ts";
import { MADE_AT, makeOwnAuthority } from "#domain/issuing/testing/make-own-authority.ts";
import { indexCertificates } from "#domain/x509/path/path-certificate.ts";
import type { Narrower } from "#shared/model/runs/deployment.ts";
import { extension, sequence, text } from "#testing/tls/build-certificate.ts";
import { isMeantFor, signCertificate } from "#testing/tls/sign-certificate.ts";
import { evaluateIssued } from "./evaluate-issued.ts";

const authority = await makeOwnAuthority();
const BEFORE = signCertificate({
  subject: "old",
  notAfter: "260701000000Z",
  extensions: [
    extension("2.5.29.17", sequence(text(0x82, "a.corp.example"), text(0x81, "ann@corp.example"))),
    isMeantFor("1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"),
  ],
}).der;

/** Evaluates what our own authority issues for a request of ours. */
async function judge(forClients: boolean, narrower: Narrower[] = []) {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const spki = publicKey.export({ format: "der", type: "spki" });
  const csr = await makeRequest({ spki, key: "p256", names: ["a.corp.example"], forClients }, async (data) =>
    sign("sha256", data, { key: privateKey, dsaEncoding: "ieee-p1363" }),
  );
  const came = [await authority.sign(csr), authority.intermediate.der];
  const roots = indexCertificates([authority.root.der]);
  const judged = evaluateIssued({ came, csr, before: BEFORE, narrower, roots, now: MADE_AT });
  return judged.kind === "sound" ? judged.notes.join("\n") : judged.why;
}

test("a certificate that TLS clients show is asked for as one, and our own authority signs it", async () => {
  expect(await judge(true, ["names-fewer"])).toBe(
    "a.corp.example is not for email:ann@corp.example, which the one that is served now is for; that was acknowledged",
  );
});

test("what was agreed to with the plan keeps nothing back, and nothing else is let through by it", async () => {
  expect(await judge(false, ["names-fewer"])).toBe(
    "a.corp.example is not for TLS clients, which the one that is served now is for",
  );
  expect(await judge(true)).toMatch(/^a.corp.example is not for email:ann@corp.example, [^;]*$/);
  expect(await judge(false, ["names-fewer", "purpose-narrower"])).toMatch(
    /clients.*; that was acknowledged$/,
  );
});
