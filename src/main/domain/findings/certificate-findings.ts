import { X509Certificate } from "node:crypto";
import type { Certificate } from "#shared/model/certificate.ts";
import type { FindingDraft } from "#shared/model/finding.ts";
import { isAddress, type TlsTarget } from "#shared/model/target.ts";
import { isNamed } from "./match-name.ts";

/** A certificate together with its bytes, in the order in which a server sent it. */
type Presented = { certificate: Certificate; der: Uint8Array };

/** Names that the evidence lists before it only counts. */
const MOST_NAMES = 10;

/** What is wrong with a certificate wherever it is seen. Dates are not judged here: they change by themselves. */
export function findCertificateProblems(certificate: Certificate): FindingDraft[] {
  return [evaluateKey(certificate), judgeSignature(certificate)].filter((draft) => draft !== null);
}

/** What is wrong with the chain that an endpoint presents when it is asked for `target`: nothing is said of a leaf that cannot be read. */
export function findEndpointProblems(
  target: TlsTarget,
  chain: readonly (Presented | null)[],
): FindingDraft[] {
  const [leaf] = chain;
  if (!leaf) return [];
  return [evaluateIssuer(leaf), evaluateName(target, leaf.certificate)].filter((draft) => draft !== null);
}

const about = (certificate: Certificate): Pick<FindingDraft, "about" | "label"> => ({
  about: { kind: "certificate", sha256: certificate.sha256 },
  label: certificate.subject || certificate.names[0] || `serial number ${certificate.serial}`,
});

/** RSA and DSA below 2048 bits and curves below 224 have less than the 112 bits of security of NIST SP 800-57. */
function evaluateKey(certificate: Certificate): FindingDraft | null {
  const { keyType, keyBits, curve } = certificate;
  const least = new Map([
    ["RSA", 2_048],
    ["RSA-PSS", 2_048],
    ["DSA", 2_048],
    ["EC", 224],
  ]).get(keyType);
  if (least === undefined || keyBits === null || keyBits >= least) return null;
  return {
    ...about(certificate),
    rule: "certificate-weak-key",
    severity: "high",
    sentence: `its ${keyType} key of ${keyBits} bits is too short to be safe`,
    evidence: [
      `${keyType} key of ${keyBits} bits${curve === null ? "" : ` on ${curve}`}; ${least} are the least`,
    ],
    remedy: "replace it by a certificate with a new key: EC P-256, or RSA of 2048 bits or more",
  };
}

/** By OpenSSL's names: md5WithRSAEncryption, sha1WithRSA, ecdsa-with-SHA1, dsaWithSHA, ... */
const WEAK_HASH = /^(md2|md4|md5|sha1?)with|with-?(md2|md4|md5|sha1?)(-?2|-old)?$/i;

/** A root's own signature is not what makes it trusted and nobody verifies it: only others are judged. */
function judgeSignature(certificate: Certificate): FindingDraft | null {
  const { signature, isSelfIssued } = certificate;
  const match = WEAK_HASH.exec(signature);
  if (isSelfIssued || !match) return null;
  const hash = (match[1] ?? match[2] ?? "").toUpperCase();
  return {
    ...about(certificate),
    rule: "certificate-weak-signature",
    severity: hash.startsWith("MD") ? "high" : "medium",
    sentence: `it is signed by way of ${hash}, for which forgeries are known`,
    evidence: [`signature algorithm ${signature}`],
    remedy: "have it issued anew with SHA-256 or better; clients refuse this one more and more",
  };
}

function evaluateIssuer({ certificate, der }: Presented): FindingDraft | null {
  if (!certificate.isSelfIssued) return null;
  const isSigned = selfSigned.get(certificate) ?? isSelfSigned(der);
  selfSigned.set(certificate, isSigned);
  if (isSigned === false) return null;
  return {
    ...about(certificate),
    rule: "certificate-self-signed",
    severity: "medium",
    sentence:
      "the endpoint presents a self-signed certificate, which clients cannot trust by way of an authority",
    evidence: [
      "subject and issuer are the same",
      isSigned
        ? "its signature verifies with its own key"
        : "its signature could not be verified by this program",
    ],
    remedy: "replace it by a certificate of your own or a public authority",
  };
}

/** A fleet presents few from many places, and a cache hands out each as one object. */
const selfSigned = new WeakMap<Certificate, boolean | null>();

/** Null where this runtime cannot verify signatures of that kind, which says nothing of the certificate. */
function isSelfSigned(der: Uint8Array): boolean | null {
  try {
    const certificate = new X509Certificate(der);
    return certificate.verify(certificate.publicKey);
  } catch {
    return null;
  }
}

/** Of an endpoint known by its address alone it is not told under which name it is used: then it weighs less. */
function evaluateName({ host, serverName }: TlsTarget, certificate: Certificate): FindingDraft | null {
  const wanted = serverName ?? host;
  if (isNamed(wanted, certificate.names)) return null;
  const isByAddress = isAddress(wanted);
  return {
    ...about(certificate),
    rule: "certificate-name-mismatch",
    severity: isByAddress ? "low" : "medium",
    sentence: `the certificate is not for ${wanted}, for which the endpoint presents it`,
    evidence: [`asked for ${wanted}`, formatNames(certificate)],
    remedy: isByAddress
      ? "scan the endpoint by the name that its clients use, or have the address put into the certificate"
      : "have the name put into the certificate, or correct which certificate the server presents for it",
  };
}

function formatNames({ names, commonName }: Certificate): string {
  if (names.length === 0) {
    return commonName === null
      ? "it lists no names"
      : `it lists no names (its common name, ${commonName}, does not count)`;
  }
  const rest = names.length - MOST_NAMES;
  return `it lists ${names.slice(0, MOST_NAMES).join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
}
