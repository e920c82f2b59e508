import { der, extension, oid, sequence, text } from "./build-certificate.ts";
import { BOTH, type BrokenChain, GO, OPENSSL } from "./conforming-chain.ts";
import { constrains, isAuthority } from "./sign-certificate.ts";

const EXAMPLE = text(0x82, "example.com");
const UNKNOWN_QUALIFIER = "1.3.6.1.4.1.55738.1";

const constrainsUncritically = (base: Buffer): Buffer =>
  extension("2.5.29.30", sequence(der(0xa0, sequence(base))));

const hasPolicy = (qualifier: string): Buffer =>
  extension(
    "2.5.29.32",
    sequence(sequence(oid("2.23.140.1.2.1"), sequence(sequence(oid(qualifier), der(0x05))))),
    true,
  );

/** Constraints, usages and other extensions that restrict or describe. */
export const BROKEN_EXTENSIONS: readonly BrokenChain[] = [
  {
    what: "name constraints that are not critical",
    acceptedBy: BOTH,
    section: "RFC 5280, 4.2.1.10",
    code: "extension-not-critical",
    changes: () => ({ middle: { extensions: { "2.5.29.30": constrainsUncritically(EXAMPLE) } } }),
  },
  {
    what: "name constraints without a list",
    acceptedBy: OPENSSL,
    section: "RFC 5280, 4.2.1.10",
    code: "extension-empty",
    changes: () => ({ middle: { extensions: { "2.5.29.30": extension("2.5.29.30", sequence(), true) } } }),
  },
  {
    what: "name constraints with two empty lists",
    acceptedBy: OPENSSL,
    section: "RFC 5280, 4.2.1.10",
    code: "extension-empty",
    changes: () => ({
      middle: { extensions: { "2.5.29.30": extension("2.5.29.30", sequence(der(0xa0), der(0xa1)), true) } },
    }),
  },
  {
    what: "name constraints with one empty list",
    acceptedBy: BOTH,
    section: "RFC 5280, 4.2.1.10",
    code: "extension-empty",
    changes: () => ({
      middle: {
        extensions: {
          "2.5.29.30": extension("2.5.29.30", sequence(der(0xa0, sequence(EXAMPLE)), der(0xa1)), true),
        },
      },
    }),
  },
  {
    what: "a name constraint with an empty label",
    acceptedBy: OPENSSL,
    section: "RFC 5280, 4.2.1.10",
    code: "constraint-malformed",
    changes: () => ({
      middle: { extensions: { "2.5.29.30": constrains({ excluded: [text(0x82, "other..example")] }) } },
    }),
  },
  {
    what: "a leaf with name constraints",
    acceptedBy: BOTH,
    section: "RFC 5280, 4.2.1.10",
    code: "extension-misplaced",
    changes: () => ({ leaf: { extensions: { "2.5.29.30": constrains({ permitted: [EXAMPLE] }) } } }),
  },
  {
    what: "a name constraint that begins with a dot",
    acceptedBy: BOTH,
    section: "RFC 5280, 4.2.1.10",
    code: "constraint-malformed",
    changes: () => ({
      middle: { extensions: { "2.5.29.30": constrains({ excluded: [text(0x82, ".other.example")] }) } },
    }),
  },
  {
    what: "a name constraint that is a wildcard",
    acceptedBy: BOTH,
    section: "RFC 5280, 4.2.1.10",
    code: "constraint-malformed",
    changes: () => ({
      middle: { extensions: { "2.5.29.30": constrains({ excluded: [text(0x82, "*.other.example")] }) } },
    }),
  },
  {
    what: "a constraint on mail with two at signs",
    acceptedBy: BOTH,
    section: "RFC 5280, 4.2.1.10",
    code: "constraint-malformed",
    changes: () => ({
      middle: { extensions: { "2.5.29.30": constrains({ excluded: [text(0x81, "a@b@other.example")] }) } },
    }),
  },
  {
    what: "a constraint on addresses whose mask has a gap",
    acceptedBy: OPENSSL,
    section: "RFC 5280, 4.2.1.10",
    code: "constraint-malformed",
    changes: () => ({
      middle: {
        extensions: { "2.5.29.30": constrains({ excluded: [text(0x87, [10, 0, 0, 0, 255, 0, 255, 0])] }) },
      },
    }),
  },
  {
    what: "a constraint on URIs with a scheme",
    acceptedBy: BOTH,
    section: "RFC 5280, 4.2.1.10",
    code: "constraint-malformed",
    changes: () => ({
      middle: {
        extensions: { "2.5.29.30": constrains({ excluded: [text(0x86, "https://other.example")] }) },
      },
    }),
  },
  {
    what: "a name constraint with a minimum",
    acceptedBy: BOTH,
    section: "RFC 5280, 4.2.1.10",
    code: "constraint-malformed",
    changes: () => ({
      middle: {
        extensions: {
          "2.5.29.30": extension(
            "2.5.29.30",
            sequence(der(0xa1, sequence(text(0x86, "other.example"), der(0x80, [1])))),
            true,
          ),
        },
      },
    }),
  },
  {
    what: "policy constraints that are not critical",
    acceptedBy: BOTH,
    section: "RFC 5280, 4.2.1.11",
    code: "extension-not-critical",
    changes: () => ({
      middle: { extensions: { "2.5.29.36": extension("2.5.29.36", sequence(der(0x80, [9]))) } },
    }),
  },
  {
    what: "policy constraints without a field",
    acceptedBy: BOTH,
    section: "RFC 5280, 4.2.1.11",
    code: "extension-empty",
    changes: () => ({ middle: { extensions: { "2.5.29.36": extension("2.5.29.36", sequence(), true) } } }),
  },
  {
    what: "anyPolicy inhibited by an extension that is not critical",
    acceptedBy: BOTH,
    section: "RFC 5280, 4.2.1.14",
    code: "extension-not-critical",
    changes: () => ({ middle: { extensions: { "2.5.29.54": extension("2.5.29.54", der(0x02, [0])) } } }),
  },
  {
    what: "critical policies with an unknown qualifier",
    acceptedBy: BOTH,
    section: "RFC 5280, 4.2.1.4",
    code: "qualifier-unknown",
    changes: () => ({ leaf: { extensions: { "2.5.29.32": hasPolicy(UNKNOWN_QUALIFIER) } } }),
  },
  {
    what: "an intermediate without key usage",
    acceptedBy: BOTH,
    section: "RFC 5280, 4.2.1.3",
    code: "extension-missing",
    changes: () => ({ middle: { extensions: { "2.5.29.15": null } } }),
  },
  {
    what: "a key usage without a bit",
    acceptedBy: GO,
    section: "RFC 5280, 4.2.1.3",
    code: "extension-empty",
    changes: () => ({ leaf: { extensions: { "2.5.29.15": extension("2.5.29.15", der(0x03, [0]), true) } } }),
  },
  {
    what: "a leaf with a path length",
    acceptedBy: BOTH,
    section: "RFC 5280, 4.2.1.9",
    code: "basic-constraints-inconsistent",
    changes: () => ({
      leaf: { extensions: { "2.5.29.19": extension("2.5.29.19", sequence(der(0x02, [0])), true) } },
    }),
  },
  {
    what: "an authority with a path length that may not sign",
    acceptedBy: BOTH,
    section: "RFC 5280, 4.2.1.9",
    code: "basic-constraints-inconsistent",
    changes: () => ({ leaf: { extensions: { "2.5.29.19": isAuthority(0) } } }),
  },
  {
    what: "an extended key usage without a purpose",
    acceptedBy: BOTH,
    section: "RFC 5280, 4.2.1.12",
    code: "extension-empty",
    changes: () => ({ leaf: { extensions: { "2.5.29.37": extension("2.5.29.37", sequence()) } } }),
  },
  {
    what: "authority information access without a description",
    acceptedBy: BOTH,
    section: "RFC 5280, 4.2.2.1",
    code: "extension-malformed",
    changes: () => ({
      leaf: { extensions: { "1.3.6.1.5.5.7.1.1": extension("1.3.6.1.5.5.7.1.1", sequence()) } },
    }),
  },
  {
    what: "authority information access with a method alone",
    acceptedBy: BOTH,
    section: "RFC 5280, 4.2.2.1",
    code: "extension-malformed",
    changes: () => ({
      leaf: {
        extensions: {
          "1.3.6.1.5.5.7.1.1": extension("1.3.6.1.5.5.7.1.1", sequence(sequence(oid("1.3.6.1.5.5.7.48.1")))),
        },
      },
    }),
  },
  {
    what: "authority information access that is text",
    acceptedBy: OPENSSL,
    section: "RFC 5280, 4.2.2.1",
    code: "extension-malformed",
    changes: () => ({
      leaf: { extensions: { "1.3.6.1.5.5.7.1.1": extension("1.3.6.1.5.5.7.1.1", Buffer.from("malformed")) } },
    }),
  },
];

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
