import { generateKeyPairSync } from "node:crypto";
import { BOTH, type BrokenChain, GO, NEITHER, OPENSSL } from "./broken-chain.ts";
import { BROKEN_EXTENSIONS } from "./broken-extensions.ts";
import { BROKEN_FORMS } from "./broken-forms.ts";
import { BROKEN_NAMES } from "./broken-names.ts";
import { BROKEN_SERVERS } from "./broken-servers.ts";
import { commonName, der, extension, oid, sequence } from "./build-certificate.ts";
import { identifiesIssuer, identifiesKey, keyIdOf, makeEcKeys } from "./conforming-chain.ts";
import { type KeyPair, mayBeUsedFor } from "./sign-certificate.ts";

function makeKeys(kind: "dsa" | "rsa", modulusLength: number): KeyPair {
  const { publicKey, privateKey } =
    kind === "dsa"
      ? generateKeyPairSync("dsa", { modulusLength, divisorLength: 160 })
      : generateKeyPairSync("rsa", { modulusLength });
  return { privateKey, spki: publicKey.export({ format: "der", type: "spki" }) };
}

const isAuthorityUncritical = extension("2.5.29.19", sequence(der(0x01, [0xff])));
const NO_NAME = sequence();
const OTHER_KEY = makeEcKeys().spki;

const BROKEN_KEYS: readonly BrokenChain[] = [
  {
    what: "a leaf on a curve that is written out",
    acceptedBy: NEITHER,
    section: "RFC 5480, 2.1.1",
    code: "key-curve-explicit",
    changes: () => ({ leaf: { keys: makeEcKeys("P-256", "explicit") } }),
  },
  {
    what: "a root on a curve that is written out",
    acceptedBy: NEITHER,
    section: "RFC 5480, 2.1.1",
    code: "key-curve-explicit",
    changes: () => ({ root: { keys: makeEcKeys("P-256", "explicit") } }),
  },
  {
    what: "a leaf on P-192",
    acceptedBy: OPENSSL,
    section: "BR 6.1.5",
    code: "key-not-permitted",
    changes: () => ({ leaf: { keys: makeEcKeys("prime192v1") } }),
  },
  {
    what: "a leaf on a curve that nobody knows",
    acceptedBy: NEITHER,
    section: "BR 6.1.5",
    code: "key-not-permitted",
    changes: () => {
      const { privateKey } = makeEcKeys();
      const algorithm = sequence(oid("1.2.840.10045.2.1"), oid("1.3.6.1.4.1.55738.4"));
      return {
        leaf: { keys: { privateKey, spki: sequence(algorithm, der(0x03, [0, 4], new Uint8Array(64))) } },
      };
    },
  },
  {
    what: "a leaf with a DSA key",
    acceptedBy: BOTH,
    section: "BR 7.1.3.1",
    code: "key-not-permitted",
    changes: () => ({ leaf: { keys: makeKeys("dsa", 1_024) } }),
  },
  {
    what: "a leaf with an RSA key of 1,024 bits",
    acceptedBy: BOTH,
    section: "BR 6.1.5",
    code: "key-too-short",
    changes: () => ({ leaf: { keys: makeKeys("rsa", 1_024) } }),
  },
  {
    what: "a leaf with an RSA key of 2,052 bits",
    acceptedBy: BOTH,
    section: "BR 6.1.5",
    code: "key-not-permitted",
    changes: () => ({ leaf: { keys: makeKeys("rsa", 2_052) } }),
  },
  {
    what: "a leaf on P-224",
    acceptedBy: BOTH,
    section: "BR 6.1.5",
    code: "key-not-permitted",
    changes: () => ({ leaf: { keys: makeEcKeys("secp224r1") } }),
  },
  {
    what: "a leaf that is signed with SHA-1",
    acceptedBy: OPENSSL,
    section: "RFC 8446, 4.4.2.4",
    code: "signature-not-permitted",
    changes: () => ({ leaf: { hash: "sha1" } }),
  },
  {
    what: "an intermediate that is signed with SHA-1",
    acceptedBy: OPENSSL,
    section: "RFC 8446, 4.4.2.4",
    code: "signature-not-permitted",
    changes: () => ({ middle: { hash: "sha1" } }),
  },
  {
    what: "a leaf of a public server that is signed with SHA-1",
    acceptedBy: OPENSSL,
    section: "BR 7.1.3.2",
    code: "signature-not-permitted",
    changes: () => ({ leaf: { hash: "sha1" } }),
  },
];

