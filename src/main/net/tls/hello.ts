import { getCiphers, randomBytes } from "node:crypto";
import type { ServerKeyKind } from "#shared/model/certificates/served.ts";
import {
  isSuiteOf,
  OFFERED_GROUPS,
  OFFERED_VERSIONS,
  PROBED_GROUPS,
  SIGNATURES,
  SIGNATURES_OF,
  SSL_3_0,
  SUITES,
  TLS_1_3,
  X25519,
} from "./messages.ts";

/** A hello: the record to send, and the handshake message in it for the transcript. */
export type Hello = { record: Buffer; message: Buffer };

type Bytes = Uint8Array | readonly number[];

const RENEGOTIATION_SCSV = 0x00ff;

/** The parts of a hello that are the same for every server. */
const CLIENT_HELLO = Buffer.from([1]);
const CIPHER_SUITES = writeSuites(() => true);
const COMPRESSION = Buffer.from([1, 0]);
const GROUPS = writeGroups(OFFERED_GROUPS);
const EVERY_GROUP = writeGroups([...new Set([...OFFERED_GROUPS, ...PROBED_GROUPS])]);
const COMMON_EXTENSIONS = writeCommon(SIGNATURES);
const VERSIONS = writeVersions(OFFERED_VERSIONS);
const MODERN = writeVersions([TLS_1_3]);
const ALL_EXTENSIONS = Buffer.concat([GROUPS, COMMON_EXTENSIONS, VERSIONS]);
/** Suites and signatures of one kind of key alone. */
const OF_KIND: Record<ServerKeyKind, ReturnType<typeof writeKind>> = {
  EC: writeKind("EC"),
  RSA: writeKind("RSA"),
  Ed25519: writeKind("Ed25519"),
  Ed448: writeKind("Ed448"),
};

/**
 * A hello for TLS 1.3 and everything older, with one share: an X25519 public key of 32 bytes. `protocols`: offered by
 * ALPN (RFC 7301). If empty, the extension is left out, because some servers refuse protocols that they do not speak.
 */
export const writeHello = (
  serverName: string | null,
  share: Uint8Array,
  protocols: readonly string[],
): Hello =>
  assemble(0x0303, [
    ...(serverName === null ? [] : [writeServerName(serverName)]),
    withProtocols(protocols),
    writeShares(share),
  ]);

/** The same, for a server's key of one kind, whatever other keys it has. */
export const writeKindHello = (
  kind: ServerKeyKind,
  {
    serverName,
    share,
    protocols,
  }: { serverName: string | null; share: Uint8Array; protocols: readonly string[] },
): Hello =>
  assemble(
    0x0303,
    [
      ...(serverName === null ? [] : [writeServerName(serverName)]),
      OF_KIND[kind].extensions,
      writeProtocols(protocols),
      writeShares(share),
    ],
    OF_KIND[kind].suites,
  );

/**
 * A hello for one version alone. For TLS 1.3 it offers every group: a server that accepts hybrid groups alone asks for
 * another hello, which shows the version, too. SSL 3.0 knows no extensions.
 */
export function writeVersionHello(serverName: string | null, version: number, share: Uint8Array): Hello {
  const name = writeServerName(serverName);
  if (version === TLS_1_3)
    return assemble(0x0303, [name, EVERY_GROUP, COMMON_EXTENSIONS, MODERN, writeShares(share)]);
  return assemble(version, version === SSL_3_0 ? null : [name, GROUPS, COMMON_EXTENSIONS]);
}

/**
 * A hello for TLS 1.3 and one group, without a share of it: a server that has the group asks for one. So the probe
 * needs none of that group's mathematics (RFC 8446, 4.2.8).
 */
export const writeGroupHello = (serverName: string | null, group: number): Hello =>
  assemble(0x0303, [
    writeServerName(serverName),
    writeGroups([group]),
    COMMON_EXTENSIONS,
    MODERN,
    extension(51, lengthed(2)),
  ]);

function assemble(version: number, extensions: readonly Buffer[] | null, suites = CIPHER_SUITES): Hello {
  const random = takeRandom();
  const body = lengthed(
    3,
    [version >>> 8, version & 255],
    random.subarray(0, 32),
    // Because of a session identifier, middleboxes take TLS 1.3 for the resumption of an older session.
    lengthed(1, random.subarray(32)),
    suites,
    COMPRESSION,
    ...(extensions ? [lengthed(2, ...extensions)] : []),
  );
  const message = Buffer.concat([CLIENT_HELLO, body]);
  // The record layer says 1.0 for every newer version: old servers accept only that.
  const record = Buffer.from([22, 3, version === SSL_3_0 ? 0 : 1]);
  return { record: Buffer.concat([record, lengthed(2, message)]), message };
}

