import "reflect-metadata";
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { Pkcs10CertificateRequest, X509CertificateGenerator } from "@peculiar/x509";
import { commonName, der, extension, oid, sequence, text } from "./build-certificate.ts";

type RequestKey = { privateKey: KeyObject; spki: Buffer };

type RequestOptions = {
  key?: RequestKey;
  /** The key that signs it, if it is not the key in the request. */
  signedBy?: RequestKey;
  subject?: Buffer;
  /** DNS names; a name in DER is used as it is. */
  names?: readonly (string | Buffer)[];
  extensions?: readonly Buffer[];
};

const ECDSA_SHA256 = sequence(oid("1.2.840.10045.4.3.2"));
const RSA_SHA256 = sequence(oid("1.2.840.113549.1.1.11"), der(0x05));
const ED25519 = sequence(oid("1.3.101.112"));

/** A certificate signing request with a real signature, in DER. */
export function makeRequest({
  key = makeKey(),
  names = [],
  extensions = [],
  ...wish
}: RequestOptions = {}): Buffer {
  const by = wish.signedBy ?? key;
  const all = [...(names.length > 0 ? [nameExtension(names)] : []), ...extensions];
  const asked = sequence(oid("1.2.840.113549.1.9.14"), der(0x31, sequence(...all)));
  const content = sequence(
    der(0x02, [0]),
    wish.subject ?? commonName("asked"),
    key.spki,
    der(0xa0, ...(all.length > 0 ? [asked] : [])),
  );
  const type = by.privateKey.asymmetricKeyType;
  const algorithm = type === "ec" ? ECDSA_SHA256 : type === "rsa" ? RSA_SHA256 : ED25519;
  const signature = sign(type === "ed25519" ? null : "sha256", content, by.privateKey);
  return sequence(content, algorithm, der(0x03, [0], signature));
}

export function makeKey(kind: "p256" | "p384" | "ed25519" | "rsa-1024" | "rsa-2048" = "p256"): RequestKey {
  const { publicKey, privateKey } = kind.startsWith("rsa")
    ? generateKeyPairSync("rsa", { modulusLength: Number(kind.slice(4)) })
    : kind === "ed25519"
      ? generateKeyPairSync("ed25519")
      : generateKeyPairSync("ec", { namedCurve: kind === "p256" ? "P-256" : "P-384" });
  return { privateKey, spki: publicKey.export({ format: "der", type: "spki" }) };
}

export const dnsName = (name: string | Buffer): Buffer => text(0x82, name);
export const ipName = (...bytes: number[]): Buffer => text(0x87, bytes);

const nameExtension = (names: readonly (string | Buffer)[]): Buffer =>
  extension("2.5.29.17", sequence(...names.map((name) => (typeof name === "string" ? dnsName(name) : name))));

const P256 = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

/** The certificate that an authority would issue for a request (DER), as PEM; its signature is not verified. */
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
