import type { ChainReasonCode, Client } from "#shared/model/chain.ts";
import { BOTH, GO, NEITHER } from "./broken-chain.ts";
import { commonName, der, extension, name, sequence, text } from "./build-certificate.ts";
import type { Changes } from "./conforming-chain.ts";
import { constrains, isNamed } from "./sign-certificate.ts";

/** A chain with a name that its authority may not issue for by RFC 5280. */
export type ConstrainedChain = {
  what: string;
  /** As `openssl verify` 3.5 and crypto/x509 of Go 1.24 were seen to do. */
  acceptedBy: readonly Client[];
  code: ChainReasonCode;
  changes: () => Changes;
};

const SUBJECT = der(0xa4, commonName("www.example.com"));
const OTHER = der(0xa4, commonName("another.example"));
const MAIL = text(0x81, "example.com");
const constrainsUncritically = (side: 0xa0 | 0xa1, base: Buffer): Buffer =>
  extension("2.5.29.30", sequence(der(side, sequence(base))));
const below = (constraints: Buffer): NonNullable<Changes["middle"]> => ({
  extensions: { "2.5.29.30": constraints },
});

/** Go compares the names of the extension alone, of the kinds that it knows; for OpenSSL and Go a wildcard is a name like any other. */
export const CONSTRAINED_CHAINS: readonly ConstrainedChain[] = [
  {
    what: "a subject that is excluded by constraints that are not critical",
    acceptedBy: GO,
    code: "name-excluded",
    changes: () => ({ middle: below(constrainsUncritically(0xa1, SUBJECT)) }),
  },
  {
    what: "a subject that is not permitted by constraints that are not critical",
    acceptedBy: GO,
    code: "name-not-permitted",
    changes: () => ({ middle: below(constrainsUncritically(0xa0, OTHER)) }),
  },
  {
    what: "a subject that is excluded by critical constraints",
    acceptedBy: NEITHER,
    code: "name-excluded",
    changes: () => ({ middle: below(constrains({ excluded: [SUBJECT] })) }),
  },
  {
    what: "a mail address of the subject that is excluded",
    acceptedBy: GO,
    code: "name-excluded",
    changes: () => ({
      middle: below(constrains({ excluded: [MAIL] })),
      leaf: { subject: name([["1.2.840.113549.1.9.1", 0x16, "somebody@example.com"]]) },
    }),
  },
  {
    what: "a mail address among the alternative names that is excluded",
    acceptedBy: NEITHER,
    code: "name-excluded",
    changes: () => ({
      middle: below(constrains({ excluded: [MAIL] })),
      leaf: {
        extensions: { "2.5.29.17": extension("2.5.29.17", sequence(text(0x81, "somebody@example.com"))) },
      },
    }),
  },
  {
    what: "a mail address at a host below the one that is permitted",
    acceptedBy: GO,
    code: "name-not-permitted",
    changes: () => ({
      middle: below(constrains({ permitted: [MAIL] })),
      leaf: {
        extensions: { "2.5.29.17": extension("2.5.29.17", sequence(text(0x81, "a@mail.example.com"))) },
      },
    }),
  },
  {
    what: "a URI at a host below the one that is permitted",
    acceptedBy: GO,
    code: "name-not-permitted",
    changes: () => ({
      middle: below(constrains({ permitted: [text(0x86, "example.com")] })),
      leaf: {
        extensions: { "2.5.29.17": extension("2.5.29.17", sequence(text(0x86, "https://www.example.com/"))) },
      },
    }),
  },
  {
    what: "a wildcard that covers an excluded name",
    acceptedBy: BOTH,
    code: "name-excluded",
    changes: () => ({
      middle: below(constrains({ excluded: [text(0x82, "secret.example.com")] })),
      leaf: { subject: "example", extensions: { "2.5.29.17": isNamed("*.example.com") } },
    }),
  },
  {
    what: "a name that is excluded",
    acceptedBy: NEITHER,
    code: "name-excluded",
    changes: () => ({ middle: below(constrains({ excluded: [text(0x82, "example.com")] })) }),
  },
];
