/** Builds certificates byte by byte, so that tests have ones that no issuer would sign. Nothing here is signed. */

type Bytes = Uint8Array | readonly number[];

/** One DER element around its parts. */
export function der(tag: number, ...parts: readonly Bytes[]): Buffer {
  const content = Buffer.concat(parts.map((part) => Buffer.from(part)));
  const size = content.length;
  const header = [tag, ...(size < 0x80 ? [size] : [0x84, ...bigEndian(size)])];
  // The shortest form, as DER demands.
  while (header[1] !== undefined && header[1] > 0x81 && header[2] === 0) {
    header.splice(2, 1);
    header[1]--;
  }
  return Buffer.concat([Buffer.from(header), content]);
}

const bigEndian = (size: number): number[] => [
  size >>> 24,
  (size >>> 16) & 255,
  (size >>> 8) & 255,
  size & 255,
];

export const sequence = (...parts: readonly Bytes[]): Buffer => der(0x30, ...parts);
const set = (...parts: readonly Bytes[]): Buffer => der(0x31, ...parts);
export const text = (tag: number, value: string | Bytes): Buffer =>
  der(tag, typeof value === "string" ? Buffer.from(value, "utf8") : value);

/** An object identifier of small arcs. */
export function oid(dotted: string): Buffer {
  const [first = 0n, second = 0n, ...rest] = dotted.split(".").map(BigInt);
  return der(0x06, ...[first * 40n + second, ...rest].map(base128));
}

function base128(arc: bigint): number[] {
  const bytes = [Number(arc & 0x7fn)];
  for (let left = arc >> 7n; left > 0n; left >>= 7n) bytes.unshift(Number(left & 0x7fn) | 0x80);
  return bytes;
}

/** A name from RDNs, each a list of attributes [type, string tag, value]. */
export type Attribute = readonly [type: string, tag: number, value: string | Bytes];
export const name = (...rdns: readonly (readonly Attribute[])[]): Buffer =>
  sequence(
    ...rdns.map((attributes) =>
      set(...attributes.map(([type, tag, value]) => sequence(oid(type), text(tag, value)))),
    ),
  );

export const commonName = (value: string | Bytes, tag = 0x0c): Buffer => name([["2.5.4.3", tag, value]]);

export const extension = (type: string, value: Bytes, isCritical = false): Buffer =>
  sequence(oid(type), ...(isCritical ? [der(0x01, [0xff])] : []), der(0x04, value));

const ED25519 = sequence(oid("1.3.101.112"));
const SPKI = sequence(ED25519, der(0x03, [0], new Uint8Array(32).fill(7)));

type CertificateOptions = {
  version?: number;
  serial?: Bytes;
  issuer?: Bytes;
  subject?: Bytes;
  notBefore?: Bytes;
  notAfter?: Bytes;
  algorithm?: Bytes;
  spki?: Bytes;
  extensions?: readonly Bytes[];
  /** A field behind the extensions. */
  behind?: Bytes;
};

/** The DER of a certificate with these parts; all others are sound. */
export function buildCertificate({
  version = 3,
  serial = [1],
  subject = commonName("test"),
  issuer = commonName("issuer"),
  notBefore = text(0x17, "260101000000Z"),
  notAfter = text(0x17, "360101000000Z"),
  algorithm = ED25519,
  spki = SPKI,
  extensions = [],
  behind = [],
}: CertificateOptions = {}): Buffer {
  const tbs = sequence(
    ...(version === 1 ? [] : [der(0xa0, der(0x02, [version - 1]))]),
    der(0x02, serial),
    algorithm,
    issuer,
    sequence(notBefore, notAfter),
    subject,
    spki,
    ...(extensions.length > 0 ? [der(0xa3, sequence(...extensions))] : []),
    behind,
  );
  return sequence(tbs, algorithm, der(0x03, [0], new Uint8Array(64)));
}
