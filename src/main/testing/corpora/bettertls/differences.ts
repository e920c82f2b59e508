import type { Difference } from "#testing/corpora/chain-corpus.ts";

const SHA1 = {
  ours: "accepted",
  cases: /: SHA-1$/,
  count: 6,
} as const;

/** Where this program says something else than BetterTLS, and why. */
export const BETTERTLS_DIFFERENCES: readonly Difference[] = [
  {
    ...SHA1,
    profile: "rfc5280",
    why: "RFC 5280, 4.1.1.2 takes the algorithms of RFC 3279, which names SHA-1; it is the Baseline Requirements that forbid it (7.1.3.2), and webpki refuses it",
  },
  {
    ...SHA1,
    profile: "clients",
    why: "`openssl verify` accepts SHA-1 at the security level that it has by default; the rule is noted beside the judgement",
  },
];