const RANDOM_SIZE = 64;

/** Random bytes for many hellos: one call of randomBytes costs as much as writing a hello. */
let randomBytesLeft = Buffer.alloc(0);

function takeRandom(): Buffer {
  if (randomBytesLeft.length === 0) randomBytesLeft = randomBytes(64 * RANDOM_SIZE);
  const random = randomBytesLeft.subarray(0, RANDOM_SIZE);
  randomBytesLeft = randomBytesLeft.subarray(RANDOM_SIZE);
  return random;
}

/** Electron's crypto has no ChaCha20 to read the third suite of TLS 1.3; older versions are read in plain text. */
function canBeRead(suite: number): boolean {
  const CHACHA20 = 0x1303;
  return suite !== CHACHA20 || getCiphers().includes("chacha20-poly1305");
}

/** What thousands of hellos share is written once for each list of protocols, and for each share. */
const offering = new WeakMap<readonly string[], Buffer>();
const sharing = new WeakMap<Uint8Array, Buffer>();

function withProtocols(protocols: readonly string[]): Buffer {
  const known = offering.get(protocols);
  if (known) return known;
  const written = Buffer.concat([ALL_EXTENSIONS, writeProtocols(protocols)]);
  offering.set(protocols, written);
  return written;
}

function writeShares(share: Uint8Array): Buffer {
  const known = sharing.get(share);
  if (known) return known;
  const written = extension(51, lengthed(2, Buffer.concat([numbers([X25519]), lengthed(2, share)])));
  sharing.set(share, written);
  return written;
}

function writeSuites(isOffered: (name: string) => boolean): Buffer {
  const offered = [...SUITES].flatMap(([suite, name]) =>
    canBeRead(suite) && isOffered(name) ? [suite] : [],
  );
  return lengthed(2, numbers([...offered, RENEGOTIATION_SCSV]));
}

function writeCommon(signatures: readonly number[]): Buffer {
  return Buffer.concat([
    extension(11, lengthed(1, [0])),
    extension(13, lengthed(2, numbers(signatures))),
    // OCSP by status_request, then certificate timestamps, then the extended master secret.
    extension(5, [1, 0, 0, 0, 0]),
    extension(18, []),
    extension(23, []),
  ]);
}

function writeKind(kind: ServerKeyKind) {
  return {
    suites: writeSuites((name) => isSuiteOf(kind, name)),
    extensions: Buffer.concat([GROUPS, writeCommon(SIGNATURES_OF[kind]), VERSIONS]),
  };
}

function writeProtocols(protocols: readonly string[]): Buffer {
  if (protocols.length === 0) return Buffer.alloc(0);
  return extension(16, lengthed(2, ...protocols.map((name) => lengthed(1, Buffer.from(name)))));
}

function writeServerName(serverName: string | null): Buffer {
  if (serverName === null) return Buffer.alloc(0);
  return extension(
    0,
    lengthed(2, Buffer.concat([Buffer.from([0]), lengthed(2, Buffer.from(serverName, "latin1"))])),
  );
}

function writeGroups(groups: readonly number[]): Buffer {
  return extension(10, lengthed(2, numbers(groups)));
}

function writeVersions(versions: readonly number[]): Buffer {
  return Buffer.concat([extension(43, lengthed(1, numbers(versions))), extension(45, lengthed(1, [1]))]);
}

function extension(type: number, content: Bytes): Buffer {
  return Buffer.concat([numbers([type]), lengthed(2, content)]);
}

/** The parts after their length, which takes `width` bytes. */
function lengthed(width: number, ...parts: readonly Bytes[]): Buffer {
  const size = parts.reduce((sum, { length }) => sum + length, 0);
  // Every byte is written below: zeroing the memory first would cost more than that.
  const bytes = Buffer.allocUnsafe(width + size);
  bytes.writeUIntBE(size, 0, width);
  let at = width;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function numbers(values: readonly number[]): Buffer {
  return Buffer.from(values.flatMap((value) => [value >>> 8, value & 255]));
}
