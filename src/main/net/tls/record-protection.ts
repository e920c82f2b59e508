import {
  createDecipheriv,
  createPublicKey,
  createSecretKey,
  diffieHellman,
  generateKeyPairSync,
  hash,
  type KeyObject,
} from "node:crypto";
import { framePem } from "#codec/pem.ts";

/**
 * TLS 1.3's keys up to the server's handshake traffic (RFC 8446, 7.1), and its records. HMAC is two one-shot hashes and
 * keys are KeyObjects: on Node 24 anything else costs five times as much. Buffers that are overwritten completely are
 * not zeroed first: zeroing costs Node more than the computation.
 */

type Suite = {
  hash: "sha256" | "sha384";
  cipher: "aes-128-gcm" | "aes-256-gcm" | "chacha20-poly1305";
  keySize: number;
};

const SUITES: ReadonlyMap<number, Suite> = new Map<number, Suite>([
  [0x1301, { hash: "sha256", cipher: "aes-128-gcm", keySize: 16 }],
  [0x1302, { hash: "sha384", cipher: "aes-256-gcm", keySize: 32 }],
  [0x1303, { hash: "sha256", cipher: "chacha20-poly1305", keySize: 32 }],
]);

const HASHES = {
  sha256: { size: 32, block: 64 },
  sha384: { size: 48, block: 128 },
} as const;

const TAG_SIZE = 16;

/** A SubjectPublicKeyInfo before the 32 bytes of an X25519 key: its Base64 needs no padding. */
const X25519_SPKI = Buffer.from("302a300506032b656e032100", "hex").toString("base64");

type KeyShare = { publicKey: Buffer; privateKey: KeyObject };

/** An ephemeral key. It protects nothing of ours, so that one may be used for many servers. */
export function createKeyShare(): KeyShare {
  const { publicKey, privateKey } = generateKeyPairSync("x25519");
  return { publicKey: publicKey.export({ type: "spki", format: "der" }).subarray(-32), privateKey };
}

/** The secret of the server's handshake traffic; null for a suite or a share that we did not offer. */
export function deriveServerSecret(
  { privateKey }: KeyShare,
  { suite, key }: { suite: number; key: Buffer },
  transcript: readonly Buffer[],
): Buffer | null {
  const algorithm = SUITES.get(suite)?.hash;
  if (!algorithm || key.length !== 32) return null;
  const shared = agree(privateKey, key);
  if (!shared) return null;
  const secret = hmac(algorithm, derivedSecret(algorithm), shared);
  const context = hash(algorithm, Buffer.concat(transcript), "buffer");
  return expandLabel(algorithm, secret, { label: "s hs traffic", context, size: HASHES[algorithm].size });
}

/**
 * Null if the other side's key makes every secret zero. The key is passed as PEM: for anything but a string, Node 24
 * throws and catches four errors internally first, which costs as much as the agreement.
 */
function agree(privateKey: KeyObject, key: Buffer): Buffer | null {
  try {
    const publicKey = createPublicKey(framePem("PUBLIC KEY", `${X25519_SPKI}${key.toString("base64")}`));
    return diffieHellman({ privateKey, publicKey });
  } catch {
    return null;
  }
}

/** Decrypts the records of the server's handshake in their order; null for a suite that is not of TLS 1.3. */
export function createOpener(
  suite: number,
  secret: Buffer,
): ((header: Buffer, sealed: Buffer) => Buffer | null) | null {
  const found = SUITES.get(suite);
  if (!found) return null;
  const key = createSecretKey(
    expandLabel(found.hash, secret, { label: "key", context: Buffer.alloc(0), size: found.keySize }),
  );
  const iv = expandLabel(found.hash, secret, { label: "iv", context: Buffer.alloc(0), size: 12 });
  let sequence = 0;
  return (header, sealed) => {
    const nonce = Buffer.from(iv);
    nonce.writeUInt32BE((nonce.readUInt32BE(8) ^ sequence++) >>> 0, 8);
    return open({ cipher: found.cipher, key, nonce }, header, sealed);
  };
}

/** Null for a record that was not encrypted with this key. */
function open(
  { cipher, key, nonce }: { cipher: Suite["cipher"]; key: KeyObject; nonce: Buffer },
  header: Buffer,
  sealed: Buffer,
): Buffer | null {
  const size = sealed.length - TAG_SIZE;
  if (size < 1) return null;
  const options = { authTagLength: TAG_SIZE };
  try {
    // The same call for both; Node's types want the literal name of each cipher.
    const decipher =
      cipher === "chacha20-poly1305"
        ? createDecipheriv(cipher, key, nonce, options)
        : createDecipheriv(cipher, key, nonce, options);
    decipher.setAAD(header, { plaintextLength: size });
    decipher.setAuthTag(sealed.subarray(size));
    const content = decipher.update(sealed.subarray(0, size));
    decipher.final();
    return content;
  } catch {
    return null;
  }
}

const derived = new Map<Suite["hash"], Buffer>();

/** There is no pre-shared key, so the secret before the key agreement is the same for everybody. */
function derivedSecret(algorithm: Suite["hash"]): Buffer {
  const known = derived.get(algorithm);
  if (known) return known;
  const { size } = HASHES[algorithm];
  const early = hmac(algorithm, Buffer.alloc(size), Buffer.alloc(size));
  const context = hash(algorithm, Buffer.alloc(0), "buffer");
  const secret = expandLabel(algorithm, early, { label: "derived", context, size });
  derived.set(algorithm, secret);
  return secret;
}

