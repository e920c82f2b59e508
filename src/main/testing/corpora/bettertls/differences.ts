import type { Explanations } from "#testing/corpora/chain-corpus.ts";

/** Where this program says something else than BetterTLS, and why. */
export const BETTERTLS_EXPLANATIONS: Explanations = {
  cases: [
    {
      ours: "accepted",
      cases: /: SHA-1$/,
      counts: { rfc5280: 6, clients: 6 },
      why: "RFC 5280, 4.1.1.2 takes the algorithms of RFC 3279, which names SHA-1, and `openssl verify` accepts it; the Baseline Requirements forbid it (7.1.3.2), webpki refuses it, and clients have a note of it",
    },
  ],
  rules: ["BR 7.1.4.3"],
};
