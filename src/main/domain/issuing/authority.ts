import { hash } from "node:crypto";
import {
  encodeBits,
  encodeDer,
  encodeExtension,
  encodeInteger,
  encodeNumber,
  encodeOid,
  encodeSequence,
  encodeTime,
  joinDer,
  readChildren,
  readElement,
  TAG,
  viewOf,
} from "#codec/der.ts";
import { openCertificate } from "#domain/x509/path/path-certificate.ts";
import { addDays, type Instant } from "#shared/model/instant.ts";
import type { RevocationReason } from "#shared/model/issuers/issuer.ts";

/** Authorities of our own: what their certificates say, and how they sign. Their private keys are elsewhere. */

/** Keys of authorities. */
export type AuthorityKeyKind = "p256" | "p384" | "rsa";

/** How the two numbers of an ECDSA signature are written: as DER, or one behind the other in their full width. */
type SignatureForm = "der" | "ieee-p1363";

/** Makes signatures; the private key is elsewhere. */
export type Signer = {
  kind: AuthorityKeyKind;
  /** With the hash of the kind; of RSA by PKCS#1 v1.5, whatever the form. */
  sign(data: Uint8Array, form: SignatureForm): Promise<Uint8Array>;
};

/** A certificate that signs others, and the key that belongs to it. */
export type Authority = { der: Uint8Array; signer: Signer };

export const HASH_OF = { p256: "SHA-256", p384: "SHA-384", rsa: "SHA-256" } as const;

const ALGORITHM_OF = {
  p256: "1.2.840.10045.4.3.2",
  p384: "1.2.840.10045.4.3.3",
  rsa: "1.2.840.113549.1.1.11",
} as const;

/** The AlgorithmIdentifier of its signatures; RSA's has a NULL (RFC 4055, section 5). */
export const algorithmOf = ({ kind }: Signer): Buffer =>
  encodeSequence(encodeOid(ALGORITHM_OF[kind]), ...(kind === "rsa" ? [encodeDer(0x05)] : []));

/** Random bytes of a serial number; the first of them is made to stand for a positive number of full length. */
export const SERIAL_BYTES = 16;

/** Clocks differ: a certificate that was signed just now must be valid for clients whose clock is behind. */
export const anHourBefore = (now: Date): number => now.getTime() - 3_600_000;

/** By RFC 7093, section 2: the first 160 bits of the SHA-256 of the key's bits. */
export function keyIdOf(spki: Uint8Array): Buffer {
  const bytes = viewOf(spki);
  const outer = readElement(bytes, 0, bytes.length);
  const key = outer && readChildren(bytes, outer, 2)?.[1];
  if (key?.tag !== TAG.bitString) throw new Error("a key has its bits");
  return hash("sha256", bytes.subarray(key.content + 1, key.end), "buffer").subarray(0, 20);
}

/**
 * By which what an authority signs names its key. One that was made elsewhere may have computed it otherwise, and
 * clients compare it with what its own certificate says.
 */
export const keyIdOfAuthority = ({ spki, extensions }: ReturnType<typeof openAuthority>): Buffer =>
  extensions.subjectKey === null ? keyIdOf(spki) : Buffer.from(extensions.subjectKey, "hex");

export function openAuthority({ der }: { der: Uint8Array }) {
  const opened = openCertificate(der);
  if (!opened || opened.notAfter === null || opened.notBefore === null)
    throw new Error("the certificate of an authority of ours cannot be read");
  return { ...opened, notBefore: opened.notBefore, notAfter: opened.notAfter };
}

/** The numbers of RFC 5280, section 5.3.1. */
export const REASON_CODES = {
  unspecified: 0,
  "key-compromise": 1,
  superseded: 4,
  "no-longer-used": 5,
} as const satisfies Record<RevocationReason, number>;

/** `serial` in hex. */
type RevokedCertificate = { serial: string; at: Instant; reason: RevocationReason };

type RevocationListOptions = {
  number: number;
  revoked: readonly RevokedCertificate[];
  now: Date;
  days: number;
};

/**
 * All that an authority has revoked, as a list of version 2 with its number and the time until which it holds. We
 * encode it ourselves: the library gives an entry without a reason an empty list of extensions, which RFC 5280 does not
 * allow (0058).
 */
export async function makeRevocationList(
  { number, revoked, now, days }: RevocationListOptions,
  issuer: Authority,
): Promise<Uint8Array> {
  const above = openAuthority(issuer);
  const content = encodeSequence(
    encodeNumber(1),
    algorithmOf(issuer.signer),
    above.subjectDer,
    encodeTime(anHourBefore(now)),
    encodeTime(addDays(now, days).getTime()),
    ...(revoked.length > 0 ? [joinDer(TAG.sequence, revoked.map(encodeEntry))] : []),
    encodeDer(
      0xa0,
      encodeSequence(
        encodeExtension("2.5.29.35", encodeSequence(encodeDer(0x80, keyIdOfAuthority(above)))),
        encodeExtension("2.5.29.20", encodeNumber(number)),
      ),
    ),
  );
  const signature = await issuer.signer.sign(content, "der");
  return encodeSequence(content, algorithmOf(issuer.signer), encodeBits(signature));
}

/** "The reason code CRL entry extension SHOULD be absent instead of using the unspecified (0) reasonCode value." */
function encodeEntry({ serial, at, reason }: RevokedCertificate): Buffer {
  const code = REASON_CODES[reason];
  const why = encodeSequence(encodeExtension("2.5.29.21", encodeDer(0x0a, Buffer.from([code]))));
  const hex = serial.padStart(serial.length + (serial.length % 2), "0");
  return encodeDer(
    TAG.sequence,
    encodeInteger(Buffer.from(hex, "hex")),
    encodeTime(Date.parse(at)),
    ...(code === REASON_CODES.unspecified ? [] : [why]),
  );
}
