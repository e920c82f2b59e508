import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { buildCertificate, commonName, der, extension, oid, sequence, text } from "./build-certificate.ts";

/** A certificate with the key that belongs to it, so that it can sign others. */
export type Signed = {
  der: Buffer;
  /** The DER of its subject. */
  subject: Buffer;
  privateKey: KeyObject;
  spki: Buffer;
  sha256: string;
};

type SignOptions = {
  /** Its common name, or a whole name in DER. */
  subject: string | Buffer;
  /** Signs it; without an issuer it is self-signed. */
  issuer?: Signed;
  extensions?: readonly Buffer[];
  /** A field behind the extensions. */
  behind?: Buffer;
  /** YYMMDDHHMMSSZ. */
  notBefore?: string;
  notAfter?: string;
  serial?: number;
  /** The content of the serial number as it is encoded, in place of `serial`. */
  serialBytes?: readonly number[];
  /** Its key; by default a new Ed25519 key. */
  keys?: KeyPair;
  /** For signatures of RSA, EC and DSA keys. */
  hash?: "sha1" | "sha256";
  /** 3 by default. */
  version?: number;
  /** The name of the issuer in DER, if it is not the subject of the signer. */
  issuerName?: Buffer;
  /** Uses the key of another certificate, as a cross-signed or renewed one does. */
  keyOf?: Signed;
  /** A signature by another key than its issuer's. */
  isForged?: boolean;
};

export type KeyPair = Pick<Signed, "privateKey" | "spki">;

/** The AlgorithmIdentifier by the signer's type of key, and by hash if that type needs one. */
const ALGORITHMS: Record<string, (hash: "sha1" | "sha256") => Buffer> = {
  ed25519: () => sequence(oid("1.3.101.112")),
  rsa: (hash) => sequence(oid(`1.2.840.113549.1.1.${hash === "sha1" ? 5 : 11}`), der(0x05)),
  ec: (hash) => sequence(oid(`1.2.840.10045.4.${hash === "sha1" ? "1" : "3.2"}`)),
  dsa: (hash) => sequence(oid(hash === "sha1" ? "1.2.840.10040.4.3" : "2.16.840.1.101.3.4.3.2")),
};

/** A certificate with a real signature, by Ed25519 unless keys are given: hundreds of them take milliseconds. */
export function signCertificate(wish: SignOptions): Signed {
  const {
    subject: name,
    issuer,
    extensions = [],
    serial = 1,
    keyOf,
    isForged = false,
    hash = "sha256",
  } = wish;
  const keys = keyOf ?? wish.keys ?? makeKeys();
  const by = isForged ? makeKeys() : (issuer ?? keys);
  const algorithm = algorithmOf(by, hash);
  const subject = typeof name === "string" ? commonName(name) : name;
  const unsigned = buildCertificate({
    serial: wish.serialBytes ?? [serial >> 8, serial & 0xff].slice(serial < 0x80 ? 1 : 0),
    version: wish.version ?? 3,
    subject,
    issuer: wish.issuerName ?? issuer?.subject ?? subject,
    notBefore: text(0x17, wish.notBefore ?? "260101000000Z"),
    notAfter: text(0x17, wish.notAfter ?? "360101000000Z"),
    algorithm,
    spki: keys.spki,
    extensions,
    behind: wish.behind ?? [],
  });
  const content = contentOf(unsigned);
  const whole = signContent(content, by, hash);
  const sha256 = createHash("sha256").update(whole).digest("hex");
  return { der: whole, subject, privateKey: keys.privateKey, spki: keys.spki, sha256 };
}

type Signer = Pick<Signed, "privateKey">;
type Hash = "sha1" | "sha256";

/** The AlgorithmIdentifier of a key's signatures. */
export const algorithmOf = ({ privateKey }: Signer, hash: Hash = "sha256"): Buffer =>
  ALGORITHMS[privateKey.asymmetricKeyType ?? ""]?.(hash) ?? sequence();

/** The content, its algorithm and its signature, and what follows them. */
export function signContent(content: Buffer, by: Signer, hash: Hash = "sha256", ...after: Buffer[]): Buffer {
  const isHashed = by.privateKey.asymmetricKeyType !== "ed25519";
  const signature = sign(isHashed ? hash : null, content, by.privateKey);
  return sequence(content, algorithmOf(by, hash), der(0x03, [0], signature), ...after);
}

function makeKeys(): KeyPair {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  return { privateKey, spki: publicKey.export({ format: "der", type: "spki" }) };
}

/** The signed part: the first element inside the outer one. */
export function contentOf(certificate: Buffer): Buffer {
  const header = (at: number) =>
    (certificate[at + 1] ?? 0) < 0x80 ? 2 : 2 + ((certificate[at + 1] ?? 0) & 0x7f);
  const start = header(0);
  const size = header(start);
  const length =
    size === 2 ? (certificate[start + 1] ?? 0) : certificate.readUIntBE(start + 2, Math.min(size - 2, 6));
  return certificate.subarray(start, start + size + length);
}

/** An authority; `pathLength`: how many more may be below it. */
export const isAuthority = (pathLength?: number): Buffer =>
  extension(
    "2.5.29.19",
    sequence(der(0x01, [0xff]), ...(pathLength === undefined ? [] : [der(0x02, [pathLength])])),
    true,
  );

/** Key usage by the two bytes of its bits. */
export const mayBeUsedFor = (bits: number): Buffer =>
  extension("2.5.29.15", der(0x03, [0, bits >> 8, bits & 0xff]), true);

export const isMeantFor = (...purposes: readonly string[]): Buffer =>
  extension("2.5.29.37", sequence(...purposes.map(oid)));

/** DNS names among the subject alternative names. */
export const isNamed = (...names: readonly string[]): Buffer =>
  extension("2.5.29.17", sequence(...names.map((name) => text(0x82, name))));

/** DNS names that an authority permits or excludes below it. */
export const constrains = ({
  permitted = [],
  excluded = [],
}: {
  permitted?: readonly Buffer[];
  excluded?: readonly Buffer[];
}): Buffer =>
  extension(
    "2.5.29.30",
    sequence(
      ...(permitted.length > 0 ? [der(0xa0, ...permitted.map((base) => sequence(base)))] : []),
      ...(excluded.length > 0 ? [der(0xa1, ...excluded.map((base) => sequence(base)))] : []),
    ),
    true,
  );
