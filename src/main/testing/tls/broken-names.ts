import { BOTH, type BrokenChain, OPENSSL } from "./broken-chain.ts";
import { extension, sequence, text } from "./build-certificate.ts";

const WWW = text(0x82, "www.example.com");

/** Subject alternative names. */
export const BROKEN_NAMES: readonly BrokenChain[] = [
  {
    what: "a leaf without a subject, whose names are not critical",
    acceptedBy: BOTH,
    section: "RFC 5280, 4.2.1.6",
    code: "extension-not-critical",
    changes: () => ({ leaf: { subject: sequence() } }),
  },
  {
    what: "a leaf that names nobody",
    acceptedBy: BOTH,
    section: "RFC 5280, 4.1.2.6",
    code: "subject-missing",
    changes: () => ({ leaf: { subject: sequence(), extensions: { "2.5.29.17": null } } }),
  },
  {
    what: "alternative names that list none",
    acceptedBy: BOTH,
    section: "RFC 5280, 4.2.1.6",
    code: "extension-empty",
    changes: () => ({ leaf: { extensions: { "2.5.29.17": extension("2.5.29.17", sequence()) } } }),
  },
  {
    what: "a DNS name with an underscore",
    acceptedBy: BOTH,
    section: "RFC 5280, 4.2.1.6",
    code: "name-malformed",
    changes: () => ({
      leaf: {
        extensions: { "2.5.29.17": extension("2.5.29.17", sequence(WWW, text(0x82, "a_b.example.com"))) },
      },
    }),
  },
  {
    what: "a DNS name that begins with a dot",
    acceptedBy: BOTH,
    section: "RFC 5280, 4.2.1.6",
    code: "name-malformed",
    changes: () => ({
      leaf: {
        extensions: { "2.5.29.17": extension("2.5.29.17", sequence(WWW, text(0x82, ".example.com"))) },
      },
    }),
  },
  {
    what: "a DNS name with a wildcard inside of a label",
    acceptedBy: BOTH,
    section: "RFC 5280, 4.2.1.6",
    code: "name-malformed",
    changes: () => ({
      leaf: {
        extensions: { "2.5.29.17": extension("2.5.29.17", sequence(WWW, text(0x82, "ba*.example.com"))) },
      },
    }),
  },
  {
    what: "a DNS name beyond ASCII",
    acceptedBy: OPENSSL,
    section: "RFC 5280, 4.2.1.6",
    code: "name-malformed",
    changes: () => ({
      leaf: {
        extensions: { "2.5.29.17": extension("2.5.29.17", sequence(WWW, text(0x82, "bär.example.com"))) },
      },
    }),
  },
  {
    what: "a mail address with two at signs",
    acceptedBy: BOTH,
    section: "RFC 5280, 4.2.1.6",
    code: "name-malformed",
    changes: () => ({
      leaf: {
        extensions: { "2.5.29.17": extension("2.5.29.17", sequence(WWW, text(0x81, "a@b@example.com"))) },
      },
    }),
  },
  {
    what: "a URI without a scheme",
    acceptedBy: BOTH,
    section: "RFC 5280, 4.2.1.6",
    code: "name-malformed",
    changes: () => ({
      leaf: { extensions: { "2.5.29.17": extension("2.5.29.17", sequence(WWW, text(0x86, "/here"))) } },
    }),
  },
  {
    what: "an IP address of 8 octets",
    acceptedBy: OPENSSL,
    section: "RFC 5280, 4.2.1.6",
    code: "name-malformed",
    changes: () => ({
      leaf: {
        extensions: {
          "2.5.29.17": extension("2.5.29.17", sequence(WWW, text(0x87, [10, 0, 0, 0, 255, 0, 0, 0]))),
        },
      },
    }),
  },
];
