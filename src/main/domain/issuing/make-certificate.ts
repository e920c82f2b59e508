import "reflect-metadata";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Name,
  Pkcs10CertificateRequestGenerator,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";
import ipaddr from "ipaddr.js";
import { isAddress } from "#shared/model/hosts/target.ts";
import { addDays } from "#shared/model/instant.ts";
import type { KeyKind } from "#shared/model/issuers/vault.ts";
import {
  type Authority,
  anHourBefore,
  HASH_OF,
  keyIdOf,
  keyIdOfAuthority,
  openAuthority,
  type Signer,
} from "./authority.ts";
import type { SoundRequest } from "./check-request.ts";
import { PURPOSE } from "./issued-checks.ts";
import { constrainNames, type Permitted } from "./names.ts";

/**
 * Encodes certificates with @peculiar/x509: 0058 says why, and which of its features are not used. Import this only
 * where a certificate is made.
 */

const ROOT_YEARS = 10;
const INTERMEDIATE_YEARS = 5;

type OwnRequest = {
  name: string;
  permitted: readonly Permitted[];
  now: Date;
  serial: Uint8Array;
  /** DER of its key. */
  spki: Uint8Array;
};

/** The root of a local authority: signed by itself, for the permitted names and for one more authority below. */
export function makeRoot(
  { name, permitted, now, serial, spki }: OwnRequest,
  signer: Signer,
): Promise<Uint8Array> {
  const subject = nameOwn(name, "root", spki);
  return make({
    serial,
    issuer: new Uint8Array(subject.toArrayBuffer()),
    subject,
    spki,
    signer,
    notBefore: anHourBefore(now),
    notAfter: addDays(now, ROOT_YEARS * 365).getTime(),
    extensions: [
      ...authorityExtensions(1, permitted),
      // Name constraints do not restrict mail and code: whoever has this key must sign for TLS alone, too.
      forTls(),
      ...keyIdentifiers(spki, keyIdOf(spki)),
    ],
  });
}

/** The authority that signs for servers: for TLS alone, and with no authority below. */
export function makeIntermediate(
  { name, permitted, now, serial, spki }: OwnRequest,
  root: Authority,
): Promise<Uint8Array> {
  const above = openAuthority(root);
  return make({
    serial,
    spki,
    signer: root.signer,
    issuer: above.subjectDer,
    subject: nameOwn(name, "intermediate", spki),
    notBefore: anHourBefore(now),
    notAfter: Math.min(addDays(now, INTERMEDIATE_YEARS * 365).getTime(), above.notAfter),
    extensions: [
      ...authorityExtensions(0, permitted),
      forTls(),
      ...keyIdentifiers(spki, keyIdOfAuthority(above)),
    ],
  });
}

type LeafRequest = { request: SoundRequest; days: number; now: Date; serial: Uint8Array };

/** A server's certificate for what its request contains. It never outlives its issuer. */
export function makeLeaf(
  { request, days, now, serial }: LeafRequest,
  issuer: Authority,
): Promise<Uint8Array> {
  const above = openAuthority(issuer);
  const { names, purposes, spki, isRsa } = request;
  const first = names.find((name) => name.kind === "dns" && name.text.length <= MOST_COMMON_NAME);
  return make({
    serial,
    spki,
    signer: issuer.signer,
    issuer: above.subjectDer,
    subject: commonNameOf(first?.text ?? null),
    notBefore: Math.max(anHourBefore(now), above.notBefore),
    notAfter: Math.min(addDays(now, days).getTime(), above.notAfter),
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(isRsa ? digitalSignature | keyEncipherment : digitalSignature, true),
      new ExtendedKeyUsageExtension([...purposes]),
      // "If the subject field contains an empty sequence, [it] MUST [be] critical" (RFC 5280, section 4.2.1.6).
      namesExtension(names, first === undefined),
      ...keyIdentifiers(spki, keyIdOfAuthority(above)),
    ],
  });
}

