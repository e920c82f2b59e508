import { hash } from "node:crypto";
import { encodeDer, TAG } from "#codec/der.ts";
import type { CertificateIndex } from "#domain/x509/path/certificate-index.ts";
import { openCertificate, type PathCertificate } from "#domain/x509/path/path-certificate.ts";
import { evaluateOcsp, keyBitsOf, type OcspVerdict } from "./judge-ocsp.ts";
import { findIssuer } from "./judge-revocation.ts";

/** What responders are asked about a certificate, and what their answers are worth. `at`: milliseconds since 1970. */
export type OcspQuestion = { request: Uint8Array; judge(answer: Uint8Array, at: number): OcspVerdict };

/** Null where nobody in the pool has signed the certificate: then there is nothing to name it by, and nobody to believe. */
export function askAbout(leaf: Uint8Array, pool: CertificateIndex): OcspQuestion | null {
  const certificate = openCertificate(leaf);
  const issuer = certificate && findIssuer(certificate, pool);
  const key = issuer && keyBitsOf(issuer.spki);
  if (!key) return null;
  return {
    request: encodeRequest(certificate, issuer, key),
    judge: (answer, at) => evaluateOcsp(answer, certificate, issuer, at),
  };
}

/** SHA-1 as an AlgorithmIdentifier: the one hash by which every responder knows its issuers (RFC 5019, section 2.1.1). */
const SHA1 = Buffer.from("300906052b0e03021a0500", "hex");

/**
 * OCSPRequest (RFC 6960, section 4.1.1) about one certificate, unsigned. Without a nonce, which most responders do not
 * repeat: that an answer is of now is told by its dates.
 */
function encodeRequest(
  { serial }: PathCertificate,
  { subjectDer }: PathCertificate,
  key: Uint8Array,
): Buffer {
  const list = (...parts: readonly Uint8Array[]) => encodeDer(TAG.sequence, ...parts);
  const sha1 = (bytes: Uint8Array) => encodeDer(TAG.octetString, hash("sha1", bytes, "buffer"));
  const id = list(SHA1, sha1(subjectDer), sha1(key), encodeDer(TAG.integer, Buffer.from(serial, "hex")));
  const request = list(id);
  return list(list(list(request)));
}
