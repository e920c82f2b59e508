import { generateKeyPairSync } from "node:crypto";
import { BROKEN_EXTENSIONS, BROKEN_NAMES } from "./broken-extensions.ts";
import { BROKEN_SERVERS } from "./broken-servers.ts";
import { commonName, der, extension, oid, sequence, text } from "./build-certificate.ts";
import {
  BOTH,
  type BrokenChain,
  GO,
  identifiesIssuer,
  identifiesKey,
  keyIdOf,
  makeEcKeys,
  NEITHER,
  OPENSSL,
} from "./conforming-chain.ts";
import { type KeyPair, mayBeUsedFor } from "./sign-certificate.ts";

const { privateKey, spki } = makeEcKeys();
/** A leaf's key, so nothing is signed with it. */
const keyOf = (written: Buffer): KeyPair => ({ privateKey, spki: written });
const COMMON_NAME = sequence(oid("2.5.4.3"), text(0x0c, "www.example.com"));
const PRIVATE_OID = "1.3.6.1.4.1.55738.3";

/** An RSA key of 2,048 bits, with these bytes as its numbers. */
const rsaOf = (modulus: Buffer, exponent: Buffer): KeyPair =>
  keyOf(
    sequence(sequence(oid("1.2.840.113549.1.1.1"), der(0x05)), der(0x03, [0], sequence(modulus, exponent))),
  );
const MODULUS = new Array<number>(256).fill(0xa5);
const EXPONENT = der(0x02, [1, 0, 1]);

/** The last byte of a point is changed: it is no longer on the curve. */
const OFF_CURVE = Buffer.from(spki.map((byte, at) => (at === spki.length - 1 ? byte ^ 1 : byte)));

/** The encoding of certificates. */
const BROKEN_FORMS: readonly BrokenChain[] = [
  {
    what: "a serial number with a zero in front",
    acceptedBy: NEITHER,
    section: "RFC 5280, 4.1",
    code: "malformed",
    changes: () => ({ leaf: { serialBytes: [0, 1] } }),
  },
  {
    what: "a subject of sequences in place of sets",
    acceptedBy: NEITHER,
    section: "RFC 5280, 4.1",
    code: "malformed",
    changes: () => ({ leaf: { subject: sequence(sequence(COMMON_NAME)) } }),
  },
  {
    what: "a subject that is no UTF-8",
    acceptedBy: NEITHER,
    section: "RFC 5280, 4.1",
    code: "malformed",
    changes: () => ({
      leaf: { subject: sequence(der(0x31, sequence(oid("2.5.4.10"), der(0x0c, [0x61, 0xff])))) },
    }),
  },
  {
    what: "an extension whose critical flag has two bytes",
    acceptedBy: NEITHER,
    section: "RFC 5280, 4.1",
    code: "malformed",
    changes: () => ({
      leaf: {
        extensions: { [PRIVATE_OID]: sequence(oid(PRIVATE_OID), der(0x01, [0, 0]), der(0x04, der(0x05))) },
      },
    }),
  },
  {
    what: "a key off its curve",
    acceptedBy: NEITHER,
    section: "RFC 5280, 4.1.2.7",
    code: "malformed",
    changes: () => ({ leaf: { keys: keyOf(OFF_CURVE) } }),
  },
  {
    what: "an RSA key without an exponent",
    acceptedBy: NEITHER,
    section: "RFC 5280, 4.1.2.7",
    code: "malformed",
    changes: () => {
      const modulus = der(0x02, [0, ...new Array<number>(256).fill(0xa5)]);
      const rsa = sequence(oid("1.2.840.113549.1.1.1"), der(0x05));
      return { leaf: { keys: keyOf(sequence(rsa, der(0x03, [0], sequence(modulus)))) } };
    },
  },
  {
    what: "an RSA modulus without the zero in front that makes it positive",
    acceptedBy: OPENSSL,
    section: "RFC 5280, 4.1.2.7",
    code: "malformed",
    changes: () => ({ leaf: { keys: rsaOf(der(0x02, MODULUS), EXPONENT) } }),
  },
  {
    what: "an RSA modulus with two zeros in front",
    acceptedBy: OPENSSL,
    section: "RFC 5280, 4.1.2.7",
    code: "malformed",
    changes: () => ({ leaf: { keys: rsaOf(der(0x02, [0, 0], MODULUS), EXPONENT) } }),
  },
  {
    what: "an RSA exponent with a zero in front",
    acceptedBy: OPENSSL,
    section: "RFC 5280, 4.1.2.7",
    code: "malformed",
    changes: () => ({ leaf: { keys: rsaOf(der(0x02, [0], MODULUS), der(0x02, [0, 1, 0, 1])) } }),
  },
  {
    what: "a field behind the extensions",
    acceptedBy: GO,
    section: "RFC 5280, 4.1",
    code: "malformed",
    changes: () => ({ leaf: { behind: der(0xa4, der(0x05)) } }),
  },
  {
    what: "an extension with something behind its value",
    acceptedBy: GO,
    section: "RFC 5280, 4.1",
    code: "malformed",
    changes: () => ({
      leaf: { extensions: { [PRIVATE_OID]: sequence(oid(PRIVATE_OID), der(0x04, der(0x05)), der(0x05)) } },
    }),
  },
  {
    what: "a length that is longer than it has to be",
    acceptedBy: OPENSSL,
    section: "RFC 5280, 4.1",
    code: "not-der",
    changes: () => {
      const value = extension(PRIVATE_OID, der(0x05)).subarray(2);
      return { leaf: { extensions: { [PRIVATE_OID]: Buffer.from([0x30, 0x81, value.length, ...value]) } } };
    },
  },
  {
    what: "a critical flag that is 01",
    acceptedBy: OPENSSL,
    section: "RFC 5280, 4.1",
    code: "not-der",
    changes: () => ({
      leaf: {
        extensions: {
          "2.5.29.15": sequence(oid("2.5.29.15"), der(0x01, [1]), der(0x04, der(0x03, [7, 0x80]))),
        },
      },
    }),
  },
];

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