const { digitalSignature, keyEncipherment, keyCertSign, cRLSign } = KeyUsageFlags;
/** Upper bound of RFC 5280. */
export const MOST_COMMON_NAME = 64;
/** How much of a name fits beside the words that follow it in a common name. */
const MOST_OWN_NAME = 40;

type Parts = {
  serial: Uint8Array;
  /** DER of a name. */
  issuer: Uint8Array;
  subject: Name;
  spki: Uint8Array;
  /** Milliseconds since 1970. */
  notBefore: number;
  notAfter: number;
  extensions: Extension[];
  signer: Signer;
};

const CURVES = { p256: "P-256", p384: "P-384" } as const;

async function make({ signer, spki, ...parts }: Parts): Promise<Uint8Array> {
  const hash = HASH_OF[signer.kind];
  const algorithm: SigningAlgorithm =
    signer.kind === "rsa"
      ? { name: "RSASSA-PKCS1-v1_5", hash }
      : { name: "ECDSA", namedCurve: CURVES[signer.kind], hash };
  const made = await X509CertificateGenerator.create(
    {
      serialNumber: Buffer.from(positive(parts.serial)).toString("hex"),
      issuer: new Name(Uint8Array.from(parts.issuer)),
      subject: parts.subject,
      publicKey: Uint8Array.from(spki),
      notBefore: wholeSeconds(parts.notBefore),
      notAfter: wholeSeconds(parts.notAfter),
      extensions: parts.extensions,
      signingKey: handleOf("private", algorithm),
      signingAlgorithm: algorithm,
    },
    signingCrypto((data) => signer.sign(data, "ieee-p1363"), spki),
  );
  return new Uint8Array(made.rawData);
}

const positive = (bytes: Uint8Array): Uint8Array =>
  bytes.map((byte, at) => (at === 0 ? (byte & 0x7f) | 0x40 : byte));

const authorityExtensions = (pathLength: number, permitted: readonly Permitted[]): Extension[] => [
  new BasicConstraintsExtension(true, pathLength, true),
  new KeyUsagesExtension(keyCertSign | cRLSign, true),
  // The library has no classes for these, so their content is encoded here.
  new Extension("2.5.29.30", true, constrainNames(permitted)),
];

const forTls = (): Extension => new ExtendedKeyUsageExtension([PURPOSE.server, PURPOSE.client]);

/** With identifiers that we compute: the library would use SHA-1. */
const keyIdentifiers = (spki: Uint8Array, issuerKeyId: Buffer): Extension[] => [
  new SubjectKeyIdentifierExtension(keyIdOf(spki).toString("hex")),
  new AuthorityKeyIdentifierExtension(issuerKeyId.toString("hex")),
];

/** Two authorities of one name still differ by what follows it. */
const nameOwn = (name: string, role: string, spki: Uint8Array): Name =>
  commonNameOf(`${name.slice(0, MOST_OWN_NAME)} ${role} ${keyIdOf(spki).toString("hex", 0, 4)}`);

/** Encodes requests with @peculiar/x509. Import this only where one is made: 0058. */

type RequestOptions = {
  /** DER of the public key. */
  spki: Uint8Array;
  key: KeyKind;
  /** DNS names and addresses, in the form of a certificate. */
  names: readonly string[];
  /** Requests both TLS server and TLS client purposes; otherwise the request names no purpose. */
  forClients?: boolean | undefined;
};

/** How a request is signed: `hash` is null for Ed25519, and `ecdsa` has no meaning for other algorithms. */
type SignHow = { hash: "SHA-256" | "SHA-384" | null; ecdsa: "ieee-p1363" };

/** A certificate signing request (PKCS #10, RFC 2986), DER. The private key is wherever `sign` is. */
export async function makeRequest(
  { spki, key, names, forClients = false }: RequestOptions,
  sign: (data: Uint8Array, how: SignHow) => Promise<Uint8Array>,
): Promise<Uint8Array> {
  const common = names.find((name) => name.length <= MOST_COMMON_NAME && !isAddress(name)) ?? null;
  const purposes = forClients ? [new ExtendedKeyUsageExtension([PURPOSE.server, PURPOSE.client])] : [];
  const algorithm = ALGORITHMS[key];
  const made = await Pkcs10CertificateRequestGenerator.create(
    {
      name: commonNameOf(common),
      extensions: [namesExtension(names.map(toSubjectName), common === null), ...purposes],
      keys: { publicKey: handleOf("public", algorithm), privateKey: handleOf("private", algorithm) },
      signingAlgorithm: algorithm,
    },
    signingCrypto((data) => sign(data, { hash: algorithm.hash ?? null, ecdsa: "ieee-p1363" }), spki),
  );
  return new Uint8Array(made.rawData);
}

