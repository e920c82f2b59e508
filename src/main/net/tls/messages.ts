import type { ServerKeyKind } from "#shared/model/certificates/served.ts";

export type ServerHello = {
  version: number;
  suite: number;
  /** The server asks for another hello, with a share of the group that it names. */
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

/** More than any server sends. Without a limit, a flight could hold hundreds of thousands of empty ones. */
const MOST_CERTIFICATES = 256;
const MOST_EXTENSIONS = 64;
/** Authorities of client certificates: some servers list all that their system trusts. */
const MOST_AUTHORITIES = 2_000;

/** Each reader returns null for a body that does not follow its message's format. */
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

type CertificateMessage = {
  chain: Buffer[];
  /** A stapled OCSP response and a list of timestamps, as sent with the leaf. */
  staple: Buffer | null;
  timestamps: Buffer | null;
};

/** The chain as sent. Since TLS 1.3 each certificate has extensions of its own; only the leaf's are read. */
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

/** The OCSP response of a CertificateStatus (RFC 6066, 8), a message of TLS 1.2; null for none, or another type. */
export function readStatus(body: Buffer | undefined): Buffer | null {
  const OCSP = 1;
  if (!body) return null;
  const reader = new WireReader(body);
  const isOcsp = reader.number(1) === OCSP;
  const answer = reader.lengthed(3);
  return isOcsp && reader.isSpent && answer.length > 0 ? Buffer.from(answer) : null;
}

/**
 * The names, as DER, of the authorities whose client certificates the server accepts; empty if it accepts any. Null for
 * a request that cannot be read (RFC 8446, 4.3.2; RFC 5246, 7.4.4; before TLS 1.2 without signatures).
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

/** A copy: the bytes that it is read from are valid only until the next record. */
const ownBytes = (bytes: Buffer | undefined): Buffer | null => (bytes ? Buffer.from(bytes) : null);

/** The group of a key exchange on a named curve; null for any other exchange. */
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

/** Reads the fields of a TLS message. Once it has read past the end, it stays `isShort`. */
class WireReader {
  readonly #bytes: Buffer;
  #at = 0;
  #isShort = false;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Every field was there, and nothing is left. */
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

/**
 * What our hello offers, in the order of preference, with names. The handshake is never completed: offering obsolete
 * algorithms endangers nothing, and finds the servers that have no better ones.
 */

/** Cipher suites by their IANA names. */
export const SUITES: ReadonlyMap<number, string> = new Map([
  [0x1301, "TLS_AES_128_GCM_SHA256"],
  [0x1302, "TLS_AES_256_GCM_SHA384"],
  [0x1303, "TLS_CHACHA20_POLY1305_SHA256"],
  [0xc02b, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"],
  [0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"],
  [0xc02c, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"],
  [0xc030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"],
  [0xcca9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"],
  [0xcca8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"],
  [0x009e, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"],
  [0x009f, "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384"],
  [0xccaa, "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256"],
  [0xc0ac, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM"],
  [0xc0ad, "TLS_ECDHE_ECDSA_WITH_AES_256_CCM"],
  [0xc023, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256"],
  [0xc027, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256"],
  [0xc024, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384"],
  [0xc028, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384"],
  [0xc009, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"],
  [0xc013, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"],
  [0xc00a, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA"],
  [0xc014, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"],
  [0x0067, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256"],
  [0x006b, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256"],
  [0x0033, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA"],
  [0x0039, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA"],
  [0x00a2, "TLS_DHE_DSS_WITH_AES_128_GCM_SHA256"],
  [0x00a3, "TLS_DHE_DSS_WITH_AES_256_GCM_SHA384"],
  [0x0040, "TLS_DHE_DSS_WITH_AES_128_CBC_SHA256"],
  [0x0032, "TLS_DHE_DSS_WITH_AES_128_CBC_SHA"],
  [0x0038, "TLS_DHE_DSS_WITH_AES_256_CBC_SHA"],
  [0x009c, "TLS_RSA_WITH_AES_128_GCM_SHA256"],
  [0x009d, "TLS_RSA_WITH_AES_256_GCM_SHA384"],
  [0x003c, "TLS_RSA_WITH_AES_128_CBC_SHA256"],
  [0x003d, "TLS_RSA_WITH_AES_256_CBC_SHA256"],
  [0x002f, "TLS_RSA_WITH_AES_128_CBC_SHA"],
  [0x0035, "TLS_RSA_WITH_AES_256_CBC_SHA"],
  [0xc012, "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA"],
  [0x0016, "TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA"],
  [0x000a, "TLS_RSA_WITH_3DES_EDE_CBC_SHA"],
  [0x0005, "TLS_RSA_WITH_RC4_128_SHA"],
  [0x0004, "TLS_RSA_WITH_RC4_128_MD5"],
]);

/** Groups. We send a share of X25519 alone, so post-quantum ones would only cause a retry. */
export const X25519 = 0x001d;
export const OFFERED_GROUPS = [
  X25519,
  0x0017,
  0x0018,
  0x0019,
  0x001e,
  0x001a,
  0x001b,
  0x001c,
  0x0016,
  0x0015,
  0x0013,
  0x0100,
  0x0101,
];
const GROUPS: ReadonlyMap<number, string> = new Map([
  [0x0013, "secp192r1"],
  [0x0015, "secp224r1"],
  [0x0016, "secp256k1"],
  [0x0017, "P-256"],
  [0x0018, "P-384"],
  [0x0019, "P-521"],
  [0x001a, "brainpoolP256r1"],
  [0x001b, "brainpoolP384r1"],
  [0x001c, "brainpoolP512r1"],
  [X25519, "X25519"],
  [0x001e, "X448"],
  [0x0100, "ffdhe2048"],
  [0x0101, "ffdhe3072"],
  [0x0200, "MLKEM512"],
  [0x0201, "MLKEM768"],
  [0x0202, "MLKEM1024"],
  [0x11eb, "SecP256r1MLKEM768"],
  [0x11ec, "X25519MLKEM768"],
  [0x11ed, "SecP384r1MLKEM1024"],
]);

/** ECDSA, EdDSA, RSA-PSS, RSA, ML-DSA, ECDSA on brainpool, DSA, and SHA-1 last. */
export const SIGNATURES = [
  0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0804, 0x0805, 0x0806, 0x0809, 0x080a, 0x080b, 0x0401, 0x0501,
  0x0601, 0x0904, 0x0905, 0x0906, 0x081a, 0x081b, 0x081c, 0x0402, 0x0301, 0x0303, 0x0203, 0x0201, 0x0202,
];

/** The signatures of one kind of key alone (RFC 8446, 4.2.3). */
export const SIGNATURES_OF: Record<ServerKeyKind, readonly number[]> = {
  EC: [0x0403, 0x0503, 0x0603, 0x081a, 0x081b, 0x081c, 0x0303, 0x0203],
  RSA: [0x0804, 0x0805, 0x0806, 0x0809, 0x080a, 0x080b, 0x0401, 0x0501, 0x0601, 0x0301, 0x0201],
  Ed25519: [0x0807],
  Ed448: [0x0808],
};

/** Before TLS 1.3 the suite fixes the kind, too: those of ECDSA cover Ed25519 and Ed448 (RFC 8422, 2.2). */
export const isSuiteOf = (kind: ServerKeyKind, name: string): boolean =>
  !name.includes("_WITH_") || name.includes(kind === "RSA" ? "_RSA_" : "_ECDSA_");

export const TLS_1_3 = 0x0304;
export const SSL_3_0 = 0x0300;
const VERSIONS: ReadonlyMap<number, string> = new Map([
  [0x0304, "TLS 1.3"],
  [0x0303, "TLS 1.2"],
  [0x0302, "TLS 1.1"],
  [0x0301, "TLS 1.0"],
  [0x0300, "SSL 3.0"],
]);
export const OFFERED_VERSIONS = [TLS_1_3, 0x0303, 0x0302, 0x0301];

/** What is probed one by one on request. Hybrid groups and pure ML-KEM come first (RFC 10024). */
export const PROBED_VERSIONS = [...OFFERED_VERSIONS, SSL_3_0];
export const PROBED_GROUPS = [0x11ec, 0x11eb, 0x11ed, 0x0201, 0x0202, X25519, 0x0017, 0x0018, 0x0019];

const ALERTS: ReadonlyMap<number, string> = new Map([
  [0, "close_notify"],
  [10, "unexpected_message"],
  [20, "bad_record_mac"],
  [21, "decryption_failed"],
  [22, "record_overflow"],
  [40, "handshake_failure"],
  [42, "bad_certificate"],
  [43, "unsupported_certificate"],
  [46, "certificate_unknown"],
  [47, "illegal_parameter"],
  [48, "unknown_ca"],
  [49, "access_denied"],
  [50, "decode_error"],
  [51, "decrypt_error"],
  [70, "protocol_version"],
  [71, "insufficient_security"],
  [80, "internal_error"],
  [86, "inappropriate_fallback"],
  [90, "user_canceled"],
  [109, "missing_extension"],
  [110, "unsupported_extension"],
  [112, "unrecognized_name"],
  [113, "bad_certificate_status_response"],
  [115, "unknown_psk_identity"],
  [116, "certificate_required"],
  [120, "no_application_protocol"],
]);

const hex = (code: number): string => `0x${code.toString(16).padStart(4, "0")}`;

export const formatVersion = (code: number): string => VERSIONS.get(code) ?? hex(code);
export const formatSuite = (code: number): string => SUITES.get(code) ?? hex(code);
export const formatGroup = (code: number): string => GROUPS.get(code) ?? hex(code);
export const formatAlert = (code: number): string => ALERTS.get(code) ?? `number ${code}`;
