import { expect, test } from "vitest";
import { evaluateCase } from "#domain/x509/path/testing/judge.ts";
import { boringsslCases } from "#testing/corpora/boringssl/boringssl-cases.ts";
import { compareCorpus, type Explanations } from "#testing/corpora/chain-corpus.ts";
import { recordCorpus } from "#testing/corpora/corpus-table.ts";

/** Where this program differs from BoringSSL, and why. */
const EXPLANATIONS: Explanations = {
  cases: [
    {
      ours: "refused",
      cases:
        /^(root-basic-constraints-ca-false|violates-pathlen-1-from-root|root-lacks-keycertsign-key-usage|root-eku-clientauth\/.*)$/,
      counts: { rfc5280: 5, webpki: 5, clients: 5 },
      why: 'what a root says of itself binds (RFC 5937, 3; RFC 5280, 4.2.1.3, 4.2.1.9 and 4.2.1.12): BoringSSL asks so of an anchor "with constraints", which stands beside it and agrees',
    },
    {
      ours: "refused",
      cases: /^expired-root\/not-(before|after)$/,
      counts: { rfc5280: 2, webpki: 2, clients: 2 },
      why: 'a root holds from and until when it says (RFC 5280, 4.1.2.5): BoringSSL asks so of an anchor "with expiration", which stands beside it and agrees',
    },
    {
      ours: "refused",
      cases: /^(target-not-end-entity|target-serverauth-various-keyusages\/.*-decipherOnly)$/,
      counts: { rfc5280: 3, webpki: 3, clients: 3 },
      why: "a key that may neither sign nor agree nor encipher cannot stand for a server (RFC 5246, 7.4.2; RFC 8446, 4.4.2.2), as OpenSSL has it",
    },
    {
      ours: "refused",
      cases: /^target-msapplicationpolicies-and-eku$/,
      counts: { rfc5280: 1, webpki: 1, clients: 1 },
      why: "a critical extension that is not processed is refused (RFC 5280, 4.2), whatever stands beside it",
    },
    {
      ours: "accepted",
      cases: /-signed-with-sha1$/,
      counts: { clients: 2 },
      why: "`openssl verify` accepts SHA-1, and clients have a note of it (RFC 8446, 4.4.2.4); rfc5280 refuses it by that section, and webpki by BR 7.1.3.2",
    },
    {
      ours: "accepted",
      cases: /-strict$|\/strict$/,
      counts: { rfc5280: 9, clients: 9 },
      why: "the strict purposes are those of the web: a leaf that is no authority, an extended key usage that is there and has no others beside it (BR 7.1.2.7); webpki refuses all of them",
    },
    {
      ours: "accepted",
      cases: /\/trusted anchor, not a leaf$/,
      counts: { rfc5280: 2, webpki: 2, clients: 2 },
      why: 'what is among the roots is trusted as it is (RFC 5280, 6.1.1 (d)), also as a path of one: BoringSSL\'s "trusted leaf", which stands beside it and agrees',
    },
  ],
  rules: [
    "RFC 5280, 4.2.1.4",
    "RFC 5280, 4.2.1.9",
    "RFC 5937, 3",
    "BR 7.1.2.7.6",
    "BR 7.1.2.7.8",
    "BR 7.1.2.7.10",
    "BR 7.1.2.7.12",
    "BR 7.1.4.3",
  ],
};

test("BoringSSL's chains are judged as its tests say, or why not is known", ({ task }) => {
  const cases = [...boringsslCases()];
  const { rows, unexplained } = compareCorpus("BoringSSL", cases, EXPLANATIONS, evaluateCase);
  recordCorpus(task, rows);
  expect(cases).toHaveLength(129);
  expect(unexplained).toEqual([]);
});
