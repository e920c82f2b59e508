/**
 * Reads the certificates of this machine over and over, by our own walker and by node:crypto, in the same process
 * one after the other.
 *
 *     npm run bench -- x509
 */
import { hash, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { readPem } from "#codec/pem.ts";
import { readCertificate } from "#domain/x509/read-certificate.ts";
import { report } from "./figures.mjs";
import { cheapest, ownCpu } from "./measure.mjs";

const BUNDLE = "/etc/ssl/certs/ca-certificates.crt";
const ROUNDS = 7;

/** What `readCertificate` tells, as far as node:crypto tells it (it has no words for most extensions). */
function readByNode(der) {
  const certificate = new X509Certificate(der);
  const { publicKey } = certificate;
  return [
    publicKey.asymmetricKeyType,
    publicKey.asymmetricKeyDetails,
    hash("sha256", publicKey.export({ type: "spki", format: "der" })),
    certificate.subject,
    certificate.issuer,
    certificate.serialNumber,
    certificate.fingerprint256,
    certificate.validFrom,
    certificate.validTo,
    certificate.subjectAltName,
    certificate.ca,
    certificate.keyUsage,
    certificate.infoAccess,
    certificate.signatureAlgorithm,
  ];
}

const { ders } = readPem(readFileSync(BUNDLE));
const AGAIN = 40;
const readAll = (read) => () => {
  for (let again = 0; again < AGAIN; again++) for (const der of ders) read(der);
};
const costs = await cheapest(
  { ours: () => ownCpu(readAll(readCertificate)), node: () => ownCpu(readAll(readByNode)) },
  ROUNDS,
);
const [ours, theirs] = [costs.ours, costs.node].map((cost) => cost / AGAIN / ders.length);
report({
  what: "certificate parse, each",
  ours,
  peer: "node:crypto's fields",
  theirs,
  unit: "us",
  most: 1 / 10,
});
