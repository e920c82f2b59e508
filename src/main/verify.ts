import { readPem } from "#codec/pem.ts";
import type { Evaluation, Profile, Purpose } from "#shared/model/certificates/chain.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { evaluateChain } from "./domain/x509/path/evaluate-chain.ts";
import { indexCertificates } from "./domain/x509/path/path-certificate.ts";
import type { PolicyRequest } from "./domain/x509/path/policy-graph.ts";
import { leaveOutRejected, readRoots } from "./domain/x509/path/trusted-roots.ts";
import { type RevocationList, readCrl, readCrlFile } from "./domain/x509/revocation/read-crl.ts";
import { readSystemRoots } from "./net/trust/read-roots.ts";

/** Bytes of files, PEM or DER. */
type VerificationRequest = {
  /** Its first certificate is evaluated; those that follow it may stand above it. */
  leaf: Uint8Array;
  chain: readonly Uint8Array[];
  /** Null: the roots that this system trusts. */
  roots: readonly Uint8Array[] | null;
  /** Null: revocation is not evaluated. */
  crls: readonly Uint8Array[] | null;
  at: Date;
  purpose: Purpose | null;
  name: string | null;
  policy: PolicyRequest;
  mostIntermediates: number | null;
  profile: Profile;
};

/**
 * Whether the certificate in a file is valid. A module of its own, so that a caller loads neither database nor screens.
 */
export async function verifyFiles({
  leaf,
  chain,
  roots,
  crls,
  at,
  profile,
  ...options
}: VerificationRequest): Promise<Evaluation> {
  const trusted = roots ?? (await readTrusted());
  const [first, ...others] = readPem(leaf).ders;
  const files = trusted.map((file) => readRoots(file, options.purpose));
  const rejected = files.flatMap((file) => file.rejected);
  const index = (ders: readonly Uint8Array[]) => indexCertificates(leaveOutRejected(ders, rejected));
  return evaluateChain({
    leaf: first ?? leaf,
    pool: index([...others, ...chain.flatMap((file) => readPem(file).ders)]),
    roots: index(files.flatMap((file) => file.roots)),
    options: { ...options, at: at.getTime() },
    profile,
    revocationLists: crls?.flatMap(readLists) ?? null,
  });
}

async function readTrusted(): Promise<Uint8Array[]> {
  const system = await readSystemRoots();
  if (system) return [system.pem];
  throw new Refusal("not-found", "the roots of this system were not found; name a file of roots by --roots");
}

/** How many certificates a file holds. */
export const countCertificates = (file: Uint8Array): number => readPem(file).ders.length;

/** How many revocation lists a file holds. */
export const countLists = (file: Uint8Array): number => readLists(file).length;

const readLists = (file: Uint8Array): RevocationList[] =>
  readCrlFile(file).flatMap((der) => readCrl(der) ?? []);
