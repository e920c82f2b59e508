/** Authorities of our own, as far as their certificates tell, and how they sign: their private keys are elsewhere. */
import { hash } from "node:crypto";
import { encodeOid, encodeSequence, readChildren, readElement, TAG, viewOf } from "#codec/der.ts";
import { openCertificate } from "#domain/x509/path/path-certificate.ts";

/** Keys of authorities. */
export type AuthorityKeyKind = "p256" | "p384";

/** How the two numbers of an ECDSA signature are written: as DER, or one behind the other in their full width. */
type SignatureForm = "der" | "ieee-p1363";

/** Who signs: the private key is elsewhere. */
export type Signer = {
  kind: AuthorityKeyKind;
  /** ECDSA with the hash of the kind. */
  sign(data: Uint8Array, form: SignatureForm): Promise<Uint8Array>;
};

/** A certificate that signs others, and the key that belongs to it. */
export type Authority = { der: Uint8Array; signer: Signer };

export const HASH_OF = { p256: "SHA-256", p384: "SHA-384" } as const;

const ALGORITHM_OF = { p256: "1.2.840.10045.4.3.2", p384: "1.2.840.10045.4.3.3" } as const;

/** The AlgorithmIdentifier of its signatures. */
export const algorithmOf = ({ kind }: Signer): Buffer => encodeSequence(encodeOid(ALGORITHM_OF[kind]));

/** Random bytes of a serial number; the first of them is made to stand for a positive number of full length. */
export const SERIAL_BYTES = 16;

/** Clocks differ: what was signed just now is to be valid for those that are behind. */
export const anHourBefore = (now: Date): number => now.getTime() - 3_600_000;

/** By RFC 7093, section 2: the first 160 bits of the SHA-256 of the key's bits. */
export function keyIdOf(spki: Uint8Array): Buffer {
  const bytes = viewOf(spki);
  const outer = readElement(bytes, 0, bytes.length);
  const key = outer && readChildren(bytes, outer, 2)?.[1];
  if (key?.tag !== TAG.bitString) throw new Error("a key has its bits");
  return hash("sha256", bytes.subarray(key.content + 1, key.end), "buffer").subarray(0, 20);
}

export function openAuthority({ der }: { der: Uint8Array }) {
  const opened = openCertificate(der);
  if (!opened || opened.notAfter === null || opened.notBefore === null)
    throw new Error("the certificate of an authority of ours cannot be read");
  return { ...opened, notBefore: opened.notBefore, notAfter: opened.notAfter };
}
