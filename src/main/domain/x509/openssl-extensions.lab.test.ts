import { execFile } from "node:child_process";
import { hash, X509Certificate } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { printPem, readPem } from "#codec/pem.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { listVectors, readVector, splitPem } from "#testing/tls/read-vectors.ts";
import { readCertificate } from "./read-certificate.ts";

const run = promisify(execFile);

/** Extensions that we describe in exactly OpenSSL's words; of the others the name and the criticality are compared. */
const SAME_WORDS = new Set([
  "X509v3 Basic Constraints",
  "X509v3 Key Usage",
  "X509v3 Extended Key Usage",
  "X509v3 Subject Key Identifier",
  "X509v3 Inhibit Any Policy",
]);

type Said = { name: string; isCritical: boolean; value: string | null };

/** The extensions of each certificate of a bundle, as one openssl prints them. */
async function askForExtensions(bundle: string): Promise<Said[][]> {
  const { stdout } = await run("openssl", ["storeutl", "-noout", "-text", "-certs", bundle], {
    maxBuffer: 512 * 1024 * 1024,
  });
  return stdout
    .split(/^\d+: Certificate$/m)
    .slice(1)
    .map(readExtensions);
}

/** openssl indents each name by twelve spaces, and the text below it by four more. */
function readExtensions(text: string): Said[] {
  const [, block = ""] = /^ {8}X509v3 extensions:\n((?: {12}.*\n|\n)*)/m.exec(text) ?? [];
  const heads = Array.from(block.matchAll(/^ {12}(\S.*?): ?(critical)?\n((?: {13}.*\n|\n)*)/gm));
  return heads.map(([, name = "", critical, value = ""]) => ({
    name,
    isCritical: critical !== undefined,
    value: SAME_WORDS.has(name) ? value.trim() : null,
  }));
}

/** Up to the first extension that is not known here: openssl prints its bytes raw, which may contain a line end. */
function formatOurs(der: Uint8Array): Said[] {
  const { extensions = [] } = readCertificate(der) ?? {};
  const stranger = extensions.findIndex(({ value }) => value === null);
  return extensions.slice(0, stranger === -1 ? undefined : stranger).map(({ name, isCritical, value }) => ({
    name,
    isCritical,
    value: SAME_WORDS.has(name) ? (value ?? "") : null,
  }));
}

async function compare(ders: readonly Uint8Array[]): Promise<void> {
  await using folder = await makeTemporaryFolder();
  const bundle = join(folder.path, "bundle.pem");
  await writeFile(bundle, ders.map(printPem).join(""));
  const theirs = await askForExtensions(bundle);
  expect(theirs).toHaveLength(ders.length);
  for (const [index, der] of ders.entries()) {
    const { malformed } = readCertificate(der) ?? {};
    // For an extension that it cannot read, OpenSSL prints bytes: there are no words to compare.
    const ours = formatOurs(der);
    if (malformed?.length === 0) expect(ours).toEqual(theirs[index]?.slice(0, ours.length));
  }
}

test("the extensions of this system's certificates are those that openssl prints, in its words", async () => {
  const { ders } = readPem(await readFile("/etc/ssl/certs/ca-certificates.crt"));
  expect(ders.length).toBeGreaterThan(100);
  await compare(ders);
});

/** Whether OpenSSL, within Node, accepts it as a certificate. */
function isCertificate(der: Buffer): boolean {
  try {
    return new X509Certificate(der).raw.equals(der);
  } catch {
    return false;
  }
}

const vectors = listVectors("x509")
  .filter((path) => /\.(pem|crt|der)$/.test(path))
  .map(readVector)
  .flatMap((bytes) => (bytes.includes("-----BEGIN") ? splitPem(bytes.toString("latin1")) : [bytes]))
  .filter(isCertificate);

test("the extensions of NIST's and pyca's certificates are those that openssl prints, in its words", async () => {
  expect(vectors.length).toBeGreaterThan(450);
  await compare(vectors);
});

test("the key of a certificate is the one that OpenSSL finds in it, by its hash", () => {
  for (const der of vectors) {
    const theirs = keyOf(der);
    if (theirs) expect(readCertificate(der)?.spkiSha256).toBe(theirs);
  }
});

/** Null for a key of a kind that OpenSSL does not know, or encodes differently from the certificate. */
function keyOf(der: Buffer): string | null {
  try {
    const spki = new X509Certificate(der).publicKey.export({ type: "spki", format: "der" });
    return der.includes(spki) ? hash("sha256", spki, "hex") : null;
  } catch {
    return null;
  }
}
