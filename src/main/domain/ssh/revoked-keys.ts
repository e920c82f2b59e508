import { hash } from "node:crypto";
import { type Fields, openFields } from "#codec/ssh-wire.ts";
import { readBareKeys } from "./authorized-keys.ts";
import { isKnownType, type PublicKey, plainBlobOf, readKeyBlob } from "./key-blob.ts";

/**
 * What a file that RevokedKeys names revokes: a KRL, or a text list of bare keys. With a broken file, sshd refuses
 * every key of everybody.
 */
export type Revocations =
  | { kind: "krl"; krl: Krl }
  | { kind: "list"; fingerprints: ReadonlySet<string> }
  | { kind: "broken"; why: string };

export function readRevokedKeys(bytes: Uint8Array): Revocations {
  if (isKrl(bytes)) {
    const krl = readKrl(bytes);
    return krl ? { kind: "krl", krl } : { kind: "broken", why: "it is a KRL that is cut or damaged" };
  }
  return readList(bytes);
}

/** Whether the key is revoked; for an authority's key, whether all its certificates are. */
export function isRevoked(revocations: Revocations, key: PublicKey): boolean {
  switch (revocations.kind) {
    case "krl":
      return isKeyInKrl(revocations.krl, key);
    case "list":
      return revocations.fingerprints.has(key.fingerprint);
    case "broken":
      return true;
  }
}

/** A certificate in the list revokes the key in it. */
function readList(bytes: Uint8Array): Revocations {
  const { lines, broken } = readBareKeys(bytes);
  if (broken) return { kind: "broken", why: `its line ${broken.line} ${broken.why}` };
  return { kind: "list", fingerprints: new Set(lines.flatMap(({ key }) => key?.fingerprint ?? [])) };
}

/** A key revocation list as OpenSSH's PROTOCOL.krl lays it out, read as strictly as sshd reads it. */
export type Krl = {
  /** SHA-256 over the exact bytes of each key that is revoked by itself, in base64. */
  keys: ReadonlySet<string>;
  /** SHA-1 over the same, in hex. */
  sha1s: ReadonlySet<string>;
  certificates: RevokedCertificates;
  /** sshd before 9.4 verifies signatures on the list; later ones ignore them. */
  isSigned: boolean;
};

const MAGIC = Buffer.from("SSHKRL\n\0", "latin1");
const FORMAT = 1n;
const SHA1_BYTES = 20;
const SHA256_BYTES = 32;

const SECTION = { certificates: 1, keys: 2, sha1: 3, signature: 4, sha256: 5, extension: 255 };

/** Anything else is read as a text list of keys. */
const isKrl = (bytes: Uint8Array): boolean => Buffer.compare(bytes.subarray(0, MAGIC.length), MAGIC) === 0;

