import { readFileSync } from "node:fs";
import { join } from "node:path";
import { framePem } from "#codec/pem.ts";
import type { Purpose } from "#shared/model/certificates/chain.ts";
import type { CorpusCase } from "#testing/corpora/chain-corpus.ts";
import { CORPUS_TIME } from "#testing/corpora/issue-certificate.ts";

/** One row of OpenSSL's tests; see the README beside its files. */
type Row = {
  name: string;
  certificate: string;
  trusted: readonly string[];
  untrusted: readonly string[];
  purpose: Purpose | null;
  isAccepted: boolean;
  isStrict?: true;
  isPartial?: true;
  depth?: number;
  /** Seconds since 1970. */
  at?: number;
  policy?: string;
};

const FOLDER = join(import.meta.dirname, "../../../domain/x509/path/testdata/openssl");
const BLOCK = /^(\S+)\n-----BEGIN ([A-Z ]+)-----\n([^-]+)-----END/gm;

/** The rows, with their trusted certificates as PEM, to be read as a file of roots. */
export type OpensslCase = CorpusCase & { trusted: string };

export function opensslCases(): OpensslCase[] {
  const read = (name: string) => readFileSync(join(FOLDER, name), "utf8");
  const files = new Map(
    Array.from(
      read("certificates.pem").matchAll(BLOCK),
      ([, name = "", label = "", base64 = ""]) => [name, { label, base64 }] as const,
    ),
  );
  const fileOf = (name: string) => {
    const file = files.get(name);
    if (!file) throw new Error(`OpenSSL's tests have no ${name}`);
    return file;
  };
  const derOf = (name: string) => Buffer.from(fileOf(name).base64, "base64");
  const pemOf = (name: string) => {
    const { label, base64 } = fileOf(name);
    return framePem(label, base64.trimEnd());
  };
  return (JSON.parse(read("vectors.json")) as Row[]).map((row) => ({
    id: formatId(row),
    leaf: derOf(row.certificate),
    pool: row.untrusted.map(derOf),
    roots: row.trusted.map(derOf),
    trusted: row.trusted.map(pemOf).join(""),
    at: row.at === undefined ? CORPUS_TIME : row.at * 1_000,
    purpose: row.purpose,
    name: null,
    isAccepted: row.isAccepted,
    ...(row.depth === undefined ? {} : { mostIntermediates: row.depth }),
    ...(row.policy === undefined ? {} : { policy: requirePolicy(row.policy) }),
  }));
}

const requirePolicy = (policy: string) => ({
  policies: [policy],
  requireExplicit: true,
  inhibitMapping: false,
  inhibitAny: false,
});

const formatId = ({ name, certificate, trusted, untrusted, isStrict, isPartial }: Row): string =>
  `${name}: ${certificate} by ${[...untrusted, ...trusted].join(", ")}${isStrict ? " (strict)" : ""}${isPartial ? " (partial chain)" : ""}`;
