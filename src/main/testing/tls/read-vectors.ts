import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Where Debian's python3-cryptography-vectors is installed. */
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

/** The DER of each PEM certificate in a text. */
export const splitPem = (text: string): Buffer[] =>
  Array.from(text.matchAll(BLOCK), ([, base64 = ""]) => Buffer.from(base64, "base64"));

export const readVector = (path: string): Buffer => readFileSync(path);

/** A chain that breaks one rule, as it was when Go evaluated it. */
export type GoVector = {
  what: string;
  /** Base64 of DER. */
  root: string;
  middle: string;
  leaf: string;
  /** Go's error; empty if it accepts the chain. */
  refusal: string;
};

/** `go`: the version of Go. The folder's README says how to make the vectors anew. */
type GoVectors = { go: string; vectors: GoVector[] };

export const GO_VECTORS = join(import.meta.dirname, "../../domain/x509/path/testdata/go/vectors.json");

export const readGoVectors = (): GoVectors => JSON.parse(readFileSync(GO_VECTORS, "utf8"));

/** One row of NIST's suite; see the README beside its files. */
export type PkitsRow = {
  name: string;
  certificates: string[];
  crls: string[];
  isValid: boolean;
  policies: string[];
  requireExplicit: boolean;
  inhibitMapping: boolean;
  inhibitAny: boolean;
};

const FOLDER = join(import.meta.dirname, "../../domain/x509/path/testdata/pkits");
const NAMED_BLOCK = /^(\S+\.(?:crt|crl))\n-----BEGIN [A-Z0-9 ]+-----\n([^-]+)-----END/gm;

/** The suite: its rows, and its files as DER by their names. */
export function readPkits(): { rows: PkitsRow[]; fileOf(name: string): Buffer } {
  const read = (name: string) => readFileSync(join(FOLDER, name), "utf8");
  const files = new Map(
    ["certificates.pem", "crls.pem"].flatMap((name) =>
      Array.from(
        read(name).matchAll(NAMED_BLOCK),
        ([, file = "", base64 = ""]) => [file, Buffer.from(base64, "base64")] as const,
      ),
    ),
  );
  const fileOf = (name: string) => {
    const bytes = files.get(name);
    if (!bytes) throw new Error(`the suite has no ${name}`);
    return bytes;
  };
  return { rows: JSON.parse(read("vectors.json")) as PkitsRow[], fileOf };
}
