import { GrowingBytes } from "./growing-bytes.ts";

/** `header` and `body` are views that hold until the next call. */
export type TlsRecord = { type: number; header: Buffer; body: Buffer };

export const RECORD = { changeCipherSpec: 20, alert: 21, handshake: 22, applicationData: 23 } as const;

const HEADER_SIZE = 5;

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
    const header = this.#bytes.peek(Math.min(this.#bytes.length, HEADER_SIZE)) ?? Buffer.alloc(0);
    const [type, major] = header;
    if (type === undefined) return null;
    if (type < RECORD.changeCipherSpec || type > RECORD.applicationData) return "none";
    if (major !== undefined && major !== 3) return "none";
    if (header.length < HEADER_SIZE) return null;
    const size = header.readUInt16BE(3);
    if (size > MOST_BODY) return "none";
    const whole = this.#bytes.peek(HEADER_SIZE + size);
    if (!whole) return null;
    this.#bytes.drop(HEADER_SIZE + size);
    return { type, header: whole.subarray(0, HEADER_SIZE), body: whole.subarray(HEADER_SIZE) };
  }
}
