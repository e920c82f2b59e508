import { TAG, viewOf } from "#codec/der.ts";
import { decodePem, findPemBlocks } from "#codec/pem.ts";

const LABELS = new Set(["X509 CRL", "CRL"]);

/** The revocation lists of a file, each as DER: PEM blocks with whatever stands between them, or one list as DER. */
export function readCrlFile(bytes: Uint8Array): Uint8Array[] {
  const view = viewOf(bytes);
  if (!view.includes("-----BEGIN ")) return view[0] === TAG.sequence ? [view] : [];
  return findPemBlocks(view.toString("latin1")).flatMap(({ label, lines, problem }) => {
    const der = LABELS.has(label) && problem === null ? decodePem(lines) : null;
    return der ?? [];
  });
}
