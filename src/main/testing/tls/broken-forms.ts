import { type BrokenChain, GO, NEITHER, OPENSSL } from "./broken-chain.ts";
import { der, extension, oid, sequence, text } from "./build-certificate.ts";
import { makeEcKeys } from "./conforming-chain.ts";
import type { KeyPair } from "./sign-certificate.ts";

const { privateKey, spki } = makeEcKeys();
/** Nobody signs by it: it is a leaf's. */
const keyOf = (written: Buffer): KeyPair => ({ privateKey, spki: written });
const COMMON_NAME = sequence(oid("2.5.4.3"), text(0x0c, "www.example.com"));
const PRIVATE_OID = "1.3.6.1.4.1.55738.3";

/** An RSA key of 2,048 bits, its numbers as they are written. */
const rsaOf = (modulus: Buffer, exponent: Buffer): KeyPair =>
  keyOf(
    sequence(sequence(oid("1.2.840.113549.1.1.1"), der(0x05)), der(0x03, [0], sequence(modulus, exponent))),
  );
const MODULUS = new Array<number>(256).fill(0xa5);
const EXPONENT = der(0x02, [1, 0, 1]);

/** The last byte of a point changed: it is on the curve no longer. */
const OFF_CURVE = Buffer.from(spki.map((byte, at) => (at === spki.length - 1 ? byte ^ 1 : byte)));

/** How certificates are written. */
export const BROKEN_FORMS: readonly BrokenChain[] = [
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