/** HKDF-Expand-Label, for outputs up to one block of the hash. */
function expandLabel(
  algorithm: Suite["hash"],
  secret: Buffer,
  { label, context, size }: { label: string; context: Buffer; size: number },
): Buffer {
  const name = `tls13 ${label}`;
  const info = Buffer.allocUnsafe(4 + name.length + context.length + 1);
  info.set([0, size, name.length]);
  info.write(name, 3, "latin1");
  info[3 + name.length] = context.length;
  info.set(context, 4 + name.length);
  // The block counter: 1.
  info[info.length - 1] = 1;
  return hmac(algorithm, secret, info).subarray(0, size);
}

function hmac(algorithm: Suite["hash"], key: Buffer, message: Buffer): Buffer {
  const { block } = HASHES[algorithm];
  const inner = Buffer.allocUnsafe(block + message.length).fill(0x36, 0, block);
  const outer = Buffer.allocUnsafe(block + HASHES[algorithm].size).fill(0x5c, 0, block);
  for (let at = 0; at < key.length; at++) {
    inner[at] = (key[at] ?? 0) ^ 0x36;
    outer[at] = (key[at] ?? 0) ^ 0x5c;
  }
  inner.set(message, block);
  outer.set(hash(algorithm, inner, "buffer"), block);
  return hash(algorithm, outer, "buffer");
}

const NONE = Buffer.alloc(0);

/** Bytes that come in pieces of any size and are consumed from the front; each byte is copied a few times at most. */
class GrowingBytes {
  #buffer = NONE;
  #start = 0;
  #end = 0;

  get length(): number {
    return this.#end - this.#start;
  }

  append(piece: Uint8Array): void {
    if (this.#end + piece.length > this.#buffer.length) this.#grow(piece.length);
    this.#buffer.set(piece, this.#end);
    this.#end += piece.length;
  }

  /** The first `size` bytes, as a view that is valid until the next call; null if there are fewer. */
  peek(size: number): Buffer | null {
    return this.length < size ? null : this.#buffer.subarray(this.#start, this.#start + size);
  }

  drop(size: number): void {
    this.#start += size;
  }

  #grow(more: number): void {
    const held = this.#buffer.subarray(this.#start, this.#end);
    const grown = Buffer.allocUnsafe(Math.max(2_048, 2 * (held.length + more)));
    grown.set(held);
    this.#buffer = grown;
    this.#end = held.length;
    this.#start = 0;
  }
}

/** `header` and `body` are views that are valid until the next call. */
type TlsRecord = { type: number; header: Buffer; body: Buffer };

export const RECORD = { changeCipherSpec: 20, alert: 21, handshake: 22, applicationData: 23 } as const;

const RECORD_HEADER_SIZE = 5;

/** The most that any version allows: 16 KiB, and what compression and encryption may add. */
const MOST_BODY = 16_384 + 2_048;

/** Cuts a stream into records. */
export class RecordLayer {
  readonly #bytes = new GrowingBytes();

  append(piece: Uint8Array): void {
    this.#bytes.append(piece);
  }

  /** The bytes so far that are no whole record yet. */
  get rest(): Buffer {
    return this.#bytes.peek(this.#bytes.length) ?? Buffer.alloc(0);
  }

  /** The next record; null while it is incomplete; "none" if the bytes are no TLS record. */
  next(): TlsRecord | null | "none" {
    const header = this.#bytes.peek(Math.min(this.#bytes.length, RECORD_HEADER_SIZE)) ?? Buffer.alloc(0);
    const [type, major] = header;
    if (type === undefined) return null;
    if (type < RECORD.changeCipherSpec || type > RECORD.applicationData) return "none";
    if (major !== undefined && major !== 3) return "none";
    if (header.length < RECORD_HEADER_SIZE) return null;
    const size = header.readUInt16BE(3);
    if (size > MOST_BODY) return "none";
    const whole = this.#bytes.peek(RECORD_HEADER_SIZE + size);
    if (!whole) return null;
    this.#bytes.drop(RECORD_HEADER_SIZE + size);
    return { type, header: whole.subarray(0, RECORD_HEADER_SIZE), body: whole.subarray(RECORD_HEADER_SIZE) };
  }
}

/** `whole` and `body` are views that are valid until the next call. */
export type HandshakeMessage = { type: number; whole: Buffer; body: Buffer };

export const MESSAGE = {
  helloRequest: 0,
  serverHello: 2,
  newSessionTicket: 4,
  encryptedExtensions: 8,
  certificate: 11,
  serverKeyExchange: 12,
  certificateRequest: 13,
  serverHelloDone: 14,
  certificateVerify: 15,
  certificateStatus: 22,
} as const;

const MESSAGE_HEADER_SIZE = 4;

/** Joins the contents of records into handshake messages, however they were cut. */
export class HandshakeLayer {
  readonly #bytes = new GrowingBytes();
  readonly #mostBytes: number;

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  get isEmpty(): boolean {
    return this.#bytes.length === 0;
  }

  append(piece: Uint8Array): void {
    this.#bytes.append(piece);
  }

  /** The next message; null while it is incomplete; "flooded" if it announces more than any may have. */
  next(): HandshakeMessage | null | "flooded" {
    const header = this.#bytes.peek(MESSAGE_HEADER_SIZE);
    if (!header) return null;
    const size = header.readUIntBE(1, 3);
    if (size > this.#mostBytes) return "flooded";
    const whole = this.#bytes.peek(MESSAGE_HEADER_SIZE + size);
    if (!whole) return null;
    this.#bytes.drop(MESSAGE_HEADER_SIZE + size);
    return { type: whole[0] ?? 0, whole, body: whole.subarray(MESSAGE_HEADER_SIZE) };
  }
}
