import { constants, createPublicKey, type KeyObject, verify } from "node:crypto";
import {
  bitsOf,
  encodeDer,
  printOid,
  readChildren,
  readElement,
  smallIntegerOf,
  TAG,
  viewOf,
} from "#codec/der.ts";

/** What an issuer signed: the DER of the content and of the AlgorithmIdentifier, and the signature's BIT STRING content. */
export type Signed = {
  content: Uint8Array;
  algorithm: Uint8Array;
  /** The content names the same algorithm again. */
  isSameAlgorithm: boolean;
  signature: Uint8Array;
};

/**
 * `unsupported`: this runtime cannot verify it. It never stands for "invalid": Electron's crypto knows less than
 * Node's, and a signature that cannot be verified here may be sound. `forgeable`: it verifies, but by a hash under
 * which anybody may make another certificate with the same signature, or by an RSA key that can be factored.
 */
export type Verification = "valid" | "invalid" | "forgeable" | "unsupported";

type Scheme = { keys: readonly string[]; hash: string | null; isForgeable?: true };

const RSA = ["rsa"];
const EC = ["ec"];
const DSA = ["dsa"];
const PKCS1 = "1.2.840.113549.1.1";
const NIST = "2.16.840.1.101.3.4.3";
const PSS = `${PKCS1}.10`;

/** By the algorithm's identifier (RFC 3279, 4055, 5758, 8410, 8702, 9881, 9909). */
const SCHEMES: ReadonlyMap<string, Scheme> = new Map<string, Scheme>([
  [`${PKCS1}.2`, { keys: RSA, hash: "md2", isForgeable: true }],
  [`${PKCS1}.3`, { keys: RSA, hash: "md4", isForgeable: true }],
  [`${PKCS1}.4`, { keys: RSA, hash: "md5", isForgeable: true }],
  [`${PKCS1}.5`, { keys: RSA, hash: "sha1" }],
  [`${PKCS1}.11`, { keys: RSA, hash: "sha256" }],
  [`${PKCS1}.12`, { keys: RSA, hash: "sha384" }],
  [`${PKCS1}.13`, { keys: RSA, hash: "sha512" }],
  [`${PKCS1}.14`, { keys: RSA, hash: "sha224" }],
  [`${PKCS1}.15`, { keys: RSA, hash: "sha512-224" }],
  [`${PKCS1}.16`, { keys: RSA, hash: "sha512-256" }],
  ["1.3.14.3.2.29", { keys: RSA, hash: "sha1" }],
  ["1.2.840.10045.4.1", { keys: EC, hash: "sha1" }],
  ["1.2.840.10045.4.3.1", { keys: EC, hash: "sha224" }],
  ["1.2.840.10045.4.3.2", { keys: EC, hash: "sha256" }],
  ["1.2.840.10045.4.3.3", { keys: EC, hash: "sha384" }],
  ["1.2.840.10045.4.3.4", { keys: EC, hash: "sha512" }],
  ["1.2.840.10040.4.3", { keys: DSA, hash: "sha1" }],
  [`${NIST}.1`, { keys: DSA, hash: "sha224" }],
  [`${NIST}.2`, { keys: DSA, hash: "sha256" }],
  [`${NIST}.3`, { keys: DSA, hash: "sha384" }],
  [`${NIST}.4`, { keys: DSA, hash: "sha512" }],
  ...["sha3-224", "sha3-256", "sha3-384", "sha3-512"].flatMap((hash, at): [string, Scheme][] => [
    [`${NIST}.${9 + at}`, { keys: EC, hash }],
    [`${NIST}.${13 + at}`, { keys: RSA, hash }],
  ]),
  ["1.3.101.112", { keys: ["ed25519"], hash: null }],
  ["1.3.101.113", { keys: ["ed448"], hash: null }],
  [`${NIST}.17`, { keys: ["ml-dsa-44"], hash: null }],
  [`${NIST}.18`, { keys: ["ml-dsa-65"], hash: null }],
  [`${NIST}.19`, { keys: ["ml-dsa-87"], hash: null }],
]);

/** Whether the key `spki` made this signature. Never throws. */
export const verifySignature = (signed: Signed, spki: Uint8Array): Verification =>
  verifyAtCost(signed, spki).answer;

/**
 * The same, with its cost in steps of some 50 microseconds: an estimate by the key and by the size of what is signed.
 */
