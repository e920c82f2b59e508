import { readElement, TAG, viewOf } from "#codec/der.ts";
import { decodePem, findPemBlocks, type PemBlock } from "./pem-blocks.ts";

export type Pem = {
  /** Each certificate in its order: exact DER. */
  ders: Uint8Array[];
  /** What looked like a certificate and is none, each a sentence that says where. */
  malformed: string[];
};

/** Labels under which OpenSSL reads a certificate. */
const LABELS = new Set(["CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"]);

/** Certificates in one file; the rest is left out. */
const MOST_CERTIFICATES = 10_000;

/**
 * Reads the certificates of a file: a PEM bundle, with whatever stands between its blocks, or one DER certificate.
 * A block that is broken is told of by its line and spoils none of the others; blocks of other kinds are not looked at.
 */
export function readPem(bytes: Uint8Array): Pem {
  const view = viewOf(bytes);
  const isText = view.includes("-----BEGIN ");
  if (!isText) return { ders: view[0] === TAG.sequence ? [bytes] : [], malformed: [] };
  return readCertificateBlocks(findPemBlocks(view.toString("latin1")));
}

/** The certificates among blocks. */
export function readCertificateBlocks(blocks: readonly PemBlock[]): Pem {
  const pem: Pem = { ders: [], malformed: [] };
  for (const block of blocks) {
    if (!LABELS.has(block.label)) continue;
    const certificate = pem.ders.length < MOST_CERTIFICATES ? readBlock(block) : sayTooMany;
    if (typeof certificate !== "string") pem.ders.push(certificate);
    else pem.malformed.push(`the certificate at line ${block.line} ${certificate}`);
  }
  return pem;
}

const sayTooMany = `is beyond the ${MOST_CERTIFICATES} that are read`;

/** The DER inside a block, or why there is none. */
function readBlock({ label, lines, problem }: PemBlock): Uint8Array | string {
  if (problem !== null) return problem;
  const bytes = decodePem(lines);
  if (!bytes) return "is not base64";
  const certificate = readElement(bytes, 0, bytes.length);
  if (certificate?.tag !== TAG.sequence) return "holds no DER";
  // What a trusted certificate carries after it is OpenSSL's own and no part of the certificate.
  return label === "TRUSTED CERTIFICATE" ? bytes.subarray(0, certificate.end) : bytes;
}

/** A certificate as a PEM block, with a final newline. */
export function printPem(der: Uint8Array): string {
  const lines =
    viewOf(der)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}
