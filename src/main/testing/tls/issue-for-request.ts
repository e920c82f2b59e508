import "reflect-metadata";
import { Pkcs10CertificateRequest, X509CertificateGenerator } from "@peculiar/x509";

const P256 = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

/** What an authority would make of a request (DER), as PEM; nobody asks who has signed it. */
export async function issueForRequest(csr: Uint8Array, name: string): Promise<Uint8Array> {
  const { publicKey } = new Pkcs10CertificateRequest(Uint8Array.from(csr));
  const { privateKey } = await crypto.subtle.generateKey(P256, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.create({
    subject: `CN=${name}`,
    issuer: "CN=lab",
    publicKey,
    signingKey: privateKey,
    signingAlgorithm: P256,
    notBefore: new Date("2026-01-01T00:00:00Z"),
    notAfter: new Date("2036-01-01T00:00:00Z"),
  });
  return Buffer.from(`${certificate.toString("pem")}\n`);
}
