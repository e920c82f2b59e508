import { type Node, octetsOf, oidOf, openNode, partsOf, readSize, TAG, tagOf, wholeOf } from "#codec/der.ts";

/** Certificates in DER that is neither a certificate nor a keystore; `words` says what it is. */
export type Envelope = { words: string; certificates: Uint8Array[] };

const BASIC_OCSP = "1.3.6.1.5.5.7.48.1.1";
const ENUMERATED = 0x0a;

/** Says what DER without a key is, with the certificates in it; null if it is of no known kind. */
export function readEnvelope(bytes: Buffer): Envelope | null {
  const outer = openNode(bytes);
  if (outer?.element.tag !== TAG.sequence) return null;
  return (
    readCrossCertificates(outer) ??
    readOcspResponse(outer) ??
    readRevocations(outer) ??
    readRequest(outer) ??
    readOcspRequest(outer)
  );
}

/** CertificatePair (X.509, as LDAP directories keep it): one or two certificates, each under a tag. */
function readCrossCertificates(outer: Node): Envelope | null {
  const parts = partsOf(outer);
  const hasBoth =
    parts.length > 0 && parts.length < 3 && parts.every((part) => [0xa0, 0xa1].includes(tagOf(part) ?? 0));
  const certificates = hasBoth ? parts.flatMap(partsOf) : [];
  const isCertificate = (node: Node) => tagOf(node) === TAG.sequence && partsOf(node).length === 3;
  return certificates.length > 0 && certificates.every(isCertificate)
    ? { words: "a cross certificate pair", certificates: certificates.map(wholeOf) }
    : null;
}

/** RFC 6960, section 4.2.1: the response holds the certificates of its responder. */
function readOcspResponse(outer: Node): Envelope | null {
  const [status, wrapped] = partsOf(outer);
  if (tagOf(status) !== ENUMERATED) return null;
  const [type, response] = partsOf(partsOf(wrapped)[0]);
  const basic = oidOf(type) === BASIC_OCSP ? octetsOf(response) : null;
  const parts = partsOf(basic && openNode(basic));
  const certificates = partsOf(partsOf(parts.find((part) => tagOf(part) === 0xa0))[0]);
  return { words: "an OCSP response", certificates: certificates.map(wholeOf) };
}

/**
 * RFC 5280, section 5.1: an optional version, an algorithm, an issuer and a date, where a certificate has its serial.
 */
function readRevocations(outer: Node): Envelope | null {
  const [list, algorithm, signature] = partsOf(outer);
  const fields = partsOf(list).map(tagOf);
  if (fields[0] === TAG.integer) fields.shift();
  const isList =
    fields[0] === TAG.sequence &&
    fields[1] === TAG.sequence &&
    [TAG.utcTime, TAG.generalizedTime].includes(fields[2] as never);
  const isSigned = tagOf(algorithm) === TAG.sequence && tagOf(signature) === TAG.bitString;
  return isList && isSigned ? { words: "a certificate revocation list", certificates: [] } : null;
}

/** RFC 2986: a version, a subject, a key, attributes. */
function readRequest(outer: Node): Envelope | null {
  const [info, , signature] = partsOf(outer);
  const tags = partsOf(info).map(tagOf);
  const isRequest =
    tags[0] === TAG.integer && tags[1] === TAG.sequence && tags[2] === TAG.sequence && tags.length <= 4;
  return isRequest && tagOf(signature) === TAG.bitString
    ? { words: "a certificate request", certificates: [] }
    : null;
}

function readOcspRequest(outer: Node): Envelope | null {
  const [request] = partsOf(outer);
  const list = partsOf(request).find((part) => tagOf(part) === TAG.sequence);
  const [certId] = partsOf(partsOf(list)[0]);
  const tags = partsOf(certId).map(tagOf);
  const isId = [TAG.sequence, TAG.octetString, TAG.octetString, TAG.integer].every(
    (tag, index) => tags[index] === tag,
  );
  return isId ? { words: "an OCSP request", certificates: [] } : null;
}

/** How much of the DER that begins here is missing; null if all of it is there, or if it is no DER. */
export function findCut(bytes: Buffer): { there: number; size: number } | null {
  const isLong = bytes[0] === TAG.sequence && (bytes[1] ?? 0) > 0x80;
  const size = isLong ? readSize(bytes) : null;
  return typeof size === "number" && size > bytes.length ? { there: bytes.length, size } : null;
}
