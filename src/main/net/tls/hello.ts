import { getCiphers, randomBytes } from "node:crypto";
import { OFFERED_GROUPS, OFFERED_VERSIONS, SIGNATURES, SUITES, X25519 } from "./offers.ts";

/** A hello: the record to send, and the handshake message in it for the transcript. */
export type Hello = { record: Buffer; message: Buffer };

type Bytes = Uint8Array | readonly number[];

const RENEGOTIATION_SCSV = 0x00ff;

/** What of a hello is the same for every server. */
const RECORD = Buffer.from([22, 3, 1]);
const CLIENT_HELLO = Buffer.from([1]);
const VERSION = numbers([0x0303]);
const CIPHER_SUITES = lengthed(2, numbers([...[...SUITES.keys()].filter(canBeRead), RENEGOTIATION_SCSV]));
const COMPRESSION = Buffer.from([1, 0]);
const COMMON_EXTENSIONS = Buffer.concat([
  extension(11, lengthed(1, [0])),
  extension(10, lengthed(2, numbers(OFFERED_GROUPS))),
  extension(13, lengthed(2, numbers(SIGNATURES))),
  extension(16, lengthed(2, ...["h2", "http/1.1"].map((name) => lengthed(1, Buffer.from(name))))),
  // OCSP by status_request, then certificate timestamps, then the extended master secret.
  extension(5, [1, 0, 0, 0, 0]),
  extension(18, []),
  extension(23, []),
  extension(43, lengthed(1, numbers(OFFERED_VERSIONS))),
  extension(45, lengthed(1, [1])),
]);

/** A hello for TLS 1.3 and all below it, with one share: an X25519 public key of 32 bytes. */
export function writeHello(serverName: string | null, share: Uint8Array): Hello {
  const random = randomBytes(64);
  const body = lengthed(
    3,
    VERSION,
    random.subarray(0, 32),
    // A session identifier makes middleboxes take TLS 1.3 for an old session that is resumed.
    lengthed(1, random.subarray(32)),
    CIPHER_SUITES,
    COMPRESSION,
    lengthed(2, writeServerName(serverName), COMMON_EXTENSIONS, writeShare(share)),
  );
  const message = Buffer.concat([CLIENT_HELLO, body]);
  return { record: Buffer.concat([RECORD, lengthed(2, message)]), message };
}

/** Electron's crypto lacks the cipher that TLS 1.3's third suite is read with; the older ones are read in plain text. */
function canBeRead(suite: number): boolean {
  const CHACHA20 = 0x1303;
  return suite !== CHACHA20 || getCiphers().includes("chacha20-poly1305");
}

function writeServerName(serverName: string | null): Buffer {
  if (serverName === null) return Buffer.alloc(0);
  return extension(
    0,
    lengthed(2, Buffer.concat([Buffer.from([0]), lengthed(2, Buffer.from(serverName, "latin1"))])),
  );
}

const writeShare = (share: Uint8Array): Buffer =>
  extension(51, lengthed(2, Buffer.concat([numbers([X25519]), lengthed(2, share)])));

function extension(type: number, content: Bytes): Buffer {
  return Buffer.concat([numbers([type]), lengthed(2, content)]);
}

/** The parts after their length, which takes `width` bytes. */
function lengthed(width: number, ...parts: readonly Bytes[]): Buffer {
  const size = parts.reduce((sum, { length }) => sum + length, 0);
  const bytes = Buffer.alloc(width + size);
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
