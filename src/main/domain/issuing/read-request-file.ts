import { viewOf } from "#codec/der.ts";
import { decodePem, findPemBlocks } from "#codec/pem.ts";
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
