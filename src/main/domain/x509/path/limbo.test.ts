import { expect, test } from "vitest";
import { evaluateCase } from "#domain/x509/path/testing/judge.ts";
import { compareCorpus, type Explanations } from "#testing/corpora/chain-corpus.ts";
import { recordCorpus } from "#testing/corpora/corpus-table.ts";
import { limboCases } from "#testing/corpora/limbo/certificate-cases.ts";

/** Where this program differs from x509-limbo, and why. */
const EXPLANATIONS: Explanations = {
  cases: [
    {
      ours: "accepted",
      cases: /^webpki::(aki|cn|ee-|eku|forbidden|san)/,
      counts: { rfc5280: 31, clients: 31 },
      why: "these are the Baseline Requirements' own rules: webpki refuses all of them, RFC 5280 does not ask for them, and clients pass over them",
    },
    {
      ours: "accepted",
      cases: /^rfc5280::nc::permitted-dns-match-noncritical$/,
      counts: { webpki: 1 },
      why: "BR 7.1.2.5.2 lets name constraints not be critical, as x509-limbo has it in webpki::nc::permitted-dns-match-noncritical; rfc5280 refuses it",
    },
    {
      ours: "refused",
      cases: /^(pathlen::validation-ignores-pathlen-in-leaf|rfc5280::ca-as-leaf)$/,
      counts: { rfc5280: 2, webpki: 2, clients: 2 },
      why: "its key usage is to sign certificates alone, and no TLS server can use that (RFC 5246, 7.4.2; RFC 8446, 4.4.2.2)",
    },
    {
      ours: "refused",
      cases: /^cve::cve-2024-0567$/,
      counts: { rfc5280: 1, webpki: 1 },
      why: "its root is not self-signed and names no key of its issuer (RFC 5280, 4.2.1.1), which x509-limbo refuses in rfc5280::aki::cross-signed-root-missing-aki",
    },
  ],
  rules: [
    "RFC 5280, 4.1.2.2",
    "RFC 5280, 4.1.2.6",
    "RFC 5280, 4.2.1.1",
    "RFC 5280, 4.2.1.2",
    "RFC 5280, 4.2.1.3",
    "RFC 5280, 4.2.1.6",
    "RFC 5280, 4.2.1.9",
    "RFC 5280, 4.2.1.10",
    "RFC 5280, 4.2.1.11",
    "RFC 5280, 4.2.2.1",
    "RFC 5280, 5.2.3",
    "BR 7.1.2.7.6",
    "BR 7.1.2.7.10",
    "BR 7.1.2.7.12",
    "BR 7.1.4.3",
  ],
};

test("x509-limbo's cases, issued anew, are judged as it expects, or why not is known", ({ task }) => {
  const cases = [...limboCases()];
  const { rows, unexplained } = compareCorpus("x509-limbo", cases, EXPLANATIONS, evaluateCase);
  recordCorpus(task, rows);
  expect(cases).toHaveLength(192);
  expect(unexplained).toEqual([]);
});
