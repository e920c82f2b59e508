export type ServerHello = {
  version: number;
  suite: number;
  /** It asks for another hello, with a share of the group that it names. */
  isRetry: boolean;
  retryGroup: number | null;
  share: { group: number; key: Buffer } | null;
  alpn: string | null;
  /** A list of certificate timestamps (RFC 6962, 3.3). */
  timestamps: Buffer | null;
};

/** RFC 8446, 4.1.3: the random of a server that asks for another hello. */
const RETRY_RANDOM = Buffer.from("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c", "hex");

const EXTENSION = { status: 5, alpn: 16, timestamps: 18, versions: 43, authorities: 47, share: 51 };

/** More than any server sends; as many empty ones would fit into a flight. */
const MOST_CERTIFICATES = 256;
const MOST_EXTENSIONS = 64;
/** Authorities of clients: some servers name all that their system trusts. */
const MOST_AUTHORITIES = 2_000;

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
  const shared = extensions.get(EXTENSION.share);
  return {
    version,
    suite,
    isRetry,
    alpn: readAlpn(extensions),
    retryGroup: isRetry && shared?.length === 2 ? shared.readUInt16BE() : null,
    share: isRetry ? null : readShare(shared),
    timestamps: ownBytes(extensions.get(EXTENSION.timestamps)),
  };
}

/** The protocol that the server chose; null for none, and for a body that cannot be read. */
export function readEncryptedExtensions(body: Buffer): { alpn: string | null } | null {
  const extensions = readExtensions(new WireReader(body));
  return extensions && { alpn: readAlpn(extensions) };
}

export type CertificateMessage = {
  chain: Buffer[];
  /** A stapled answer of OCSP and a list of timestamps, as they stand beside the leaf. */
  staple: Buffer | null;
  timestamps: Buffer | null;
};

/** The chain as sent. From TLS 1.3 on, each certificate has extensions of its own; the leaf's are looked at. */
export function readCertificateMessage(body: Buffer, isTls13: boolean): CertificateMessage | null {
  const outer = new WireReader(body);
  if (isTls13) outer.lengthed(1);
  const list = new WireReader(outer.lengthed(3));
  if (!outer.isSpent) return null;
  const message: CertificateMessage = { chain: [], staple: null, timestamps: null };
  while (!list.isAtEnd) {
    const certificate = list.lengthed(3);
    const extensions = isTls13 ? readExtensions(list) : new Map<number, Buffer>();
    if (certificate.length === 0 || !extensions || message.chain.length === MOST_CERTIFICATES) return null;
    if (message.chain.length === 0) {
      message.staple = readStatus(extensions.get(EXTENSION.status));
      message.timestamps = ownBytes(extensions.get(EXTENSION.timestamps));
    }
    message.chain.push(Buffer.from(certificate));
  }
  return list.isSpent && message.chain.length > 0 ? message : null;
}

/** The answer of OCSP in a status (RFC 6066, 8), which TLS 1.2 sends as a message of its own; null for none, and for another kind. */
export function readStatus(body: Buffer | undefined): Buffer | null {
  const OCSP = 1;
  if (!body) return null;
  const reader = new WireReader(body);
  const isOcsp = reader.number(1) === OCSP;
  const answer = reader.lengthed(3);
  return isOcsp && reader.isSpent && answer.length > 0 ? Buffer.from(answer) : null;
}

/**
 * The names, as DER, of the authorities whose certificates a client is asked for; none where the server takes those of
 * any. Null for a request that cannot be read (RFC 8446, 4.3.2; RFC 5246, 7.4.4; before TLS 1.2 without signatures).
 */
export function readCertificateRequest(body: Buffer, version: number): Buffer[] | null {
  const reader = new WireReader(body);
  reader.lengthed(1);
  if (version >= 0x0304) {
    const extensions = readExtensions(reader);
    const named = extensions?.get(EXTENSION.authorities);
    if (!extensions || !reader.isSpent) return null;
    return named ? readNames(new WireReader(named)) : [];
  }
  if (version === 0x0303) reader.lengthed(2);
  return readNames(reader);
}

function readNames(reader: WireReader): Buffer[] | null {
  const list = new WireReader(reader.lengthed(2));
  if (!reader.isSpent) return null;
  const names: Buffer[] = [];
  while (!list.isAtEnd && names.length < MOST_AUTHORITIES) names.push(Buffer.from(list.lengthed(2)));
  return list.isShort ? null : names;
}

/** With memory of their own: what they are read from holds only until the next record. */
const ownBytes = (bytes: Buffer | undefined): Buffer | null => (bytes ? Buffer.from(bytes) : null);

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

/** Reads the fields of a TLS message; past the end it remembers that the message was too short. */
class WireReader {
  readonly #bytes: Buffer;
  #at = 0;
  #isShort = false;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Everything was there, and nothing is left. */
  get isSpent(): boolean {
    return !this.#isShort && this.#at === this.#bytes.length;
  }

  get isShort(): boolean {
    return this.#isShort;
  }

  get isAtEnd(): boolean {
    return this.#isShort || this.#at === this.#bytes.length;
  }

  number(width: 1 | 2 | 3): number {
    const field = this.bytes(width);
    return field.length < width ? 0 : field.readUIntBE(0, width);
  }

  bytes(size: number): Buffer {
    const end = this.#at + size;
    if (this.#isShort || end > this.#bytes.length) {
      this.#isShort = true;
      return Buffer.alloc(0);
    }
    const field = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return field;
  }

  /** A field after its own length. */
  lengthed(width: 1 | 2 | 3): Buffer {
    return this.bytes(this.number(width));
  }
}