/** Null when sshd finds it broken: then sshd accepts no key at all. */
export function readKrl(bytes: Uint8Array): Krl | null {
  const fields = openFields(bytes);
  if (!fields.skip(MAGIC.length) || fields.number(4) !== FORMAT || !fields.skip(8 * 3)) return null;
  // A reserved field, then a comment.
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
        // The section is the key that signed; the signature follows it.
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

/** Whether the key is revoked by itself, or as an authority with all certificates that it signed. */
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

/** What identifies a certificate: the key that signed it, its serial number, and its id. */
type Certificate = { authority: string; serial: bigint; keyId: string };

/** Certificates that a KRL revokes, by the fingerprint of their authority; an empty one means any authority. */
type RevokedCertificates = Map<string, Revoked>;
type Revoked = {
  /** From and to, both included. */
  ranges: [bigint, bigint][];
  /** A set bit N, counted from the last bit, revokes the serial `from` + N. */
  bitmaps: { from: bigint; bits: Uint8Array }[];
  /** Latin-1. */
  keyIds: Set<string>;
};

const SUBSECTION = { serials: 0x20, range: 0x21, bitmap: 0x22, keyIds: 0x23, extension: 0x39 };
const MOST_SERIALS = 1n << 64n;
/** sshd's SSHBUF_MAX_BIGNUM in bytes. */
const LONGEST_BITMAP = 2_048;

const createRevokedCertificates = (): RevokedCertificates => new Map();

/** Adds what a section of certificates revokes; false when sshd finds it broken. */
function readCertificateSection(section: Fields, certificates: RevokedCertificates): boolean {
  const authority = readAuthority(section);
  if (authority === null) return false;
  const revoked = certificates.get(authority) ?? { ranges: [], bitmaps: [], keyIds: new Set() };
  certificates.set(authority, revoked);
  while (!section.isAtEnd) {
    const type = Number(section.number(1));
    const body = section.octets();
    if (!body) return false;
    const fields = openFields(body);
    if (!readSubsection(type, fields, revoked) || !fields.isAtEnd) return false;
  }
  return true;
}

/** sshd never finds the serial 0 revoked: authorities that number nothing use it. */
export function isCertificateInKrl(
  certificates: RevokedCertificates,
  { authority, serial, keyId }: Certificate,
): boolean {
  return [authority, ""].some((name) => {
    const revoked = certificates.get(name);
    if (!revoked) return false;
    if (revoked.keyIds.has(keyId)) return true;
    if (serial === 0n) return false;
    return (
      revoked.ranges.some(([from, to]) => from <= serial && serial <= to) ||
      revoked.bitmaps.some(({ from, bits }) => isBitSet(bits, serial - from))
    );
  });
}

/** The fingerprint of the authority, empty for all of them; null when it cannot be read. */
function readAuthority(section: Fields): string | null {
  const blob = section.octets();
  if (!blob || !section.octets()) return null;
  if (blob.length === 0) return "";
  const key = readKeyBlob(blob);
  return key && isKnownType(key.keyType) ? key.fingerprint : null;
}

function readSubsection(type: number, fields: Fields, revoked: Revoked): boolean {
  switch (type) {
    case SUBSECTION.serials:
      while (!fields.isAtEnd) {
        const serial = fields.number(8);
        if (!serial) return false;
        revoked.ranges.push([serial, serial]);
      }
      return true;
    case SUBSECTION.range: {
      const [from, to] = [fields.number(8), fields.number(8)];
      if (!from || to === null || from > to) return false;
      revoked.ranges.push([from, to]);
      return true;
    }
    case SUBSECTION.bitmap:
      return readBitmap(fields, revoked);
    case SUBSECTION.keyIds:
      while (!fields.isAtEnd) {
        const keyId = fields.cString();
        if (!keyId) return false;
        revoked.keyIds.add(Buffer.from(keyId).toString("latin1"));
      }
      return true;
    case SUBSECTION.extension:
      return skipExtension(fields);
    default:
      return false;
  }
}

/** We know no extension, nor does sshd: a critical one makes the list unreadable. */
function skipExtension(fields: Fields): boolean {
  const isNamed = fields.cString() !== null;
  const critical = fields.number(1);
  return isNamed && critical === 0n && fields.octets() !== null && fields.isAtEnd;
}

function readBitmap(fields: Fields, revoked: Revoked): boolean {
  const from = fields.number(8);
  const written = fields.octets();
  if (from === null || !written || isNegativeOrTooLong(written)) return false;
  let zeros = 0;
  while (zeros < written.length && written[zeros] === 0) zeros++;
  const bits = written.subarray(zeros);
  const count = BigInt(bits.length === 0 ? 0 : bits.length * 8 - (Math.clz32(bits[0] ?? 0) - 24));
  if (count > 0n && from + count - 1n >= MOST_SERIALS) return false;
  // The serial 0 cannot be revoked: sshd finds such a list broken.
  if (from === 0n && isBitSet(bits, 0n)) return false;
  revoked.bitmaps.push({ from, bits });
  return true;
}

const isNegativeOrTooLong = (bits: Uint8Array): boolean =>
  (bits[0] ?? 0) >= 0x80 ||
  bits.length > LONGEST_BITMAP + 1 ||
  (bits.length === LONGEST_BITMAP + 1 && bits[0] !== 0);

function isBitSet(bits: Uint8Array, bit: bigint): boolean {
  if (bit < 0n || bit >= BigInt(bits.length * 8)) return false;
  const index = Number(bit);
  const byte = bits[bits.length - 1 - Math.floor(index / 8)] ?? 0;
  return ((byte >> (index % 8)) & 1) === 1;
}
