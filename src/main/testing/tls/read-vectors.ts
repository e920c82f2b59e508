import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Where Debian's python3-cryptography-vectors lies. */
const VECTORS = "/usr/lib/python3/dist-packages/cryptography_vectors";

/** Passwords under which the package's own tests, and PKITS, have locked theirs. */
export const VECTOR_PASSWORDS = ["password", "cryptography"];

/** The paths of every file in these folders of the vectors. */
export const listVectors = (...folders: readonly string[]): string[] =>
  folders.flatMap((folder) => walk(join(VECTORS, folder)));

const walk = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? walk(path) : [path];
  });

const BLOCK = /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----\r?\n([^-]+)-----END/g;

/** The DER of each certificate that stands in a text as PEM. */
export const splitPem = (text: string): Buffer[] =>
  Array.from(text.matchAll(BLOCK), ([, base64 = ""]) => Buffer.from(base64, "base64"));

export const readVector = (path: string): Buffer => readFileSync(path);
