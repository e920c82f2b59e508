/**
 * Certificates, as @peculiar/x509 writes them: 0058 says why, and what it is not asked for. Import this only where one is made.
 */
import "reflect-metadata";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Name,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { addDays } from "#shared/model/days.ts";
import { type Authority, anHourBefore, HASH_OF, keyIdOf, openAuthority, type Signer } from "./authority.ts";
import type { SoundRequest } from "./check-request.ts";
import { commonNameOf, handleOf, namesExtension, signingCrypto, wholeSeconds } from "./generator.ts";
import { constrainNames, type Permitted } from "./permitted-names.ts";
import { PURPOSE } from "./purposes.ts";

const ROOT_YEARS = 10;
const INTERMEDIATE_YEARS = 5;

type OwnWish = {
  name: string;
  permitted: readonly Permitted[];
  now: Date;
  serial: Uint8Array /** DER of its key. */;
  spki: Uint8Array;
};

/** The root of a local authority: signed by itself, for the names that are permitted and for one more authority below. */
export function makeRoot(
  { name, permitted, now, serial, spki }: OwnWish,
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
      // Constraints on names say nothing of mail and code: whoever has this key signs for TLS alone, too.
      forTls(),
      ...keyIdentifiers(spki, spki),
    ],
  });
}

/** What signs for servers: for TLS alone, and for no authority below. */
export function makeIntermediate(
  { name, permitted, now, serial, spki }: OwnWish,
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
    extensions: [...authorityExtensions(0, permitted), forTls(), ...keyIdentifiers(spki, above.spki)],
  });
}

type LeafWish = { request: SoundRequest; days: number; now: Date; serial: Uint8Array };

/** A certificate of a server, for what its request asks for. It never outlives its issuer. */
export function makeLeaf({ request, days, now, serial }: LeafWish, issuer: Authority): Promise<Uint8Array> {
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
      ...keyIdentifiers(spki, above.spki),
    ],
  });
}

const { digitalSignature, keyEncipherment, keyCertSign, cRLSign } = KeyUsageFlags;
/** Upper bound of RFC 5280. */
const MOST_COMMON_NAME = 64;
/** What is left of a name beside the words that follow it in a common name. */
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
  const algorithm = { name: "ECDSA", namedCurve: CURVES[signer.kind], hash: HASH_OF[signer.kind] };
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
  // The library has no words for these: their content is ours.
  new Extension("2.5.29.30", true, constrainNames(permitted)),
];

const forTls = (): Extension => new ExtendedKeyUsageExtension([PURPOSE.server, PURPOSE.client]);

/** By our own identifiers: those that the library makes are of SHA-1. */
const keyIdentifiers = (spki: Uint8Array, issuerKey: Uint8Array): Extension[] => [
  new SubjectKeyIdentifierExtension(keyIdOf(spki).toString("hex")),
  new AuthorityKeyIdentifierExtension(keyIdOf(issuerKey).toString("hex")),
];

/** Two authorities of one name are still told apart by what follows it. */
const nameOwn = (name: string, role: string, spki: Uint8Array): Name =>
  commonNameOf(`${name.slice(0, MOST_OWN_NAME)} ${role} ${keyIdOf(spki).toString("hex", 0, 4)}`);
