import { readChildren, readElement, TAG } from "#codec/der.ts";
import type { CertificateFile, KeyFile } from "./collection.ts";
import type { Record } from "./record.ts";

const EXPLICIT_VERSION = 0xa0;

const WHY_MALFORMED: { [code: string]: string } = {
  "cut-short": "it ends before its own length says",
  "more-behind": "bytes follow it that do not belong to it",
  "not-a-certificate": "it is no certificate, in spite of its label",
  "not-base64": "it is not base64",
  "too-large": "only the first MiB of the file was read",
  "too-long": "it is longer than 128 KiB",
};

export function readCertificateFiles(records: readonly Record[]): CertificateFile[] {
  const files = new Map<string, CertificateFile>();
  for (const record of records) {
    const path = record.say("path");
    if (path === null || !record.kind.startsWith("certificate")) continue;
    const file = files.get(path) ?? { path, ders: [], malformed: [] };
    const place = `certificate ${record.say("n") ?? "?"}`;
    if (record.kind === "certificate-note") {
      const why = record.say("why") ?? "";
      file.malformed.push(`${place}: ${WHY_MALFORMED[why] ?? "it could not be read"}`);
    } else if (record.kind === "certificate") {
      const der = cutToElement(record.bytes);
      if (der && isShapedAsCertificate(der)) file.ders.push(der);
      // A request or a revocation list in a file of its own is not a broken certificate: it is none at all.
      else if (record.encoding === "hex") continue;
      else file.malformed.push(`${place}: ${WHY_MALFORMED["not-a-certificate"]}`);
    }
    files.set(path, file);
  }
  return [...files.values()];
}

/**
 * By path what stands in PEM files that were read whole, in its order: k for a private key, e for one that is encrypted or of a kind for
 * SSH, c for a certificate. `keys`: the files that hold a private key.
 */
export function readPemOrders(
  records: readonly Record[],
  files: readonly CertificateFile[],
  keys: readonly Pick<KeyFile, "path" | "isEncrypted">[],
): ReadonlyMap<string, string> {
  const orders = new Map<string, string>();
  const holding = new Set(keys.map(({ path }) => path));
  const certified = new Set(files.map(({ path }) => path));
  for (const { path, isEncrypted } of keys)
    if (!certified.has(path)) orders.set(path, isEncrypted ? "e" : "k");
  for (const { path, ders, malformed } of files)
    if (!holding.has(path) && malformed.length === 0) orders.set(path, "c".repeat(ders.length));
  for (const record of records) {
    const [path, order] = [record.say("path"), record.say("order") ?? ""];
    if (record.kind === "pem" && path !== null && /^[kec]{2,64}$/.test(order)) orders.set(path, order);
  }
  return orders;
}

/** The first element alone: base64 goes by threes, so up to two bytes may hang on. */
function cutToElement(bytes: Uint8Array): Uint8Array | null {
  const element = readElement(bytes, 0, bytes.length);
  return element && element.tag === TAG.sequence ? bytes.subarray(0, element.end) : null;
}

/**
 * Tells a certificate from a request, a revocation list and a private key by the row of its tags. With an
 * explicit version it can be nothing else; without one (version 1) it has serial, algorithm, issuer, validity.
 */
function isShapedAsCertificate(der: Uint8Array): boolean {
  const outer = readElement(der, 0, der.length);
  const signed = outer && readElement(der, outer.content, outer.end);
  if (signed?.tag !== TAG.sequence) return false;
  if (der[signed.content] === EXPLICIT_VERSION) return true;
  const parts = readChildren(der, signed, 16) ?? [];
  const [serial, algorithm, issuer, validity] = parts;
  if (!serial || !algorithm || !issuer || !validity) return false;
  const row = [serial, algorithm, issuer, validity].map(({ tag }) => tag);
  const isRow = row[0] === TAG.integer && row.slice(1).every((tag) => tag === TAG.sequence);
  return (
    isRow && der[algorithm.content] === TAG.oid && /^1[78]$/.test((der[validity.content] ?? 0).toString(16))
  );
}
