import { expect, test } from "vitest";
import { evaluateCase } from "#domain/x509/path/testing/judge.ts";
import { compareCorpus, type Explanations } from "#testing/corpora/chain-corpus.ts";
import { recordCorpus } from "#testing/corpora/corpus-table.ts";
import { type OpensslCase, opensslCases } from "#testing/corpora/openssl/openssl-cases.ts";
import { leaveOutRejected, readRoots } from "./trusted-roots.ts";

/** Where this program differs from OpenSSL, and why. */
const EXPLANATIONS: Explanations = {
  cases: [
    {
      ours: "accepted",
      cases:
        /^fail (trusted-first path with (server mistrust|client trust)|client purpose intermediate trusted|client mistrust and client purpose)/,
      counts: { rfc5280: 4, webpki: 4, clients: 4 },
      why: "another certificate of the same authority leads to a root that is trusted: a path that does not hold keeps no other from holding (RFC 4158, 2.4.2), where OpenSSL judges the first one alone",
    },
    {
      ours: "accepted",
      cases: /^Name Constraints (CNs|CN hostname|CN BMPSTRING hostname) not permitted/,
      counts: { clients: 3 },
      why: "constraints on DNS names are of subject alternative names (RFC 5280, 4.2.1.10); a common name names no server here (RFC 9525, 2), so that nothing can be reached by it",
    },
    {
      ours: "accepted",
      cases: /^Reject PSS signature using SHA1/,
      counts: { clients: 1 },
      why: "`openssl verify` accepts SHA-1 but at the level that this row asks for, and clients have a note of it (RFC 8446, 4.4.2.4)",
    },
    {
      ours: "accepted",
      cases: /^fail (trusted Ed25519-signed self-issued|non-CA trust-store intermediate \(2\))/,
      counts: { rfc5280: 1, clients: 2 },
      why: "what is among the roots is an anchor, whether it has signed itself or not (RFC 5280, 6.1.1 (d)), as OpenSSL has it with -partial_chain",
    },
    {
      ours: "accepted",
      cases: /\(strict\)$/,
      counts: { clients: 2 },
      why: "-x509_strict asks for RFC 5280, 4.2.1.1 and 4.2.1.9: rfc5280 refuses it, clients do not",
    },
    {
      ours: "refused",
      because: /wrong-purpose/,
      counts: { rfc5280: 3, webpki: 3, clients: 3 },
      why: "the extended key usage of a root binds (RFC 5280, 4.2.1.12), where OpenSSL's trust settings overrule it",
    },
  ],
  rules: [
    "RFC 5280, 4.2.1.1",
    "RFC 5280, 4.2.1.2",
    "RFC 5280, 4.2.1.3",
    "RFC 5280, 4.2.1.9",
    "RFC 5280, 4.2.1.10",
    "BR 7.1.2.1.2",
    "BR 7.1.2.7.6",
    "BR 7.1.2.7.10",
    "BR 7.1.2.7.12",
    "BR 7.1.3.1",
    "BR 7.1.4.3",
  ],
};

/** As `latchkey verify` reads a file of roots. */
function readTrusted({ trusted, ...each }: OpensslCase) {
  const { roots, rejected } = readRoots(Buffer.from(trusted), each.purpose);
  return {
    ...each,
    roots: leaveOutRejected(roots, rejected),
    pool: leaveOutRejected(each.pool, rejected),
  };
}

test("OpenSSL's own chains are judged as its tests say, or why not is known", ({ task }) => {
  const cases = opensslCases().map(readTrusted);
  const { rows, unexplained } = compareCorpus("OpenSSL", cases, EXPLANATIONS, evaluateCase);
  recordCorpus(task, rows);
  expect(cases).toHaveLength(150);
  expect(unexplained).toEqual([]);
});
