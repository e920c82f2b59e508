const NONE = Buffer.alloc(0);

/** Bytes that come in pieces of any size and are taken from the front; each is copied a few times at most. */
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

  /** The first `size` bytes as a view that holds until the next call; null if there are not so many. */
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

/** `header` and `body` are views that hold until the next call. */
type TlsRecord = { type: number; header: Buffer; body: Buffer };

export const RECORD = { changeCipherSpec: 20, alert: 21, handshake: 22, applicationData: 23 } as const;

const RECORD_HEADER_SIZE = 5;

/** The most that any version allows: 16 KiB and what compression and encryption may add. */
const MOST_BODY = 16_384 + 2_048;

/** Cuts a stream into records. */
export class RecordLayer {
  readonly #bytes = new GrowingBytes();

  append(piece: Uint8Array): void {
    this.#bytes.append(piece);
  }

  /** What was heard so far that is no record yet. */
  get rest(): Buffer {
    return this.#bytes.peek(this.#bytes.length) ?? Buffer.alloc(0);
  }

  /** The next record; null while it is not whole; "none" where what comes is no record of TLS. */
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

/** `whole` and `body` are views that hold until the next call. */
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

/** Joins what records carry into handshake messages, however they were cut. */
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

  /** The next message; null while it is not whole; "flooded" where it says to be longer than any may be. */
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
