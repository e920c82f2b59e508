import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { der, extension, oid, sequence, text } from "#testing/tls/build-certificate.ts";

/** A key pair, and the algorithm by which it signs. */
export type SigningKey = {
  privateKey: KeyObject;
  /** The DER of SubjectPublicKeyInfo. */
  spki: Buffer;
  /** SHA-1 of the key's bits, as RFC 5280, section 4.2.1.2 (1) makes identifiers. */
  identifier: Buffer;
};

/** An AlgorithmIdentifier in DER, and the digest that Node's `sign` takes for it. */
export type SignatureScheme = { algorithm: Buffer; digest: string | null };

const NULL = der(0x05);
const rsaScheme = (arc: number, digest: string): SignatureScheme => ({
  algorithm: sequence(oid(`1.2.840.113549.1.1.${arc}`), NULL),
  digest,
});
const plainScheme = (type: string, digest: string | null): SignatureScheme => ({
  algorithm: sequence(oid(type)),
  digest,
});

export const SCHEMES = {
  "ecdsa-sha1": plainScheme("1.2.840.10045.4.1", "sha1"),
  "ecdsa-sha256": plainScheme("1.2.840.10045.4.3.2", "sha256"),
  "dsa-sha256": plainScheme("2.16.840.1.101.3.4.3.2", "sha256"),
  "rsa-sha1": rsaScheme(5, "sha1"),
  "rsa-sha256": rsaScheme(11, "sha256"),
} as const satisfies Record<string, SignatureScheme>;

/** A certificate with the key that belongs to it, so that it can sign others. */
export type IssuedCertificate = {
  der: Buffer;
  /** The DER of its subject. */
  subject: Buffer;
  /** Content of the INTEGER. */
  serial: Buffer;
  key: SigningKey;
};

export type CertificateContent = {
  /** A name in DER. */
  subject: Buffer;
  /** Null: it is signed by itself. */
  issuer: Pick<IssuedCertificate, "subject" | "key"> | null;
  key: SigningKey;
  /** In their order in the certificate. */
  extensions: readonly Buffer[];
  /** Content of the INTEGER; by default random, of 16 octets. */
  serial?: Buffer;
  notBefore?: Date;
  notAfter?: Date;
  /** 3 by default. */
  version?: 1 | 2 | 3;
  scheme?: SignatureScheme;
  /** AlgorithmIdentifier beside the signature, if it differs from the one that is signed. */
  outerAlgorithm?: Buffer;
  /** Used in place of a signature. */
  signature?: Buffer;
};

const FROM = new Date("2026-01-01T00:00:00Z");
const UNTIL = new Date("2026-12-31T00:00:00Z");

/** Signs a certificate of exactly this content; without dates, it is valid around `CORPUS_TIME`. */
export function issueCertificate(content: CertificateContent): IssuedCertificate {
  const { subject, issuer, key, extensions, version = 3 } = content;
  const { algorithm, digest } = content.scheme ?? schemeOf(issuer?.key ?? key);
  const serial = content.serial ?? Buffer.concat([Buffer.from([1]), randomBytes(15)]);
  const signed = sequence(
    ...(version === 1 ? [] : [der(0xa0, der(0x02, [version - 1]))]),
    der(0x02, serial),
    algorithm,
    issuer?.subject ?? subject,
    sequence(encodeTime(content.notBefore ?? FROM), encodeTime(content.notAfter ?? UNTIL)),
    subject,
    key.spki,
    ...(extensions.length > 0 ? [der(0xa3, sequence(...extensions))] : []),
  );
  const signature = content.signature ?? sign(digest, signed, (issuer?.key ?? key).privateKey);
  const whole = sequence(signed, content.outerAlgorithm ?? algorithm, der(0x03, [0], signature));
  return { der: whole, subject, serial, key };
}

/** SHA-256, by the type of the key. */
export function schemeOf({ privateKey }: SigningKey): SignatureScheme {
  switch (privateKey.asymmetricKeyType) {
    case "rsa":
      return SCHEMES["rsa-sha256"];
    case "dsa":
      return SCHEMES["dsa-sha256"];
    default:
      return SCHEMES["ecdsa-sha256"];
  }
}

/**
 * The time at which the certificates of rebuilt corpora are evaluated, in milliseconds since 1970, unless a case sets
 * another.
 */
export const CORPUS_TIME = Date.parse("2026-06-01T00:00:00Z");

/** UTCTime up to 2049, GeneralizedTime from then on (RFC 5280, section 4.1.2.5). */
export function encodeTime(date: Date): Buffer {
  const digits = `${date.toISOString().replace(/\D/g, "").slice(0, 14)}Z`;
  const isShort = date.getUTCFullYear() >= 1950 && date.getUTCFullYear() < 2050;
  return isShort ? text(0x17, digits.slice(2)) : text(0x18, digits);
}

