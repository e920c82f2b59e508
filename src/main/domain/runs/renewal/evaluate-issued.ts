import { printPem } from "#codec/pem.ts";
import { checkIssued } from "#domain/issuing/check-issued.ts";
import type { CertificateIndex } from "#domain/x509/path/path-certificate.ts";
import { readCertificate } from "#domain/x509/read-certificate.ts";
import type { Sha256 } from "#shared/model/certificates/certificate.ts";
import type { Narrower } from "#shared/model/runs/deployment.ts";

type Came = {
  /** DER, in the order in which they came. */
  came: readonly Uint8Array[];
  csr: Uint8Array;
  /** The certificate that is served now; null: it is not known. */
  before: Uint8Array | null;
  /** What it may lack that the old one has, as was acknowledged with the plan. */
  narrower: readonly Narrower[];
  roots: CertificateIndex;
  now: Date;
};

/** What was issued for a request, as it goes into files: PEM, the leaf first; or why it does not. */
type EvaluatedIssued =
  | { kind: "sound"; chain: string; sha256: Sha256; notes: string[] }
  | { kind: "faulty"; why: string; isOtherKey: boolean };

export function evaluateIssued({ now, narrower, ...came }: Came): EvaluatedIssued {
  const answer = checkIssued({
    ...came,
    clocks: [{ whose: "this computer", now: now.getTime() }],
    accepted: new Set(narrower),
  });
  if (answer.kind === "faulty") {
    const { faults } = answer;
    return {
      kind: "faulty",
      why: faults.map(({ sentence }) => sentence).join("; "),
      isOtherKey: faults.some(({ code }) => code === "other-key"),
    };
  }
  const [leaf] = answer.chain;
  const read = leaf && readCertificate(leaf);
  if (!read) throw new Error("a certificate that was evaluated as sound cannot be read");
  const chain = answer.chain.map((der) => printPem(der)).join("");
  return { kind: "sound", chain, sha256: read.sha256, notes: answer.notes };
}
