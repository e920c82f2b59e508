import { readElement, TAG, viewOf } from "./der.ts";

export type Pem = {
  /** Each certificate in its order: exact DER. */
  ders: Uint8Array[];
  /** What looked like a certificate and is none, each a sentence that says where. */
  malformed: string[];
};

/** Labels under which OpenSSL reads a certificate. */
const LABELS = new Set(["CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"]);

const BEGIN = /^-----BEGIN ([^\r\n]{0,100}?)-----\s*$/;
const END = /^-----END ([^\r\n]{0,100}?)-----\s*$/;

/** Certificates in one file; the rest is left out. */
const MOST_CERTIFICATES = 10_000;

/**
 * Reads the certificates of a file: a PEM bundle, with whatever stands between its blocks, or one DER certificate.
 * A block that is broken is told of by its line and spoils none of the others; blocks of other kinds are not looked at.
 */
export function readPem(bytes: Uint8Array): Pem {
  const view = viewOf(bytes);
  if (view[0] === TAG.sequence) return { ders: [bytes], malformed: [] };
  if (!view.includes("-----BEGIN ")) return { ders: [], malformed: [] };
  return readBlocks(view.toString("latin1").split("\n"));
}

type Block = { label: string; line: number; lines: string[] };

function readBlocks(lines: string[]): Pem {
  const pem: Pem = { ders: [], malformed: [] };
  let open: Block | null = null;
  for (const [index, line] of lines.entries()) {
    const begun = line.startsWith("-----") ? BEGIN.exec(line)?.[1] : undefined;
    const ended = line.startsWith("-----") ? END.exec(line)?.[1] : undefined;
    if (begun !== undefined) {
      if (open) complain(pem, open, "has no end");
      open = { label: begun, line: index + 1, lines: [] };
    } else if (open && ended !== undefined) {
      takeBlock(pem, open, ended);
      open = null;
    } else open?.lines.push(line);
  }
  if (open) complain(pem, open, "has no end");
  return pem;
}

function complain(pem: Pem, { label, line }: Block, what: string): void {
  if (LABELS.has(label)) pem.malformed.push(`the certificate at line ${line} ${what}`);
}

function takeBlock(pem: Pem, block: Block, endLabel: string): void {
  if (!LABELS.has(block.label)) return;
  const certificate = endLabel === block.label ? decode(block) : `ends as another thing (${endLabel})`;
  if (typeof certificate === "string") complain(pem, block, certificate);
  else if (pem.ders.length === MOST_CERTIFICATES)
    complain(pem, block, `is beyond the ${MOST_CERTIFICATES} read`);
  else pem.ders.push(certificate);
}

/** The DER inside a block, or why there is none. */
function decode({ label, lines }: Block): Uint8Array | string {
  const base64 = lines.join("").replace(/\s+/g, "");
  if (base64.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(base64)) return "is not base64";
  const bytes = Buffer.from(base64, "base64");
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
