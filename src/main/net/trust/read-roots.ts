import { readFile } from "node:fs/promises";
import tls from "node:tls";

/** Roots as a store holds them: PEM, with whatever is between its blocks. */
export type RootFile = { source: string; pem: Uint8Array };

/** The bundles that OpenSSL, GnuTLS and what is built on them trust, by system; the first that exists is used. */
const BUNDLES = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
  "/etc/ssl/cert.pem",
  "/usr/local/share/certs/ca-root-nss.crt",
];

/** What this system trusts: its bundle, or what it passes to Node (macOS, Windows); null if it has neither. */
export async function readSystemRoots(): Promise<RootFile | null> {
  for (const path of BUNDLES) {
    const pem = await readFile(path).catch(() => null);
    if (pem) return { source: path, pem };
  }
  // Since Node 22.15; this program runs from 22.14 on.
  const certificates = tls.getCACertificates?.("system") ?? [];
  if (certificates.length === 0) return null;
  return { source: "this system's store", pem: Buffer.from(certificates.join("\n")) };
}

/** Mozilla's roots as this Node was built with them: a snapshot of the day of its release. */
export const readMozillaRoots = (): RootFile => ({
  source: `Mozilla's, as of Node ${process.versions.node}`,
  pem: Buffer.from(tls.rootCertificates.join("\n")),
});
