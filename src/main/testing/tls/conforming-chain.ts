import { createHash, generateKeyPairSync } from "node:crypto";
import { der, extension, sequence } from "./build-certificate.ts";
import {
  isAuthority,
  isMeantFor,
  isNamed,
  type KeyPair,
  mayBeUsedFor,
  type Signed,
  signCertificate,
} from "./sign-certificate.ts";

/** A certificate of a chain, as it differs from one that every profile takes. */
type Change = {
  /** Extensions by identifier: in place of the one of that identifier, or besides those that there are; null takes it away. */
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

/** On P-256, made once: keys are the slow part. */
const KEYS = { root: makeEcKeys(), middle: makeEcKeys(), leaf: makeEcKeys() };

export function makeEcKeys(namedCurve = "P-256", paramEncoding: "named" | "explicit" = "named"): KeyPair {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve, paramEncoding });
  return { privateKey, spki: publicKey.export({ format: "der", type: "spki" }) };
}

/** As RFC 5280, section 4.2.1.2 lets it be made of a key: here of all of SubjectPublicKeyInfo. */
export const keyIdOf = (spki: Buffer): Buffer => createHash("sha1").update(spki).digest();

export const identifiesKey = (spki: Buffer, isCritical = false): Buffer =>
  extension("2.5.29.14", der(0x04, keyIdOf(spki)), isCritical);

export const identifiesIssuer = (spki: Buffer, isCritical = false): Buffer =>
  extension("2.5.29.35", sequence(der(0x80, keyIdOf(spki))), isCritical);

/** Leaf, intermediate and root: valid by every profile for www.example.com, but for the changes. */
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
