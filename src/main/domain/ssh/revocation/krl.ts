import { hash } from "node:crypto";
import { type Fields, openFields } from "#codec/ssh-wire.ts";
import { type PublicKey, plainBlobOf } from "#domain/ssh/key-blob.ts";
import {
  createRevokedCertificates,
  type RevokedCertificates,
  readCertificateSection,
  skipExtension,
} from "./krl-certificates.ts";

/** A key revocation list as OpenSSH's PROTOCOL.krl lays it out, read as strictly as sshd reads it. */
export type Krl = {
  /** SHA-256 over the exact bytes of a key, in base64; of keys that are revoked by themselves. */
  keys: ReadonlySet<string>;
  /** SHA-1 over the same, in hex. */
  sha1s: ReadonlySet<string>;
  certificates: RevokedCertificates;
  /** sshd before 9.4 checks signatures on the list; later ones pass them over. */
  isSigned: boolean;
};

const MAGIC = Buffer.from("SSHKRL\n\0", "latin1");
const FORMAT = 1n;
const SHA1_BYTES = 20;
const SHA256_BYTES = 32;

const SECTION = { certificates: 1, keys: 2, sha1: 3, signature: 4, sha256: 5, extension: 255 };

/** Anything else is read as a text list of keys. */
export const isKrl = (bytes: Uint8Array): boolean =>
  Buffer.compare(bytes.subarray(0, MAGIC.length), MAGIC) === 0;

/** Null when sshd would find it broken: then it takes no key at all. */
export function readKrl(bytes: Uint8Array): Krl | null {
  const fields = openFields(bytes);
  if (!fields.skip(MAGIC.length) || fields.number(4) !== FORMAT || !fields.skip(8 * 3)) return null;
  // What is reserved, then a comment.
  if (!fields.octets() || !fields.cString()) return null;
  const keys = new Set<string>();
  const sha1s = new Set<string>();
  const certificates = createRevokedCertificates();
  let isSigned = false;
  while (!fields.isAtEnd) {
    const type = Number(fields.number(1));
    const body = fields.octets();
    if (!body) return null;
    const section = openFields(body);
    switch (type) {
      case SECTION.certificates:
        if (!readCertificateSection(section, certificates)) return null;
        break;
      case SECTION.keys:
        if (!readBlobs(section, null, (blob) => keys.add(hash("sha256", blob, "base64")))) return null;
        break;
      case SECTION.sha1:
        if (!readBlobs(section, SHA1_BYTES, (blob) => sha1s.add(Buffer.from(blob).toString("hex"))))
          return null;
        break;
      case SECTION.sha256:
        if (!readBlobs(section, SHA256_BYTES, (blob) => keys.add(Buffer.from(blob).toString("base64"))))
          return null;
        break;
      case SECTION.signature:
        // The key that signed was the section; what it signed follows.
        if (!fields.octets()) return null;
        isSigned = true;
        break;
      case SECTION.extension:
        if (!skipExtension(section)) return null;
        break;
      default:
        return null;
    }
  }
  return { keys, sha1s, certificates, isSigned };
}

/** Whether the key is revoked by itself, or as an authority: then with it all certificates that it signed. */
export function isKeyInKrl(krl: Krl, key: PublicKey): boolean {
  if (krl.keys.has(`${key.fingerprint.slice("SHA256:".length)}=`)) return true;
  return krl.sha1s.size > 0 && krl.sha1s.has(hash("sha1", plainBlobOf(key)));
}

function readBlobs(section: Fields, length: number | null, take: (blob: Uint8Array) => void): boolean {
  while (!section.isAtEnd) {
    const blob = section.octets();
    if (!blob || (length !== null && blob.length !== length)) return false;
    take(blob);
  }
  return true;
}
