import { hash, X509Certificate } from "node:crypto";
import { expect, test } from "vitest";
import { Inspection } from "#shared/contract/inspect.ts";
import { listVectors, readVector, splitPem } from "#testing/tls/read-vectors.ts";
import { inspectBytes } from "./inspect-bytes.ts";

const paths = listVectors("x509", "pkcs12", "pkcs7", "asymmetric/OpenSSH", "asymmetric/PKCS8");

/** What OpenSSL, within Node, reads as certificates in the clear. */
function readByNode(bytes: Buffer): string[] {
  const ders = bytes.includes("-----BEGIN") ? splitPem(bytes.toString("latin1")) : [bytes];
  return ders.flatMap((der) => {
    try {
      return [hash("sha256", new X509Certificate(der).raw, "hex")];
    } catch {
      return [];
    }
  });
}

test("of the vectors of pyca/cryptography no certificate is missing that OpenSSL reads, and no file is too much", () => {
  expect(paths.length).toBeGreaterThan(1_500);
  const missing: string[] = [];
  let count = 0;
  for (const path of paths) {
    const bytes = readVector(path);
    const { items } = Inspection.parse(inspectBytes(path, bytes));
    const ours = new Set<string>(items.flatMap((item) => (item.what === "certificate" ? [item.sha256] : [])));
    const theirs = readByNode(bytes);
    count += theirs.length;
    missing.push(...theirs.filter((sha256) => !ours.has(sha256)).map((sha256) => `${path} ${sha256}`));
  }
  expect(missing).toEqual([]);
  expect(count).toBeGreaterThan(500);
});

test("of every keystore among the vectors it is told what keeps it shut, or nothing does", () => {
  const shut = paths
    .filter((path) => path.endsWith(".p12"))
    .map((path) => Inspection.parse(inspectBytes(path, readVector(path))));
  expect(shut.length).toBeGreaterThan(400);
  for (const { source, stores, malformed } of shut) {
    expect(stores, source).toMatchObject([{ format: "PKCS#12" }]);
    expect(malformed, source).toEqual([]);
  }
});
