/**
 * Reads the certificates of this machine over and over, by our own walker and by node:crypto, in the same process
 * one after the other: CPU microseconds each, and how many times cheaper ours is.
 *
 *     npm exec -c 'node scripts/bench/x509.mjs'
 */
import { hash, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { readPem } from "../../src/main/domain/x509/pem.ts";
import { readCertificate } from "../../src/main/domain/x509/read-certificate.ts";

const BUNDLE = "/etc/ssl/certs/ca-certificates.crt";
const ROUNDS = 7;

/** What `readCertificate` tells, as far as node:crypto tells it (it has no words for most extensions). */
function readByNode(der) {
  const certificate = new X509Certificate(der);
  const { publicKey } = certificate;
  return [
    ...[publicKey.asymmetricKeyType, publicKey.asymmetricKeyDetails],
    hash("sha256", publicKey.export({ type: "spki", format: "der" })),
    ...[certificate.subject, certificate.issuer, certificate.serialNumber, certificate.fingerprint256],
    ...[certificate.validFrom, certificate.validTo, certificate.subjectAltName, certificate.ca],
    ...[certificate.keyUsage, certificate.infoAccess, certificate.signatureAlgorithm],
  ];
}

const { ders } = readPem(readFileSync(BUNDLE));
const ways = { floor: (der) => hash("sha256", der), ours: readCertificate, node: readByNode };
const costs = { floor: [], ours: [], node: [] };
for (let round = 0; round < ROUNDS; round++) {
  for (const [name, read] of Object.entries(ways)) {
    const before = process.cpuUsage();
    for (let again = 0; again < 40; again++) for (const der of ders) read(der);
    const { user, system } = process.cpuUsage(before);
    costs[name].push((user + system) / 40 / ders.length);
  }
}
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const [floor, ours, node] = [costs.floor, costs.ours, costs.node].map(median);
process.stdout.write(
  `${ders.length} certificates: ours ${ours.toFixed(1)} us, node:crypto's fields ${node.toFixed(1)} us: ` +
    `${(node / ours).toFixed(1)} times cheaper (target: 10); ${(ours / floor).toFixed(1)} times a bare SHA-256\n`,
);
