import { createHash } from "node:crypto";
import { der, extension, name, oid, sequence, text } from "./build-certificate.ts";
import { BOTH, type BrokenChain, GO, identifiesIssuer, makeEcKeys } from "./conforming-chain.ts";
import { isAuthority, isMeantFor, isNamed } from "./sign-certificate.ts";

const SERVER = "1.3.6.1.5.5.7.3.1";
const WWW = text(0x82, "www.example.com");
const OTHER_KEY = makeEcKeys().spki;
const ROOT_KEYS = makeEcKeys();
const UNNAMED = name([["2.5.4.10", 0x0c, "Example"]]);
const ADDRESS = [0x20, 0x01, 0x0d, 0xb8, ...new Array<number>(11).fill(0), 1];
const NAMES_SERIAL = extension(
  "2.5.29.35",
  sequence(der(0x80, createHash("sha1").update(ROOT_KEYS.spki).digest()), der(0x82, [1])),
);

/** What the Baseline Requirements demand of servers' certificates and of roots. */
export const BROKEN_SERVERS: readonly BrokenChain[] = [
  {
    what: "an authority as a leaf",
    acceptedBy: BOTH,
    section: "BR 7.1.2.7.8",
    code: "authority-as-leaf",
    changes: () => ({ leaf: { extensions: { "2.5.29.19": isAuthority() } } }),
  },
  {
    what: "a leaf without an extended key usage",
    acceptedBy: BOTH,
    section: "BR 7.1.2.7.6",
    code: "extension-missing",
    changes: () => ({ leaf: { extensions: { "2.5.29.37": null } } }),
  },
  {
    what: "a leaf whose extended key usage is critical",
    acceptedBy: BOTH,
    section: "BR 7.1.2.7.6",
    code: "extension-critical",
    changes: () => ({
      leaf: { extensions: { "2.5.29.37": extension("2.5.29.37", sequence(oid(SERVER)), true) } },
    }),
  },
  {
    what: "a leaf for clients alone",
    acceptedBy: BOTH,
    section: "BR 7.1.2.7.10",
    code: "purpose-not-permitted",
    changes: () => ({ leaf: { extensions: { "2.5.29.37": isMeantFor("1.3.6.1.5.5.7.3.2") } } }),
  },
  {
    what: "a leaf for servers and code",
    acceptedBy: BOTH,
    section: "BR 7.1.2.7.10",
    code: "purpose-not-permitted",
    changes: () => ({ leaf: { extensions: { "2.5.29.37": isMeantFor(SERVER, "1.3.6.1.5.5.7.3.3") } } }),
  },
  {
    what: "an intermediate for servers and code",
    acceptedBy: BOTH,
    section: "BR 7.1.2.10.6",
    code: "purpose-not-permitted",
    changes: () => ({ middle: { extensions: { "2.5.29.37": isMeantFor(SERVER, "1.3.6.1.5.5.7.3.3") } } }),
  },
  {
    what: "a root with an extended key usage",
    acceptedBy: BOTH,
    section: "BR 7.1.2.1.2",
    code: "extension-misplaced",
    changes: () => ({ root: { extensions: { "2.5.29.37": isMeantFor(SERVER) } } }),
  },
  {
    what: "a root whose authority key identifier is empty",
    acceptedBy: BOTH,
    section: "BR 7.1.2.1.3",
    code: "extension-field",
    changes: () => ({ root: { extensions: { "2.5.29.35": extension("2.5.29.35", sequence()) } } }),
  },
  {
    what: "a root whose authority key identifier is of another key",
    acceptedBy: GO,
    section: "BR 7.1.2.1.3",
    code: "extension-field",
    changes: () => ({ root: { extensions: { "2.5.29.35": identifiesIssuer(OTHER_KEY) } } }),
  },
  {
    what: "a root whose authority key identifier names a serial number",
    acceptedBy: BOTH,
    section: "BR 7.1.2.1.3",
    code: "extension-field",
    changes: () => ({ root: { keys: ROOT_KEYS, extensions: { "2.5.29.35": NAMES_SERIAL } } }),
  },
  {
    what: "a leaf without alternative names",
    acceptedBy: BOTH,
    section: "BR 7.1.2.7.12",
    code: "extension-missing",
    changes: () => ({ leaf: { subject: UNNAMED, extensions: { "2.5.29.17": null } } }),
  },
  {
    what: "a leaf with a subject, whose names are critical",
    acceptedBy: BOTH,
    section: "BR 7.1.2.7.12",
    code: "extension-critical",
    changes: () => ({ leaf: { extensions: { "2.5.29.17": extension("2.5.29.17", sequence(WWW), true) } } }),
  },
  {
    what: "a leaf with a mail address",
    acceptedBy: BOTH,
    section: "BR 7.1.2.7.12",
    code: "name-kind-not-permitted",
    changes: () => ({
      leaf: {
        extensions: { "2.5.29.17": extension("2.5.29.17", sequence(WWW, text(0x81, "a@example.com"))) },
      },
    }),
  },
  {
    what: "a leaf with a name of another form",
    acceptedBy: BOTH,
    section: "BR 7.1.2.7.12",
    code: "name-kind-not-permitted",
    changes: () => ({
      leaf: { extensions: { "2.5.29.17": extension("2.5.29.17", sequence(WWW, der(0x88, [0x2a, 0x03]))) } },
    }),
  },
  {
    what: "a wildcard for a top-level domain",
    acceptedBy: BOTH,
    section: "BR 3.2.2.6",
    code: "wildcard-too-wide",
    changes: () => ({ leaf: { extensions: { "2.5.29.17": isNamed("www.example.com", "*.com") } } }),
  },
  {
    what: "a wildcard for a public suffix of two labels",
    acceptedBy: BOTH,
    section: "BR 3.2.2.6",
    code: "wildcard-too-wide",
    changes: () => ({ leaf: { extensions: { "2.5.29.17": isNamed("www.example.com", "*.co.uk") } } }),
  },
  {
    what: "a common name that is not among the names",
    acceptedBy: BOTH,
    section: "BR 7.1.4.3",
    code: "common-name-not-listed",
    changes: () => ({ leaf: { subject: "shop.example.com" } }),
  },
  {
    what: "a common name in another case",
    acceptedBy: BOTH,
    section: "BR 7.1.4.3",
    code: "common-name-not-listed",
    changes: () => ({ leaf: { subject: "WWW.example.com" } }),
  },
  {
    what: "an IPv6 address that is written out in the common name",
    acceptedBy: BOTH,
    section: "BR 7.1.4.3",
    code: "common-name-not-listed",
    changes: () => ({
      leaf: {
        subject: "2001:db8:0:0:0:0:0:1",
        extensions: { "2.5.29.17": extension("2.5.29.17", sequence(text(0x87, ADDRESS))) },
      },
    }),
  },
];
