import { decodeAnyBase64 } from "./base64.ts";
import { readElement, TAG, viewOf } from "./der.ts";

/** PEM (RFC 7468), and what looks like it: reads blocks of any label, certificates among them, and writes blocks. */

/** What stands between a BEGIN and an END line; `line` is that of BEGIN, from 1. */
export type PemBlock = {
  label: string;
  line: number;
  lines: string[];
  /** Why it is no whole block; null if it is. */
  problem: string | null;
};

const BEGIN = /^-----BEGIN ([^\r\n]{0,100}?)-----\s*$/;
const END = /^-----END ([^\r\n]{0,100}?)-----\s*$/;

/** The byte order mark that editors of Windows put before UTF-8, as Latin-1 and as text: OpenSSL skips it. */
const BYTE_ORDER_MARK = /^(?:\u00ef\u00bb\u00bf|\ufeff)/;

/** The blocks of a text in their order, with anything between them. */
export function findPemBlocks(text: string): PemBlock[] {
  const blocks: PemBlock[] = [];
  let open: PemBlock | null = null;
  for (const [index, line] of text.replace(BYTE_ORDER_MARK, "").split("\n").entries()) {
    const isRule = line.startsWith("-----");
    const begun = isRule ? BEGIN.exec(line)?.[1] : undefined;
    const ended = isRule ? END.exec(line)?.[1] : undefined;
    if (begun !== undefined) {
      open = { label: begun, line: index + 1, lines: [], problem: "has no end" };
      blocks.push(open);
    } else if (open && ended !== undefined) {
      open.problem = ended === open.label ? null : `ends as another thing (${ended})`;
      open = null;
    } else open?.lines.push(line);
  }
  return blocks;
}

/** The bytes of a block; null if it is not base64 in whole groups. Header lines are not base64. */
export function decodePem(lines: readonly string[]): Buffer | null {
  const base64 = lines.join("").replace(/\s+/g, "");
  return base64.length % 4 === 0 ? decodeAnyBase64(base64) : null;
}

/** A block around bytes, with a final newline. OpenSSH's own files have lines of 70 characters, all others of 64. */
export const writePem = (label: string, bytes: Uint8Array, width = 64): string =>
  framePem(
    label,
    viewOf(bytes)
      .toString("base64")
      .replace(new RegExp(`.{${width}}(?=.)`, "g"), "$&\n"),
  );

/** A block around lines that are base64 already, with headers or without. */
export const framePem = (label: string, lines: string): string =>
  `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;

type Pem = {
  /** Each certificate in its order: exact DER. */
  ders: Uint8Array[];
  /** What looked like a certificate and is none, each a sentence with its line. */
  malformed: string[];
};

/** Labels under which OpenSSL reads a certificate. */
const CERTIFICATE_LABELS = new Set(["CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"]);

/** Certificates in one file; the rest is left out. */
const MOST_CERTIFICATES = 10_000;

/**
 * Reads the certificates of a file: a PEM bundle, with anything between its blocks, or one DER certificate. A broken
 * block is reported with its line and does not affect the others; blocks of other kinds are ignored.
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
    if (!CERTIFICATE_LABELS.has(block.label)) continue;
    const certificate = pem.ders.length < MOST_CERTIFICATES ? readBlock(block) : formatTooMany;
    if (typeof certificate !== "string") pem.ders.push(certificate);
    else pem.malformed.push(`the certificate at line ${block.line} ${certificate}`);
  }
  return pem;
}

const formatTooMany = `is beyond the ${MOST_CERTIFICATES} that are read`;

/** The DER inside a block, or why there is none. */
function readBlock({ label, lines, problem }: PemBlock): Uint8Array | string {
  if (problem !== null) return problem;
  const bytes = decodePem(lines);
  if (!bytes) return "is not base64";
  const certificate = readElement(bytes, 0, bytes.length);
  if (certificate?.tag !== TAG.sequence) return "holds no DER";
  // What follows the certificate in this block is OpenSSL's own and no part of the certificate.
  return label === "TRUSTED CERTIFICATE" ? bytes.subarray(0, certificate.end) : bytes;
}

/** A certificate as a PEM block, with a final newline. */
export const printPem = (der: Uint8Array): string => writePem("CERTIFICATE", der);
