import { createHash, generateKeyPairSync } from "node:crypto";
import type { ChainReasonCode, Client } from "#shared/model/certificates/chain.ts";
import { commonName, der, extension, name, sequence, text } from "./build-certificate.ts";
import {
  constrains,
  isAuthority,
  isMeantFor,
  isNamed,
  type KeyPair,
  mayBeUsedFor,
  type Signed,
  signCertificate,
} from "./sign-certificate.ts";

/** How a certificate of a chain differs from one that every profile accepts. */
type Change = {
  /** Extensions by identifier: each replaces the one with that identifier, or is added; null removes it. */
  extensions?: Readonly<Record<string, Buffer | null>>;
  subject?: string | Buffer;
  issuerName?: Buffer;
  keys?: KeyPair;
  serialBytes?: readonly number[];
  hash?: "sha1" | "sha256";
  version?: number;
  /** YYMMDDHHMMSSZ. */
  notAfter?: string;
  /** A field behind the extensions. */
  behind?: Buffer;
};
export type Changes = { root?: Change; middle?: Change; leaf?: Change };

const CERT_SIGN_AND_CRL_SIGN = 0x0600;
const DIGITAL_SIGNATURE = 0x8000;

/** On P-256, made once: generating keys is the slow part. */
const KEYS = { root: makeEcKeys(), middle: makeEcKeys(), leaf: makeEcKeys() };

export function makeEcKeys(namedCurve = "P-256", paramEncoding: "named" | "explicit" = "named"): KeyPair {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve, paramEncoding });
  return { privateKey, spki: publicKey.export({ format: "der", type: "spki" }) };
}

/** One of the methods that RFC 5280, section 4.2.1.2 allows: here the hash of all of SubjectPublicKeyInfo. */
export const keyIdOf = (spki: Buffer): Buffer => createHash("sha1").update(spki).digest();

export const identifiesKey = (spki: Buffer, isCritical = false): Buffer =>
  extension("2.5.29.14", der(0x04, keyIdOf(spki)), isCritical);

export const identifiesIssuer = (spki: Buffer, isCritical = false): Buffer =>
  extension("2.5.29.35", sequence(der(0x80, keyIdOf(spki))), isCritical);

/** Leaf, intermediate and root: valid under every profile for www.example.com, except for the changes. */
export function makeChain({ root: ofRoot = {}, middle: ofMiddle = {}, leaf: ofLeaf = {} }: Changes = {}) {
  const root = make("Example Root", ofRoot, KEYS.root, {
    "2.5.29.19": isAuthority(),
    "2.5.29.15": mayBeUsedFor(CERT_SIGN_AND_CRL_SIGN),
    "2.5.29.14": identifiesKey((ofRoot.keys ?? KEYS.root).spki),
  });
  const middleKeys = ofMiddle.keys ?? KEYS.middle;
  const middle = make("Example Issuing", { ...ofMiddle, issuer: root }, KEYS.middle, {
    "2.5.29.19": isAuthority(),
    "2.5.29.15": mayBeUsedFor(CERT_SIGN_AND_CRL_SIGN),
    "2.5.29.14": identifiesKey(middleKeys.spki),
    "2.5.29.35": identifiesIssuer(root.spki),
  });
  const leaf = make("www.example.com", { ...ofLeaf, issuer: middle }, KEYS.leaf, {
    "2.5.29.15": mayBeUsedFor(DIGITAL_SIGNATURE),
    "2.5.29.37": isMeantFor("1.3.6.1.5.5.7.3.1"),
    "2.5.29.17": isNamed("www.example.com"),
    "2.5.29.14": identifiesKey((ofLeaf.keys ?? KEYS.leaf).spki),
    "2.5.29.35": identifiesIssuer(middle.spki),
  });
  return { root, middle, leaf };
}

function make(
  name: string,
  { extensions = {}, ...change }: Change & { issuer?: Signed },
  keys: KeyPair,
  sound: Readonly<Record<string, Buffer>>,
): Signed {
  const wanted = new Map<string, Buffer | null>([...Object.entries(sound), ...Object.entries(extensions)]);
  return signCertificate({
    subject: name,
    keys,
    ...change,
    extensions: [...wanted.values()].filter((each) => each !== null),
  });
}

/** A chain that breaks exactly one rule of a profile: a description, the rule, and how it differs from a sound one. */
export type BrokenChain = {
  what: string;
  /** As observed with `openssl verify` 3.5 and crypto/x509 of Go 1.24. */
  acceptedBy: readonly Client[];
  section: string;
  code: ChainReasonCode;
  changes: () => Changes;
};

export const BOTH: readonly Client[] = ["openssl", "go"];
export const OPENSSL: readonly Client[] = ["openssl"];
export const GO: readonly Client[] = ["go"];
export const NEITHER: readonly Client[] = [];

/** A chain with a name that its authority may not issue for under RFC 5280. */
type ConstrainedChain = {
  what: string;
  /** As observed with `openssl verify` 3.5 and crypto/x509 of Go 1.24. */
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

/**
 * Go compares only the names of the extension, of the kinds that it knows; OpenSSL and Go treat a wildcard like any
 * other name.
 */
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
