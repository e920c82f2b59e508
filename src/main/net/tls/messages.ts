import { WireReader } from "./wire-reader.ts";

export type ServerHello = {
  version: number;
  suite: number;
  /** It asks for another hello, with a share of a group that it names. */
  isRetry: boolean;
  share: { group: number; key: Buffer } | null;
  alpn: string | null;
  hasTimestamps: boolean;
};

/** RFC 8446, 4.1.3: the random of a server that asks for another hello. */
const RETRY_RANDOM = Buffer.from("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c", "hex");

const EXTENSION = { status: 5, alpn: 16, timestamps: 18, versions: 43, share: 51 };

/** More than any server sends; as many empty ones would fit into a flight. */
const MOST_CERTIFICATES = 256;
const MOST_EXTENSIONS = 64;

/** Each reader answers null for a body that is not what its message asks for. */
export function readServerHello(body: Buffer): ServerHello | null {
  const reader = new WireReader(body);
  const legacyVersion = reader.number(2);
  const random = reader.bytes(32);
  reader.lengthed(1);
  const suite = reader.number(2);
  reader.number(1);
  const extensions = readExtensions(reader);
  if (reader.isShort || !extensions || legacyVersion < 0x0300 || legacyVersion > 0x0303) return null;
  const version = extensions.get(EXTENSION.versions)?.readUIntBE(0, 2) ?? legacyVersion;
  const isRetry = random.equals(RETRY_RANDOM);
  const share = isRetry ? null : readShare(extensions.get(EXTENSION.share));
  const hasTimestamps = extensions.has(EXTENSION.timestamps);
  return { version, suite, isRetry, share, alpn: readAlpn(extensions), hasTimestamps };
}

/** The protocol that the server chose; null for none, and for a body that cannot be read. */
export function readEncryptedExtensions(body: Buffer): { alpn: string | null } | null {
  const extensions = readExtensions(new WireReader(body));
  return extensions && { alpn: readAlpn(extensions) };
}

export type CertificateMessage = { chain: Buffer[]; isStapled: boolean; hasTimestamps: boolean };

/** The chain as sent. From TLS 1.3 on, each certificate has extensions of its own; the leaf's are looked at. */
export function readCertificateMessage(body: Buffer, isTls13: boolean): CertificateMessage | null {
  const outer = new WireReader(body);
  if (isTls13) outer.lengthed(1);
  const list = new WireReader(outer.lengthed(3));
  if (!outer.isSpent) return null;
  const message: CertificateMessage = { chain: [], isStapled: false, hasTimestamps: false };
  while (!list.isAtEnd) {
    const certificate = list.lengthed(3);
    const extensions = isTls13 ? readExtensions(list) : new Map<number, Buffer>();
    if (certificate.length === 0 || !extensions || message.chain.length === MOST_CERTIFICATES) return null;
    if (message.chain.length === 0) {
      message.isStapled = extensions.has(EXTENSION.status);
      message.hasTimestamps = extensions.has(EXTENSION.timestamps);
    }
    message.chain.push(Buffer.from(certificate));
  }
  return list.isSpent && message.chain.length > 0 ? message : null;
}

/** The group of a key exchange on a named curve; null for others. */
export function readKeyExchangeGroup(body: Buffer): number | null {
  const NAMED_CURVE = 3;
  const reader = new WireReader(body);
  const isNamed = reader.number(1) === NAMED_CURVE;
  const group = reader.number(2);
  return isNamed && !reader.isShort ? group : null;
}

function readExtensions(reader: WireReader): Map<number, Buffer> | null {
  const extensions = new Map<number, Buffer>();
  if (reader.isAtEnd) return extensions;
  const list = new WireReader(reader.lengthed(2));
  while (!list.isAtEnd) {
    extensions.set(list.number(2), list.lengthed(2));
    if (extensions.size > MOST_EXTENSIONS) return null;
  }
  const version = extensions.get(EXTENSION.versions);
  return list.isSpent && (!version || version.length === 2) ? extensions : null;
}

function readShare(content: Buffer | undefined): ServerHello["share"] {
  if (!content) return null;
  const reader = new WireReader(content);
  const share = { group: reader.number(2), key: Buffer.from(reader.lengthed(2)) };
  return reader.isSpent ? share : null;
}

function readAlpn(extensions: ReadonlyMap<number, Buffer>): string | null {
  const content = extensions.get(EXTENSION.alpn);
  if (!content) return null;
  const name = new WireReader(new WireReader(content).lengthed(2)).lengthed(1);
  return name.length === 0 ? null : name.toString("latin1");
}