export function verifyAtCost(signed: Signed, spki: Uint8Array): { answer: Verification; steps: number } {
  const free = (answer: Verification) => ({ answer, steps: 1 });
  if (!signed.isSameAlgorithm) return free("invalid");
  // A signature consists of whole bytes: with unused bits, other encodings would be valid as well.
  const signature = signed.signature[0] === 0 ? bitsOf(signed.signature) : null;
  if (!signature) return free("invalid");
  const algorithm = readAlgorithm(signed.algorithm);
  const scheme = algorithm && (algorithm.oid === PSS ? PSS : SCHEMES.get(algorithm.oid));
  if (!scheme) return free("unsupported");
  const key = readKey(spki);
  const steps = stepsOf(key) + Math.ceil((signed.content.length + spki.length) / BYTES_OF_STEP);
  if (!key) return { answer: "unsupported", steps };
  const isForgeable = scheme !== PSS && scheme.isForgeable === true;
  const answer = verifyBy(scheme, algorithm, { content: signed.content, key, signature });
  return { answer: answer === "valid" && (isForgeable || isFactorable(key)) ? "forgeable" : answer, steps };
}

/** Bytes that are hashed or parsed in one step. */
const BYTES_OF_STEP = 16_384;

/**
 * RSA and DSA cost the square of the modulus bits, times the bits of the exponent: how much of that product one step
 * does.
 */
const BITS_OF_STEP = 1e8;
/** Curves cost the cube of their bits. */
const CURVE_BITS_OF_STEP = 4e6;
const MOST_CURVE_BITS = 571;
/** All other keys have a fixed size, and cost little. */
const STEPS_OF_OTHERS = 4;

function stepsOf(key: KeyObject | null): number {
  const {
    modulusLength = 0,
    publicExponent = 0n,
    divisorLength = 0,
    namedCurve,
  } = key?.asymmetricKeyDetails ?? {};
  switch (key?.asymmetricKeyType) {
    case "rsa":
    case "rsa-pss":
      return Math.ceil((modulusLength ** 2 * publicExponent.toString(2).length) / BITS_OF_STEP);
    case "dsa":
      return Math.ceil((modulusLength ** 2 * divisorLength) / BITS_OF_STEP);
    case "ec":
      return Math.ceil(Number(namedCurve?.match(/\d{3}/)?.[0] ?? MOST_CURVE_BITS) ** 3 / CURVE_BITS_OF_STEP);
    default:
      return STEPS_OF_OTHERS;
  }
}

/** 768 bits were factored in 2009; OpenSSL's TLS and Go accept no smaller keys than this. */
export const LEAST_RSA_BITS = 1_024;

const isFactorable = ({ asymmetricKeyDetails }: KeyObject): boolean =>
  (asymmetricKeyDetails?.modulusLength ?? LEAST_RSA_BITS) < LEAST_RSA_BITS;

function verifyBy(scheme: Scheme | typeof PSS, algorithm: Algorithm, check: Check): Verification {
  const { content, key, signature } = check;
  if (scheme === PSS) return verifyPss(algorithm.parameters, check);
  // An RSA key that is restricted to PSS signs by nothing else, and no key signs by another key type's algorithm.
  if (!scheme.keys.includes(key.asymmetricKeyType ?? "")) return "invalid";
  return attempt(() => verify(scheme.hash, content, { key, dsaEncoding: "der" }, signature));
}

/**
 * The hash that a signature is made over, as Node names it; null for algorithms that have their own, or are not known.
 */
export function signatureHashOf({ algorithm: der }: { algorithm: Uint8Array }): string | null {
  const algorithm = readAlgorithm(der);
  if (algorithm?.oid === PSS) return readPssParameters(algorithm.parameters)?.hash ?? null;
  return SCHEMES.get(algorithm?.oid ?? "")?.hash ?? null;
}

/** Node throws for a digest or a key that it does not know, but not for a wrong or malformed signature. */
function attempt(check: () => boolean): Verification {
  try {
    return check() ? "valid" : "invalid";
  } catch {
    return "unsupported";
  }
}

function readKey(spki: Uint8Array): KeyObject | null {
  try {
    return createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" });
  } catch {
    return null;
  }
}

type Algorithm = { oid: string; parameters: Uint8Array | null };

