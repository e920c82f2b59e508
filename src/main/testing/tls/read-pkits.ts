import { readFileSync } from "node:fs";
import { join } from "node:path";

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
const BLOCK = /^(\S+\.(?:crt|crl))\n-----BEGIN [A-Z0-9 ]+-----\n([^-]+)-----END/gm;

/** The suite: its rows, and its files as DER by their names. */
export function readPkits(): { rows: PkitsRow[]; fileOf(name: string): Buffer } {
  const read = (name: string) => readFileSync(join(FOLDER, name), "utf8");
  const files = new Map(
    ["certificates.pem", "crls.pem"].flatMap((name) =>
      Array.from(
        read(name).matchAll(BLOCK),
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