/** A key on P-256. */
export function makeKey(): SigningKey {
  return keyOf(generateKeyPairSync("ec", { namedCurve: "P-256" }));
}

export function keyOf({
  publicKey,
  privateKey,
}: {
  publicKey: KeyObject;
  privateKey: KeyObject;
}): SigningKey {
  const spki = publicKey.export({ format: "der", type: "spki" });
  return { privateKey, spki, identifier: createHash("sha1").update(bitsOfSpki(spki)).digest() };
}

/** The key's bits, without the algorithm and the count of unused bits. */
function bitsOfSpki(spki: Buffer): Buffer {
  const after = (at: number) => {
    const size = spki[at + 1] ?? 0;
    return size < 0x80 ? { start: at + 2, size } : longForm(spki, at, size & 0x7f);
  };
  const outer = after(0);
  const algorithm = after(outer.start);
  const bits = after(algorithm.start + algorithm.size);
  return spki.subarray(bits.start + 1, bits.start + bits.size);
}

const longForm = (bytes: Buffer, at: number, width: number) => ({
  start: at + 2 + width,
  size: bytes.readUIntBE(at + 2, width),
});

export const subjectKey = ({ identifier }: SigningKey, isCritical = false): Buffer =>
  extension("2.5.29.14", der(0x04, identifier), isCritical);

export const authorityKey = ({ identifier }: SigningKey, isCritical = false): Buffer =>
  extension("2.5.29.35", sequence(der(0x80, identifier)), isCritical);

/** The fields of basic constraints; a false `isAuthority` is left out, as DER demands. */
export type Authority = { isAuthority: boolean; pathLength?: number };

export const basicConstraints = ({ isAuthority, pathLength }: Authority, isCritical = true): Buffer =>
  extension(
    "2.5.29.19",
    sequence(
      ...(isAuthority ? [der(0x01, [0xff])] : []),
      ...(pathLength === undefined ? [] : [der(0x02, [pathLength])]),
    ),
    isCritical,
  );

/** Numbers of the bits of KeyUsage (RFC 5280, section 4.2.1.3). */
const USAGE_BITS = {
  digitalSignature: 0,
  keyEncipherment: 2,
  keyAgreement: 4,
  keyCertSign: 5,
  cRLSign: 6,
  decipherOnly: 8,
} as const;
export type UsageBit = keyof typeof USAGE_BITS;

export function keyUsage(usages: readonly UsageBit[], isCritical = true): Buffer {
  const bits = usages.map((usage) => USAGE_BITS[usage]);
  const last = Math.max(...bits);
  const bytes = Buffer.alloc(bits.length === 0 ? 0 : (last >> 3) + 1);
  for (const bit of bits) bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) | (0x80 >> (bit & 7));
  return extension("2.5.29.15", der(0x03, [bits.length === 0 ? 0 : 7 - (last & 7)], bytes), isCritical);
}

/** Identifiers of purposes. */
export const PURPOSE = {
  any: "2.5.29.37.0",
  server: "1.3.6.1.5.5.7.3.1",
  client: "1.3.6.1.5.5.7.3.2",
  code: "1.3.6.1.5.5.7.3.3",
  email: "1.3.6.1.5.5.7.3.4",
  timestamp: "1.3.6.1.5.5.7.3.8",
  ocsp: "1.3.6.1.5.5.7.3.9",
} as const;

export const extendedKeyUsage = (purposes: readonly string[], isCritical = false): Buffer =>
  extension("2.5.29.37", sequence(...purposes.map(oid)), isCritical);

/** GeneralNames, of which alternative names and constraints consist. */
export const dnsName = (value: string): Buffer => text(0x82, value);
export const emailName = (value: string): Buffer => text(0x81, value);
export const addressName = (bytes: readonly number[]): Buffer => text(0x87, bytes);
export const directoryName = (name: Buffer): Buffer => der(0xa4, name);
export const otherName = (type: string, value: string): Buffer =>
  der(0xa0, oid(type), der(0xa0, text(0x0c, value)));

export const alternativeNames = (names: readonly Buffer[], isCritical = false): Buffer =>
  extension("2.5.29.17", sequence(...names), isCritical);

/** Null: the field is left out; an empty list: it is there, and empty. */
export type Subtrees = { permitted: readonly Buffer[] | null; excluded: readonly Buffer[] | null };

export function nameConstraints({ permitted, excluded }: Subtrees, isCritical = true): Buffer {
  const side = (tag: number, bases: readonly Buffer[] | null) =>
    bases ? [der(tag, ...bases.map((base) => sequence(base)))] : [];
  return extension("2.5.29.30", sequence(...side(0xa0, permitted), ...side(0xa1, excluded)), isCritical);
}

export const permits = (...bases: readonly Buffer[]): Buffer =>
  nameConstraints({ permitted: bases, excluded: null });
export const excludes = (...bases: readonly Buffer[]): Buffer =>
  nameConstraints({ permitted: null, excluded: bases });
