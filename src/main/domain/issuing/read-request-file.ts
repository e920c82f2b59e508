import { viewOf } from "#codec/der.ts";
import { decodePem, findPemBlocks } from "#domain/x509/pem-blocks.ts";
import { readRequest } from "./read-request.ts";

const LABELS = new Set(["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"]);

/** The one request (DER) of a file of PEM or DER; null where there is none, or where there are several. */
export function readRequestFile(bytes: Uint8Array): Uint8Array | null {
  const view = viewOf(bytes);
  if (!view.includes("-----BEGIN ")) return readRequest(bytes) ? bytes : null;
  const [block, second] = findPemBlocks(view.toString("latin1")).filter(({ label }) => LABELS.has(label));
  const der = block && !second && block.problem === null ? decodePem(block.lines) : null;
  return der && readRequest(der) ? der : null;
}

/** A request as a PEM block, with a final newline. */
export function printRequest(der: Uint8Array): string {
  const lines =
    viewOf(der)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE REQUEST-----\n${lines.join("\n")}\n-----END CERTIFICATE REQUEST-----\n`;
}