const RSA = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" } as const;

const ALGORITHMS: Record<KeyKind, SigningAlgorithm> = {
  p256: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
  p384: { name: "ECDSA", namedCurve: "P-384", hash: "SHA-384" },
  "rsa-2048": RSA,
  "rsa-3072": RSA,
  "rsa-4096": RSA,
  ed25519: { name: "Ed25519" },
};

const toSubjectName = (name: string): SubjectName =>
  isAddress(name) ? { kind: "ip", bytes: ipaddr.parse(name).toByteArray() } : { kind: "dns", text: name };

/**
 * What @peculiar/x509 needs to encode a certificate or a request. Loaded where one is made, never at start-up (0058).
 *
 * The library signs through a crypto provider of ours, which calls whoever has the key; in place of a private key it
 * gets a handle without one. So no key leaves its location.
 */

/** A name of a certificate; `bytes` of an address: four or sixteen. */
export type SubjectName = { kind: "dns"; text: string } | { kind: "ip"; bytes: readonly number[] };

/** How a signature is made, in the terms of Web Cryptography. */
export type SigningAlgorithm = { name: string; namedCurve?: string; hash?: "SHA-256" | "SHA-384" };

/** Makes a signature; of ECDSA its two numbers follow each other in their full width (IEEE P1363). */
type SignElsewhere = (data: Uint8Array) => Promise<Uint8Array>;

type KeyHandle = { type: "public" | "private"; algorithm: SigningAlgorithm; extractable: false; usages: [] };

/** Stands for a key that is elsewhere: of a private key the library reads the algorithm, and nothing else. */
export const handleOf = (type: KeyHandle["type"], algorithm: SigningAlgorithm): KeyHandle => ({
  type,
  algorithm,
  extractable: false,
  usages: [],
});

/** The part of Web Cryptography that the generators call. */
type SigningCrypto = {
  subtle: {
    sign(algorithm: unknown, handle: unknown, data: ArrayBuffer): Promise<ArrayBuffer>;
    exportKey(): Promise<ArrayBuffer>;
  };
};

/** `spki`: DER of the public key that the library requests by a handle. */
export const signingCrypto = (sign: SignElsewhere, spki: Uint8Array): SigningCrypto => ({
  subtle: {
    sign: async (_algorithm, _handle, data) => Uint8Array.from(await sign(new Uint8Array(data))).buffer,
    exportKey: async () => Uint8Array.from(spki).buffer,
  },
});

/** A name with one common name; empty for null. */
export const commonNameOf = (text: string | null): Name =>
  new Name(text === null ? [] : [{ CN: [{ utf8String: text }] }]);

export const namesExtension = (names: readonly SubjectName[], isCritical: boolean) =>
  new SubjectAlternativeNameExtension(
    names.map((name) =>
      name.kind === "dns"
        ? { type: "dns" as const, value: name.text }
        : { type: "ip" as const, value: writeAddress(name.bytes) },
    ),
    isCritical,
  );

/** In full, because the library takes `::ffff:10.0.0.1` for another address. */
const writeAddress = (bytes: readonly number[]): string =>
  bytes.length === 4
    ? bytes.join(".")
    : Array.from({ length: 8 }, (_, at) =>
        ((bytes[2 * at] ?? 0) * 256 + (bytes[2 * at + 1] ?? 0)).toString(16),
      ).join(":");

/** Dates of certificates are whole seconds. */
export const wholeSeconds = (at: number): Date => new Date(Math.floor(at / 1_000) * 1_000);
