import { type Fields, openFields } from "#codec/ssh-wire.ts";
import { isKnownType, readKeyBlob } from "#domain/ssh/key-blob.ts";

/** What tells a certificate from all others: who signed it, its serial number, and its id. */
type Certificate = { authority: string; serial: bigint; keyId: string };

/** Certificates that a KRL revokes, by the fingerprint of who signed them; an empty one is anybody. */
export type RevokedCertificates = Map<string, Revoked>;
type Revoked = {
  /** From and to, both included. */
  ranges: [bigint, bigint][];
  /** A set bit revokes the serial at its place, counted from `from` and from the last bit on. */
  bitmaps: { from: bigint; bits: Uint8Array }[];
  /** Latin-1. */
  keyIds: Set<string>;
};

const SUBSECTION = { serials: 0x20, range: 0x21, bitmap: 0x22, keyIds: 0x23, extension: 0x39 };
const MOST_SERIALS = 1n << 64n;
/** sshd's SSHBUF_MAX_BIGNUM in bytes. */
const LONGEST_BITMAP = 2_048;

export const createRevokedCertificates = (): RevokedCertificates => new Map();

/** Adds what a section of certificates revokes; false when sshd would find it broken. */
export function readCertificateSection(section: Fields, certificates: RevokedCertificates): boolean {
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

/** sshd passes over the serial 0: it is that of authorities that give none. */
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

/** Of extensions none is known: one that must be understood makes the list unreadable. */
export function skipExtension(fields: Fields): boolean {
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
  // The serial 0 cannot be revoked: sshd takes the list for broken.
  if (from === 0n && isBitSet(bits, 0n)) return false;
  revoked.bitmaps.push({ from, bits });
  return true;
}

const isNegativeOrTooLong = (bits: Uint8Array): boolean =>
  (bits[0] ?? 0) >= 0x80 ||
  bits.length > LONGEST_BITMAP + 1 ||
  (bits.length === LONGEST_BITMAP + 1 && bits[0] !== 0);

function isBitSet(bits: Uint8Array, place: bigint): boolean {
  if (place < 0n || place >= BigInt(bits.length * 8)) return false;
  const index = Number(place);
  const byte = bits[bits.length - 1 - Math.floor(index / 8)] ?? 0;
  return ((byte >> (index % 8)) & 1) === 1;
}