export function readAlgorithm(der: Uint8Array): Algorithm | null {
  const view = viewOf(der);
  const outer = readElement(view, 0, view.length);
  const [id, parameters] = (outer?.tag === TAG.sequence && readChildren(view, outer, 2)) || [];
  const oid = id?.tag === TAG.oid ? printOid(view.subarray(id.content, id.end)) : null;
  return oid === null
    ? null
    : { oid, parameters: parameters ? view.subarray(parameters.start, parameters.end) : null };
}

const HASHES = new Map([
  ["1.3.14.3.2.26", "sha1"],
  ["2.16.840.1.101.3.4.2.4", "sha224"],
  ["2.16.840.1.101.3.4.2.1", "sha256"],
  ["2.16.840.1.101.3.4.2.2", "sha384"],
  ["2.16.840.1.101.3.4.2.3", "sha512"],
]);

const MGF1 = "1.2.840.113549.1.1.8";

type Check = { content: Uint8Array; key: KeyObject; signature: Uint8Array };

/**
 * RSASSA-PSS (RFC 4055): Node uses the same hash for the mask and the signature, so two different ones are unsupported.
 */
function verifyPss(parameters: Uint8Array | null, { content, key, signature }: Check): Verification {
  if (key.asymmetricKeyType !== "rsa" && key.asymmetricKeyType !== "rsa-pss") return "invalid";
  const read = readPssParameters(parameters);
  if (!read) return "unsupported";
  const { hash, saltLength } = read;
  const padding = constants.RSA_PKCS1_PSS_PADDING;
  return attempt(() => verify(hash, content, { key, padding, saltLength }, signature));
}

function readPssParameters(der: Uint8Array | null): { hash: string; saltLength: number } | null {
  if (!der) return null;
  const view = viewOf(der);
  const outer = readElement(view, 0, view.length);
  const fields = outer?.tag === TAG.sequence ? readChildren(view, outer, 4) : null;
  if (!fields) return null;
  const childOf = (tag: number) => {
    const field = fields.find((each) => each.tag === tag);
    return field ? view.subarray(field.content, field.end) : null;
  };
  const hashDer = childOf(0xa0);
  const maskDer = childOf(0xa1);
  const saltDer = childOf(0xa2);
  const hash = hashDer ? readHash(hashDer) : "sha1";
  const mask = maskDer && readAlgorithm(maskDer);
  const maskHash = mask ? mask.oid === MGF1 && mask.parameters && readHash(mask.parameters) : "sha1";
  const salt = saltDer && readElement(saltDer, 0, saltDer.length);
  const saltLength = salt ? smallIntegerOf(saltDer.subarray(salt.content, salt.end)) : 20;
  if (!hash || hash !== maskHash || saltLength === null) return null;
  return { hash, saltLength };
}

function readHash(der: Uint8Array): string | null {
  return HASHES.get(readAlgorithm(der)?.oid ?? "") ?? null;
}

const DSA_OID = "2a8648ce380401";

/** A DSA key may inherit its parameters from its issuer's (RFC 3279, section 2.3.2). */
export function inheritsParameters(spki: Uint8Array): boolean {
  const parts = openKey(spki);
  return parts?.isDsa === true && parts.parameters === null;
}

/** The key with the parameters that it inherits, if it does and there are any. */
export function completeKey(spki: Uint8Array, issuerKey: Uint8Array): Uint8Array {
  const parts = openKey(spki);
  if (!parts?.isDsa || parts.parameters) return spki;
  const above = openKey(issuerKey);
  if (!above?.isDsa || !above.parameters) return spki;
  return encodeDer(TAG.sequence, encodeDer(TAG.sequence, parts.id, above.parameters), parts.bits);
}

type KeyParts = { isDsa: boolean; id: Buffer; parameters: Buffer | null; bits: Buffer };

function openKey(spki: Uint8Array): KeyParts | null {
  const view = viewOf(spki);
  const outer = readElement(view, 0, view.length);
  const [algorithm, bits] = (outer?.tag === TAG.sequence && readChildren(view, outer, 2)) || [];
  const [id, parameters] = (algorithm?.tag === TAG.sequence && readChildren(view, algorithm, 2)) || [];
  if (!id || bits?.tag !== TAG.bitString) return null;
  return {
    isDsa: view.toString("hex", id.content, id.end) === DSA_OID,
    id: view.subarray(id.start, id.end),
    parameters: parameters?.tag === TAG.sequence ? view.subarray(parameters.start, parameters.end) : null,
    bits: view.subarray(bits.start, bits.end),
  };
}
