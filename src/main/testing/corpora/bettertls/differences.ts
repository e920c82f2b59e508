import type { Explanations } from "#testing/corpora/chain-corpus.ts";

/** Where this program says something else than BetterTLS, and why. */
export const BETTERTLS_EXPLANATIONS: Explanations = {
  cases: [
    {
      ours: "accepted",
      cases: /: SHA-1$/,
      counts: { clients: 6 },
      why: "`openssl verify` accepts SHA-1, and clients have a note of it (RFC 8446, 4.4.2.4); rfc5280 refuses it by that section, and webpki by BR 7.1.3.2",
    },
  ],
  rules: ["BR 7.1.4.3"],
};