const BROKEN_CERTIFICATES: readonly BrokenChain[] = [
  {
    what: "a negative serial number",
    acceptedBy: OPENSSL,
    section: "RFC 5280, 4.1.2.2",
    code: "serial-not-positive",
    changes: () => ({ leaf: { serialBytes: [0x80] } }),
  },
  {
    what: "a serial number of zero",
    acceptedBy: BOTH,
    section: "RFC 5280, 4.1.2.2",
    code: "serial-not-positive",
    changes: () => ({ leaf: { serialBytes: [0] } }),
  },
  {
    what: "a serial number of 21 octets",
    acceptedBy: BOTH,
    section: "RFC 5280, 4.1.2.2",
    code: "serial-too-long",
    changes: () => ({ leaf: { serialBytes: new Array<number>(21).fill(1) } }),
  },
  {
    what: "a root without a subject",
    acceptedBy: BOTH,
    section: "RFC 5280, 4.1.2.6",
    code: "subject-missing",
    changes: () => ({ root: { subject: NO_NAME, issuerName: sequence() } }),
  },
  {
    what: "a root without basic constraints",
    acceptedBy: OPENSSL,
    section: "RFC 5280, 4.2.1.9",
    code: "extension-missing",
    changes: () => ({ root: { extensions: { "2.5.29.19": null } } }),
  },
  {
    what: "a root whose basic constraints are not critical",
    acceptedBy: BOTH,
    section: "RFC 5280, 4.2.1.9",
    code: "extension-not-critical",
    changes: () => ({ root: { extensions: { "2.5.29.19": isAuthorityUncritical } } }),
  },
  {
    what: "an intermediate whose basic constraints are not critical",
    acceptedBy: BOTH,
    section: "RFC 5280, 4.2.1.9",
    code: "extension-not-critical",
    changes: () => ({ middle: { extensions: { "2.5.29.19": isAuthorityUncritical } } }),
  },
  {
    what: "a leaf that may sign certificates",
    acceptedBy: BOTH,
    section: "RFC 5280, 4.2.1.9",
    code: "basic-constraints-inconsistent",
    changes: () => ({ leaf: { extensions: { "2.5.29.15": mayBeUsedFor(0x8400) } } }),
  },
  {
    what: "a subject key identifier that is critical",
    acceptedBy: NEITHER,
    section: "RFC 5280, 4.2.1.2",
    code: "extension-critical",
    changes: () => ({ leaf: { extensions: { "2.5.29.14": identifiesKey(OTHER_KEY, true) } } }),
  },
  {
    what: "a root without a subject key identifier",
    acceptedBy: BOTH,
    section: "RFC 5280, 4.2.1.2",
    code: "extension-missing",
    changes: () => ({ root: { extensions: { "2.5.29.14": null } } }),
  },
  {
    what: "a root whose authority key identifier is critical",
    acceptedBy: NEITHER,
    section: "RFC 5280, 4.2.1.1",
    code: "extension-critical",
    changes: () => {
      const keys = makeEcKeys();
      return { root: { keys, extensions: { "2.5.29.35": identifiesIssuer(keys.spki, true) } } };
    },
  },
  {
    what: "a leaf without an authority key identifier",
    acceptedBy: BOTH,
    section: "RFC 5280, 4.2.1.1",
    code: "extension-missing",
    changes: () => ({ leaf: { extensions: { "2.5.29.35": null } } }),
  },
  {
    what: "a leaf that identifies another key than its issuer's",
    acceptedBy: GO,
    section: "RFC 5280, 4.2.1.2",
    code: "extension-field",
    changes: () => ({ leaf: { extensions: { "2.5.29.35": identifiesIssuer(OTHER_KEY) } } }),
  },
  {
    what: "a leaf that names another certificate than its issuer's",
    acceptedBy: GO,
    section: "RFC 5280, 4.2.1.1",
    code: "extension-field",
    changes: () => {
      const keys = makeEcKeys();
      const fields = [
        der(0x80, keyIdOf(keys.spki)),
        der(0xa1, der(0xa4, commonName("Another Root"))),
        der(0x82, [1]),
      ];
      return {
        middle: { keys },
        leaf: { extensions: { "2.5.29.35": extension("2.5.29.35", sequence(...fields)) } },
      };
    },
  },
];

export const BROKEN_CHAINS: readonly BrokenChain[] = [
  ...BROKEN_FORMS,
  ...BROKEN_KEYS,
  ...BROKEN_CERTIFICATES,
  ...BROKEN_EXTENSIONS,
  ...BROKEN_NAMES,
  ...BROKEN_SERVERS,
];
